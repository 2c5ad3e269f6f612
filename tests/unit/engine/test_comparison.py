"""What a steward reads of two versions of a definition: one sentence for each thing that differs, where it is."""

from copy import deepcopy
from typing import Any

import pytest

from apps.extracts.engine.comparison import Change, differences
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.filters import DEFAULT_FILTERS

PERIOD = {"from": "2021-01-01", "to": "2021-12-31"}
DRUG: dict[str, Any] = {"drug": {"atc": ["A10"], "period": PERIOD}}
STAY: dict[str, Any] = {"stay": {"diagnosis": ["E11"], "period": PERIOD}}
WOMEN = {"sex": "female"}
ADULTS = {"age": {"on": "2021-01-01", "min": 18}}
BASE: dict[str, Any] = {
    "schema_version": 2,
    "title": "Diabète",
    "population": {"all_of": [DRUG, WOMEN]},
    "scope": {"tables": {"IR_BEN_R": ["BEN_SEX_COD"]}, "period": PERIOD},
}
INDEXED = {"drug": {**DRUG["drug"], "index": "first"}}
CONTROLS = {"per_case": 2, "birth_year_within": 1}


def told(before: dict[str, Any], after: dict[str, Any], language: Any = "en") -> list[str]:
    """The differences between two changes of the base, with no-break spaces made plain."""
    read = [Definition.from_json({**deepcopy(BASE), **changes}) for changes in (before, after)]
    found = differences(*read)
    return [one.sentence(language).replace("\u00a0", " ").replace("\u202f", " ") for one in found]


def of_people(before: Any, after: Any, language: Any = "en") -> list[str]:
    return told({"population": before}, {"population": after}, language)


def test_what_means_the_same_does_not_differ() -> None:
    assert told({}, {}) == []
    assert of_people({"all_of": [DRUG, WOMEN]}, {"all_of": [WOMEN, DRUG]}) == []
    assert of_people(DRUG, {"all_of": [DRUG]}) == []
    nested = {"all_of": [{"all_of": [ADULTS, DRUG]}, {"any_of": [WOMEN]}]}
    assert of_people({"all_of": [DRUG, WOMEN, ADULTS]}, nested) == []
    counted = {"at_least": {"count": 1, "of": [DRUG, WOMEN]}}
    assert of_people(counted, {"all_of": [counted]}) == []


def test_a_criterion_is_added_or_removed_where_all_are_required() -> None:
    (added,) = of_people({"all_of": [DRUG, WOMEN]}, {"all_of": [DRUG, ADULTS, WOMEN]})
    assert added.startswith("Criterion added, among the criteria that are all required: people who ")
    (removed,) = of_people({"all_of": [DRUG, ADULTS, WOMEN]}, {"all_of": [DRUG, WOMEN]})
    assert removed == added.replace("added", "removed")
    (french,) = of_people(DRUG, {"all_of": [DRUG, WOMEN]}, "fr")
    assert french.startswith("Critère ajouté, parmi les critères tous exigés : les personnes qui ")


def test_what_is_wrapped_in_another_group_of_its_kind_stays_and_the_rest_is_added() -> None:
    (added,) = of_people({"all_of": [DRUG, WOMEN]}, {"all_of": [{"all_of": [DRUG, WOMEN]}, {"not": STAY}]})
    assert added.startswith("Criterion added, among the criteria that are all required: people who are not among")


@pytest.mark.parametrize(
    ("group", "where"),
    [
        (lambda *of: {"any_of": list(of)}, "among the criteria of which one is enough"),
        (lambda *of: {"at_least": {"count": 2, "of": list(of)}}, "among the criteria of which at least 2 must hold"),
    ],
)
def test_where_a_criterion_is_added_is_told(group: Any, where: str) -> None:
    (added,) = of_people(group(DRUG, WOMEN), group(DRUG, WOMEN, ADULTS))
    assert added.startswith(f"Criterion added, {where}: people who ")


def test_what_is_added_to_what_keeps_people_out_is_told_as_such() -> None:
    before, after = ({"all_of": [WOMEN, {"not": {"any_of": below}}]} for below in ([DRUG, STAY], [DRUG, STAY, ADULTS]))
    (added,) = of_people(before, after)
    assert added.startswith(
        "Criterion added, among the criteria of which one is enough, in what keeps a person out: people who "
    )
    twice = [{"not": {"not": below}} for below in (DRUG, {"all_of": [DRUG, WOMEN]})]
    assert "keeps a person out" not in of_people(*twice)[0]


def test_a_criterion_of_one_kind_changes_into_the_one_it_resembles_most() -> None:
    later = {"drug": {**DRUG["drug"], "at_least": 3}}
    other = {"drug": {"atc": ["C09"], "period": {"from": "2020-01-01", "to": "2020-06-30"}}}
    found = of_people({"all_of": [DRUG, WOMEN]}, {"all_of": [other, later, WOMEN]})
    assert [line.partition(",")[0] for line in found] == ["Criterion changed", "Criterion added"]
    assert "A10" in found[0]
    assert "C09" not in found[0]
    assert "” becomes “people who " in found[0]
    assert "C09" in found[1]


def test_a_criterion_of_another_kind_replaces_it() -> None:
    assert of_people(DRUG, STAY)[0].startswith("Criterion changed: “people who ")
    assert [line[:17] for line in of_people({"any_of": [DRUG, WOMEN]}, {"any_of": [STAY, WOMEN]})] == [
        "Criterion removed",
        "Criterion added, ",
    ]
    assert "are not among those who" in of_people(DRUG, {"not": DRUG})[0]


