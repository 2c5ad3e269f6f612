"""What the manual of the definition language says is what every engine answers."""

from dataclasses import replace

import pytest

from apps.extracts.engine.manual import CASES, Case, _case, manual_page
from tests.spec.conftest import Ask


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_answer_of_the_manual_is_that_of_the_engines(ask: Ask, case: Case) -> None:
    found = ask(case.tables, case.population, filters=case.filters, design=case.design)
    assert found == set(case.answer.split())


def test_the_manual_shows_every_case_with_its_sentence_and_every_filter() -> None:
    page = manual_page()
    assert page.count("Answer: **") == len(CASES)
    assert page.count("> Included are the people who") == len(CASES)
    assert "`dcir_signed_quantities`" in page
    assert "Filters: none." in page


def test_a_case_that_cannot_be_read_shows_no_sentence() -> None:
    unread = replace(CASES[0], population={"nobody": {}})
    assert not any(line.startswith(">") for line in _case(unread))
    assert any(line.startswith(">") for line in _case(CASES[0]))
