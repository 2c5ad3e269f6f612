"""From pages to the definition that runs, and from what a browser sends to pages."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import canonical, composition
from apps.applications.pages import specification
from apps.applications.typing_in import clean, fields_typed, scope_typed
from apps.extracts.engine.nomenclature import builtin_nomenclature

CODES = builtin_nomenclature()
STAY = {
    "stay": {"diagnosis": ["E11"], "positions": ["principal"], "period": {"from": "2020-01-01", "to": "2021-12-31"}}
}


def contents(**pages: Any) -> dict[str, dict[str, Any]]:
    whole: dict[str, dict[str, Any]] = {
        "title": {"title": "Étude"},
        "population": {"population": STAY},
        "variables": {
            "scope": {"IR_BEN_R": ["BEN_SEX_COD"]},
            "justifications": {"IR_BEN_R": "Sexe."},
            "identifiers": {},
        },
        "period": {"data_from": "2020-01-01", "data_to": "2021-12-31"},
    }
    return {**whole, **pages}


def test_the_definition_is_what_the_pages_say() -> None:
    made = composition.definition(contents())
    assert made.title == "Étude"
    assert dict(made.scope.tables) == {"IR_BEN_R": ("BEN_SEX_COD",)}
    assert made.to_json()["population"] == {"stay": {**STAY["stay"], "at_least": 1}}


def test_sound_pages_raise_no_objection() -> None:
    assert composition.problems(contents(), CODES) == ()
    assert composition.last_problems(contents(), CODES) == ()


def test_empty_pages_are_left_to_the_rules_of_completeness() -> None:
    assert composition.problems({}, CODES) == ()


def test_an_unknown_code_is_an_objection_in_both_languages() -> None:
    wrong = {"stay": {**STAY["stay"], "diagnosis": ["Z999"]}}
    (found,) = composition.problems(contents(population={"population": wrong}), CODES)
    assert (found.page, found.field) == ("population", "population")
    assert found.text is not None
    assert "Z999" in found.text.fr
    assert "Z999" in found.text.en


@pytest.mark.parametrize(
    ("variables", "field", "word"),
    [
        ({"scope": {"IR_BEN_R": ["BEN_SEX_COD"]}}, "why-IR_BEN_R", "justifiée"),
        ({"scope": {"IR_BEN_R": ["BEN_SEX_COD"]}, "justifications": {"IR_BEN_R": "x" * 2001}}, "why-IR_BEN_R", "2 000"),
        (
            {"scope": {"IR_BEN_R": ["BEN_NAI_ANN"]}, "justifications": {"IR_BEN_R": "Âge."}},
            "why-IR_BEN_R.BEN_NAI_ANN",
            "identifiant potentiel",
        ),
        ({"scope": {"IR_BEN_R": ["BEN_NIR_PSA"]}, "justifications": {"IR_BEN_R": "x"}}, "scope", "BEN_NIR_PSA"),
        ({"scope": {"NOT_A_TABLE": ["X"]}, "justifications": {"NOT_A_TABLE": "x"}}, "scope", "NOT_A_TABLE"),
    ],
)
def test_minimisation(variables: dict[str, Any], field: str, word: str) -> None:
    """Each table is justified, each potential identifier on its own, and direct identifiers are never on offer."""
    (found,) = composition.problems(contents(variables=variables), CODES)
    assert (found.page, found.field) == ("variables", field)
    assert found.text is not None
    assert word in found.text.fr


@pytest.mark.parametrize(
    ("pages", "place"),
    [
        ({"title": {"title": ""}}, ("title", "title")),
        ({"population": {"population": {}}}, ("population", "population")),
        ({"period": {"data_from": "2200-01-01", "data_to": "2200-02-01"}}, ("period", "data_from")),
        ({"variables": {"scope": {}}}, ("variables", "scope")),
        ({"variables": {"scope": {"NOT_A_TABLE": ["X"]}}}, ("variables", "scope")),
    ],
)
def test_what_only_the_whole_definition_shows_finds_its_page(pages: Any, place: tuple[str, str]) -> None:
    found = composition.last_problems(contents(**pages), CODES)
    assert (found[0].page, found[0].field) == place


def test_the_population_reads_back_in_both_languages() -> None:
    found = composition.population_sentences(STAY)
    assert found is not None
    assert "diabète de type 2" in found.fr
    assert "type 2 diabetes" in found.en
    assert composition.population_sentences({"all_of": []}) is None


def test_direct_identifiers_and_pseudonyms_are_not_offered() -> None:
    assert composition.column_offered("IR_BEN_R", None)
    assert composition.column_offered("IR_BEN_R", "BEN_SEX_COD")
    assert not composition.column_offered("IR_BEN_R", "BEN_NIR_PSA")
    assert not composition.column_offered("IR_BEN_R", "PATIENT_ID")
    assert not composition.column_offered("NOT_A_TABLE", None)


def test_only_fields_of_the_page_are_kept() -> None:
    """Given fields that are not the page's (mass assignment), they are dropped; an absent field keeps its value."""
    page = specification().page("title")
    form = {"title": ["  Étude \r\n"], "status": ["approved"], "version": ["9"]}
    assert fields_typed(page, form, {"acronym": "ABC"}) == {"title": "Étude", "acronym": "ABC"}