def test_how_many_criteria_a_group_asks_for_is_told() -> None:
    start = "Number of criteria required of a group"
    assert of_people({"all_of": [DRUG, WOMEN]}, {"any_of": [DRUG, WOMEN]}) == [
        f"{start}: “all of them” becomes “at least 1”."
    ]
    two, three = ({"at_least": {"count": count, "of": [DRUG, WOMEN, STAY]}} for count in (2, 3))
    assert of_people(two, three, "fr") == [
        "Nombre de critères exigés d’un groupe : « au moins 2 » devient « au moins 3 »."
    ]
    assert of_people({"any_of": [DRUG, WOMEN]}, {"at_least": {"count": 1, "of": [DRUG, WOMEN]}}) == []
    nested = [{"all_of": [WOMEN, {group: [DRUG, STAY]}]} for group in ("any_of", "all_of")]
    assert sorted(of_people(*nested))[0].startswith("Criterion")


def test_a_criterion_alone_becomes_one_of_several_that_are_enough() -> None:
    (line,) = of_people(DRUG, {"any_of": [DRUG, STAY]})
    assert line.startswith("Criterion added, among the criteria of which one is enough: ")
    (line,) = of_people({"at_least": {"count": 1, "of": [DRUG, STAY]}}, DRUG)
    assert line.startswith("Criterion removed, among the criteria of which at least 1 must hold: ")


def scoped(**tables: list[str]) -> dict[str, Any]:
    return {"scope": {"tables": tables, "period": PERIOD}}


def test_tables_and_variables_come_and_go() -> None:
    before, after = scoped(IR_BEN_R=["BEN_SEX_COD"]), scoped(IR_BEN_R=["BEN_NAI_ANN"], ER_PHA_F=["PHA_PRS_C13"])
    assert [line.partition(" “")[0] for line in told(before, after)] == [
        "Table added",
        "Variables removed from the table",
        "Variables added to the table",
    ]
    assert told(before, after)[2].endswith("(IR_BEN_R): BEN_NAI_ANN.")
    assert told(after, before, "fr")[0].startswith("Table retirée « ")
    assert told(scoped(NOWHERE=["A"]), scoped(NOWHERE=["A", "B"])) == ["Variables added to the table (NOWHERE): B."]


def test_title_and_period_change() -> None:
    longer = {"scope": {**BASE["scope"], "period": {"from": "2021-01-01", "to": "2022-12-31"}}, "title": "Diabètes"}
    assert told({}, longer) == [
        "Title changed: “Diabète” becomes “Diabètes”.",
        "Period of delivered care changed: “from 1 January 2021 to 31 December 2021” becomes "
        "“from 1 January 2021 to 31 December 2022”.",
    ]


def test_quality_filters_are_lifted_and_applied() -> None:
    fewer = {"filters": [chosen.value for chosen in DEFAULT_FILTERS[1:]]}
    (lifted,), (applied,) = told({}, fewer), told(fewer, {}, "fr")
    assert lifted.startswith("Quality filter lifted, keeping: ")
    assert applied.startswith("Filtre de qualité désormais appliqué, qui retire : ")


def test_what_protects_people_changes() -> None:
    coarse = {"protection": {"sample_one_in": 97, "coarsening": {"birth": "five_years"}, "date_shift_days": 30}}
    assert told({}, coarse) == [
        "Option added (sampling): One person in 97 is kept, drawn with a key of the project.",
        "Precision changed (month and year of birth): “as it is” becomes “to the five-year class”.",
        "Option added (shift of dates): The dates of each person are moved by one number of days, 30 at most.",
    ]
    half = {"protection": {**coarse["protection"], "sample_one_in": 50}}
    (line,) = told(coarse, half, "fr")
    assert line.startswith("Option modifiée (tirage) : « Une personne sur 97 ")
    assert [line.partition(" (")[0] for line in told(coarse, {})] == [
        "Option removed",
        "Precision changed",
        "Option removed",
    ]


def test_care_around_the_index_date_and_controls_change() -> None:
    def study(**design: Any) -> dict[str, Any]:
        return {"population": INDEXED, "design": design}

    care = {"days_before": 30, "days_after": 60}
    assert told(study(), study(care=care))[0].startswith("Option added (care around the index date): The care of ")
    assert told(study(), study(controls=CONTROLS))[0].startswith("Option added (controls): Each of ")
    assert told(study(controls=CONTROLS), study())[0].startswith("Option removed (controls): Each of ")
    three = {**CONTROLS, "per_case": 3}
    assert told(study(controls=CONTROLS), study(controls=three), "fr")[0].startswith("Option modifiée (témoins) : « ")
    among = {**CONTROLS, "among": WOMEN}
    (added,) = told(study(controls=CONTROLS), study(controls=among))
    assert added.startswith("Criterion added, for the choice of controls: people who ")
    assert told(study(controls=among), study(controls=CONTROLS)) == [added.replace("added", "removed")]
    (narrowed,) = told(study(controls=among), study(controls={**CONTROLS, "among": {"all_of": [WOMEN, ADULTS]}}))
    assert narrowed.startswith(
        "Criterion added, among the criteria that are all required, for the choice of controls: "
    )


def test_each_difference_names_its_part() -> None:
    after = {"population": DRUG, "scope": {**BASE["scope"], "tables": {"ER_PHA_F": ["PHA_PRS_C13"]}}}
    found = differences(*(Definition.from_json({**deepcopy(BASE), **changes}) for changes in ({}, after)))
    assert [(one.part, one.change) for one in found] == [
        ("population", Change.REMOVED),
        ("scope", Change.ADDED),
        ("scope", Change.REMOVED),
    ]
