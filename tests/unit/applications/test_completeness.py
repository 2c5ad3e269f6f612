"""What a complete dossier holds."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import field_rules, rules
from apps.applications.form_spec import PROCEDURE, Kind
from apps.applications.pages import specification
from apps.applications.rules import Missing, missing

COMPLETE: dict[str, dict[str, Any]] = {
    "title": {"title": "Diabète et reins", "acronym": ""},
    "summary": {"summary_fr": "Nous étudions…", "summary_en": ""},
    "purpose": {
        "purpose_kind": "research",
        "objectives": "Décrire.",
        "public_interest": "Mieux soigner.",
        "benefits": "De meilleurs soins.",
        "funded": "no",
        "no_forbidden_purpose": "yes",
    },
    "team": {"processing_by": "own"},
    "population": {"population": {"sex": "female"}},
    "variables": {"scope": {"IR_BEN_R": ["BEN_SEX_COD"]}},
    "linkage": {"linked": "no"},
    "protection": {
        "legal_basis": "public_task",
        "recipients": "L'équipe.",
        "transfers": "no",
        "retention_years": "3",
        "rights_contact": "dpo@exemple.fr",
    },
    "period": {
        "data_from": "2020-01-01",
        "data_to": "2022-12-31",
        "access_from": "2026-01-01",
        "access_to": "2028-12-31",
    },
    "attachments": {"protocol": ["an id"]},
}


def changed(page: str, **values: Any) -> dict[str, dict[str, Any]]:
    """The complete dossier with some fields of one page changed."""
    return {**COMPLETE, page: {**COMPLETE[page], **values}}


def test_a_complete_dossier_lacks_nothing() -> None:
    assert missing(COMPLETE) == ()


def test_an_empty_dossier_lacks_all_that_is_required_and_asked_for() -> None:
    """Given nothing at all, every unconditional required field is missing, in the order of the form."""
    required = [
        (page.key, field.name)
        for page in specification().pages
        for field in page.fields
        if field.is_required({}) and field.when is None
    ]
    assert [(found.page, found.field) for found in missing({})] == required
    assert {found.code for found in missing({})} == {"required"}


@pytest.mark.parametrize(
    ("page", "values", "field", "code"),
    [
        ("title", {"title": ""}, "title", "required"),
        ("title", {"title": "x" * 201}, "title", "too_long"),
        ("title", {"acronym": "x" * 31}, "acronym", "too_long"),
        ("purpose", {"purpose_kind": "advertising"}, "purpose_kind", "not_a_choice"),
        ("purpose", {"no_forbidden_purpose": "no"}, "no_forbidden_purpose", "required"),
        ("period", {"data_from": "2026-13-45"}, "data_from", "not_a_date"),
        ("period", {"data_from": "2005-12-31"}, "data_from", "too_early"),
        ("period", {"data_to": "2019-12-31"}, "data_to", "before_start"),
        ("period", {"data_to": "2040-01-01"}, "data_to", "too_long_a_period"),
        ("period", {"access_to": "2036-01-01"}, "access_to", "too_long_a_period"),
        ("attachments", {"protocol": []}, "protocol", "required"),
        ("population", {"population": {}}, "population", "required"),
        ("variables", {"scope": {}}, "scope", "required"),
    ],
)
def test_each_fault_is_named(page: str, values: dict[str, Any], field: str, code: str) -> None:
    assert Missing(page, field, code) in missing(changed(page, **values))


def test_the_last_day_of_the_longest_period_is_accepted() -> None:
    assert missing(changed("period", access_to="2035-12-31")) == ()


def test_an_end_without_a_readable_start_is_only_one_fault() -> None:
    assert missing(changed("period", data_from="")) == (Missing("period", "data_from", "required"),)


def test_a_field_that_is_not_asked_for_is_not_demanded() -> None:
    """Given "other" is not chosen, its explanation is not required, and even a wrong one is no fault."""
    assert missing(changed("purpose", purpose_other="x" * 500)) == ()
    asked = missing(changed("purpose", purpose_kind="other"))
    assert asked == (Missing("purpose", "purpose_other", "required"),)


def test_a_condition_reaches_across_pages() -> None:
    """Given another body runs the data work, its declaration becomes a required document."""
    found = missing(changed("team", processing_by="other", implementing_body="Labo"))
    assert found == (Missing("attachments", "implementing_declaration", "required"),)


def test_a_field_may_be_demanded_on_some_paths_only() -> None:
    without = changed("purpose", benefits="")
    assert missing(without) == ()
    demanded = missing({**without, PROCEDURE: {"path": "full_authorisation"}})
    assert demanded == (Missing("purpose", "benefits", "required"),)


FUNDER = {"name": "ANR", "nature": "public", "country": ""}


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([], [("funders", "required")]),
        ([{"name": "", "nature": "", "country": ""}], [("funders", "required")]),
        ([FUNDER], []),
        ([FUNDER, {**FUNDER, "nature": "magic"}], [("funders-1-nature", "not_a_choice")]),
        ([{"name": "", "nature": "", "country": ""}, {**FUNDER, "name": ""}], [("funders-1-name", "required")]),
        ([FUNDER] * 16, [("funders", "too_many_rows")]),
    ],
)
def test_each_line_of_a_group_is_judged(rows: list[dict[str, str]], faults: list[tuple[str, str]]) -> None:
    found = missing(changed("purpose", funded="yes", funders=rows))
    assert [(one.field, one.code) for one in found] == faults


@pytest.mark.parametrize(
    ("typed", "code"), [("0", "out_of_bounds"), ("21", "out_of_bounds"), ("³", "not_a_number"), ("20", ""), ("1", "")]
)
def test_numbers_have_bounds(typed: str, code: str) -> None:
    found = missing(changed("protection", retention_years=typed))
    assert [one.code for one in found] == ([code] if code else [])


@given(st.dates(), st.integers(min_value=0, max_value=12000))
def test_years_after_never_fails_and_never_goes_back(day: date, years: int) -> None:
    assert field_rules.years_after(day, years) >= day


def test_years_after_a_leap_day() -> None:
    assert field_rules.years_after(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert field_rules.years_after(date(2024, 2, 29), 4) == date(2028, 2, 29)


FIELDS = [(page.key, field) for page in specification().pages for field in page.fields]
TYPED = [pair for pair in FIELDS if pair[1].kind not in {Kind.POPULATION, Kind.SCOPE, Kind.DOCUMENT}]


@given(st.sampled_from(TYPED), st.text(max_size=5000))
def test_whatever_is_typed_is_judged_without_error(asked: tuple[str, Any], typed: str) -> None:
    _page, field = asked
    known = {
        "required",
        "too_long",
        "not_a_choice",
        "not_a_number",
        "out_of_bounds",
        "not_a_date",
        "too_early",
        "before_start",
        "too_long_a_period",
    }
    assert {code for _name, code in rules.field_problems(field, {field.name: typed}, {})} <= known


def test_words_in_both_languages() -> None:
    for page in specification().pages:
        assert page.title.in_language("fr") != page.title.in_language("en-gb") or page.key in {
            "population",
            "variables",
        }
        assert page.field(page.fields[0].name) is page.fields[0]
    with pytest.raises(KeyError):
        specification().page("nowhere")
    with pytest.raises(KeyError):
        specification().page("title").field("nothing")
