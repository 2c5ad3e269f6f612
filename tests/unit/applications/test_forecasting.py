"""What a dossier still has before it, and by when at the latest."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications.policy import Stage, policies, policy_on
from apps.applications.policy.forecasting import Usual, forecast, with_likely_days

MONDAY = date(2026, 3, 2)
FULL = policy_on(MONDAY).path("full_authorisation")
PATHS = [path for policy in policies() for path in policy.paths]


def test_what_runs_ends_with_its_delay_and_the_rest_follows() -> None:
    found = forecast(FULL, {Stage.COMPLETENESS}, Stage.COMMITTEE, MONDAY, date(2026, 3, 16))
    by_stage = {one.stage: one for one in found}
    assert by_stage[Stage.COMPLETENESS].is_done
    assert by_stage[Stage.COMMITTEE].is_present
    assert by_stage[Stage.COMMITTEE].latest == date(2026, 3, 16)
    assert by_stage[Stage.CHOICE].latest is None  # no rule sets its day
    assert by_stage[Stage.CNIL].latest == date(2026, 5, 18)  # two months later is a Saturday


def test_a_delay_that_has_lapsed_is_due_today() -> None:
    found = forecast(FULL, {Stage.COMPLETENESS}, Stage.COMMITTEE, MONDAY, date(2026, 2, 2))
    assert next(one.latest for one in found if one.is_present) == MONDAY


@given(
    st.sampled_from(PATHS), st.frozensets(st.sampled_from(list(Stage))), st.dates(date(2024, 1, 1), date(2035, 1, 1))
)
def test_every_stage_is_told_once_in_order_and_never_earlier_than_the_one_before(
    path: Any, done: frozenset[Stage], today: date
) -> None:
    found = forecast(path, done, None, today, None)
    assert [one.stage for one in found] == list(path.stages)
    days = [one.latest for one in found if one.latest]
    assert days == sorted(days)
    assert all(one.is_done == (one.stage in done) for one in found)
    assert all(day >= today for day in days)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.key)
def test_a_delay_comes_with_its_source(path: Any) -> None:
    for one in forecast(path, (), path.stages[0], MONDAY, None):
        assert (one.latest is None) == (one.legal is None)


USUAL = {Stage.COMMITTEE: Usual(20, 7), Stage.CHOICE: Usual(5, 6), Stage.CNIL: Usual(40, 5)}


def test_a_likely_day_follows_from_what_was_usual_until_a_stage_of_which_too_little_was_seen() -> None:
    found = forecast(FULL, {Stage.COMPLETENESS}, Stage.COMMITTEE, MONDAY, date(2026, 3, 16))
    likely = {one.stage: one for one in with_likely_days(found, USUAL, MONDAY, date(2026, 2, 23))}
    assert likely[Stage.COMPLETENESS].likely is None, "it is done"
    assert (likely[Stage.COMMITTEE].likely, likely[Stage.COMMITTEE].cases) == (date(2026, 3, 15), 7)
    assert likely[Stage.CHOICE].likely == date(2026, 3, 20)
    assert likely[Stage.CNIL].likely == date(2026, 4, 29)
    assert likely[Stage.DECISION].likely is None
    assert likely[Stage.AGREEMENT].likely is None


def test_what_takes_longer_than_usual_is_expected_today_and_nothing_is_told_without_cases() -> None:
    found = forecast(FULL, {Stage.COMPLETENESS}, Stage.COMMITTEE, MONDAY, date(2026, 3, 16))
    late = with_likely_days(found, USUAL, MONDAY, date(2025, 12, 1))
    assert next(one.likely for one in late if one.is_present) == MONDAY
    assert with_likely_days(found, {}, MONDAY, None) == found