def test_an_unticked_confirmation_is_no() -> None:
    page = specification().page("purpose")
    assert fields_typed(page, {}, {"no_forbidden_purpose": "yes"})["no_forbidden_purpose"] == ""
    assert fields_typed(page, {"no_forbidden_purpose": ["on"]}, {})["no_forbidden_purpose"] == "yes"


@given(st.text())
def test_cleaned_text_suits_any_database(text: str) -> None:
    kept = clean(text)
    assert "\x00" not in kept
    assert "\r" not in kept
    assert clean(kept) == kept


def test_scope_as_ticked() -> None:
    form = {
        "columns": ["IR_BEN_R.BEN_SEX_COD", "IR_BEN_R.BEN_NIR_PSA", "NOT_A_TABLE.X", "nonsense"],
        "why-IR_BEN_R": [" Sexe. "],
        "why-IR_BEN_R.BEN_NAI_ANN": ["Âge exact."],
        "why-NOT_A_TABLE": ["x"],
        "why-IR_BEN_R.BEN_NIR_PSA": ["x"],
    }
    assert scope_typed(form, {}) == {
        "scope": {"IR_BEN_R": ["BEN_SEX_COD"]},
        "justifications": {"IR_BEN_R": "Sexe."},
        "identifiers": {"IR_BEN_R.BEN_NAI_ANN": "Âge exact."},
    }


def test_a_justification_survives_unticking_and_goes_when_emptied() -> None:
    present = {"justifications": {"IR_BEN_R": "Sexe."}, "identifiers": {}}
    assert scope_typed({}, present)["justifications"] == {"IR_BEN_R": "Sexe."}
    assert scope_typed({"why-IR_BEN_R": [""]}, present)["justifications"] == {}


def test_equal_values_have_equal_hashes() -> None:
    assert canonical.sha256_of({"b": 1, "a": "é"}) == canonical.sha256_of({"a": "é", "b": 1})
    assert canonical.sha256_of({"a": 1}) != canonical.sha256_of({"a": 2})


PERIOD_PAGE = {"data_from": "2020-01-01", "data_to": "2021-12-31"}
INDEX = {"stay": {**STAY["stay"], "index": "first"}}


def test_the_page_of_the_period_says_what_is_counted_from_the_index_date() -> None:
    asked = {
        "care_dates": "days_from_index",
        "care_days_before": "365",
        "care_days_after": "30",
        "controls_per_case": "2",
        "controls_years": "0",
    }
    whole = contents(population={"population": INDEX}, period={**PERIOD_PAGE, **asked})
    assert composition.last_problems(whole, CODES) == ()
    made = composition.definition(whole).to_json()
    assert made["design"] == {
        "care": {"days_before": 365, "days_after": 30},
        "controls": {"per_case": 2, "birth_year_within": 0},
    }
    assert made["protection"] == {"coarsening": {"care_date": "days_from_index"}}


def test_exact_dates_and_empty_fields_ask_for_nothing_more() -> None:
    plain = composition.definition(contents())
    asked = {"care_dates": "exact", "care_days_before": "", "controls_per_case": ""}
    assert composition.definition(contents(period={**PERIOD_PAGE, **asked})).hash == plain.hash


@pytest.mark.parametrize(("typed", "level"), [("month", "month"), ("exact", None), ("", None), ("by the week", None)])
def test_the_families_made_coarser_are_those_of_the_definition(typed: str, level: str | None) -> None:
    found = composition.coarser(contents(period={**PERIOD_PAGE, "care_dates": typed}))
    assert found == ({"care_date": level} if level else {})


@pytest.mark.parametrize(
    ("population", "asked", "field"),
    [
        (STAY, {"controls_per_case": "2"}, "controls_per_case"),
        (STAY, {"care_dates": "days_from_index"}, "care_dates"),
        (INDEX, {"care_days_before": "30"}, "care_days_after"),
        (INDEX, {"care_days_after": "many", "care_days_before": "1"}, "care_days_after"),
        (INDEX, {"controls_per_case": "1", "controls_years": "9"}, "controls_years"),
        (INDEX, {"controls_years": "1"}, "controls_per_case"),
    ],
)
def test_what_lacks_its_other_half_or_an_index_date_is_said_beside_its_field(
    population: Any, asked: dict[str, str], field: str
) -> None:
    whole = contents(population={"population": population}, period={**PERIOD_PAGE, **asked})
    assert {(one.page, one.field) for one in composition.last_problems(whole, CODES)} == {("period", field)}


def test_a_window_without_an_index_date_is_an_objection_while_the_tree_is_built() -> None:
    windowed = {"stay": {**STAY["stay"], "within": {"from": -30, "to": -1}}}
    (found,) = composition.population_problems(windowed, CODES)
    assert found.path == "$.population.stay.within"
