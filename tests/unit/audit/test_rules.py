"""What auditors may do and take away."""

from datetime import timedelta

import pytest

from apps.audit.rules import ACTIONS, seal_is_late, spreadsheet_cell
from apps.core.rules import Role


def test_every_page_is_for_auditors_alone_and_changes_nothing() -> None:
    assert {action.roles for action in ACTIONS} == {frozenset({Role.AUDITOR})}
    assert {action.methods for action in ACTIONS} == {("GET",)}


@pytest.mark.parametrize("cell", ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_spreadsheet_computes_nothing(cell: str) -> None:
    assert spreadsheet_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "HDH-2026-0001", "2027-01-01", 'a"b;c'])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert spreadsheet_cell(cell) == cell


@pytest.mark.parametrize(("seconds", "late"), [(0, False), (60, False), (61, True)])
def test_a_seal_is_late_after_a_minute(seconds: int, late: bool) -> None:
    assert seal_is_late(timedelta(seconds=seconds)) is late


def test_no_seal_is_late_when_nothing_waits() -> None:
    assert not seal_is_late(None)
