"""Index date, windows, controls: how they are read, said, written back, and what goes with the delivery."""

import copy
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.check import check
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.delivery import PATIENTS, read_manifest
from apps.extracts.engine.design import Controls
from apps.extracts.engine.matching import Candidate, Case, Pool, matched
from apps.extracts.engine.nomenclature import builtin_nomenclature
from apps.extracts.engine.problems import DefinitionError
from apps.extracts.engine.run import ExtractRun, run_all
from apps.extracts.engine.source import Source
from apps.extracts.engine.units import UnitKind, plan_of
from tests.unit.engine.conftest import DIABETES, PERIOD

STAY = {"diagnosis": ["E11"], "period": PERIOD}
INDEX = {"stay": {**STAY, "index": "first"}}
DRUG = {"atc": ["A10"], "period": PERIOD}
CONTROLS = {"controls": {"per_case": 2, "birth_year_within": 5}}


def written(population: Any, **more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(DIABETES), "schema_version": 2, "population": population, **more}


def objections(population: Any, **more: Any) -> set[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        Definition.from_json(written(population, **more))
    return {(problem.path, problem.code) for problem in caught.value.problems}


def windowed(first: Any, last: Any, **more: Any) -> dict[str, Any]:
    return {"all_of": [INDEX, {"drug": {**DRUG, "within": {"from": first, "to": last}, **more}}]}


@pytest.mark.parametrize(
    ("population", "more", "where", "code"),
    [
        (windowed(3, 1), {}, "$.population.all_of[1].drug.within", "window_reversed"),
        (windowed("x", 1), {}, "$.population.all_of[1].drug.within.from", "bad_number"),
        (windowed(0, 1, index="last"), {}, "$.population.all_of[1].drug.within", "window_of_index"),
        ({"stay": {**STAY, "within": 3, "index": 2}}, {}, "$.population.stay.within", "not_an_object"),
        ({"stay": {**STAY, "index": "second"}}, {}, "$.population.stay.index", "bad_choice"),
        ({"stay": 3}, {}, "$.population.stay", "not_an_object"),
        (
            {"any_of": [INDEX, {"drug": {**DRUG, "index": "last"}}]},
            {},
            "$.population.any_of[1].drug.index",
            "several_index",
        ),
        ({"not": INDEX}, {}, "$.population.not.stay.index", "index_denied"),
        (
            {"at_least": {"count": 1, "of": [{"sex": "male"}, {"not": INDEX}]}},
            {},
            "$.population.at_least.of[1].not.stay.index",
            "index_denied",
        ),
        ({"drug": {**DRUG, "within": {"from": 0, "to": 1}}}, {}, "$.population.drug.within", "no_index"),
        ({"sex": "male"}, {"design": CONTROLS}, "$.design.controls", "no_index"),
        (
            {"sex": "male"},
            {"protection": {"coarsening": {"care_date": "days_from_index"}}},
            "$.protection.coarsening",
            "no_index",
        ),
        (INDEX, {"design": {"care": {"days_before": -1, "days_after": 0}}}, "$.design.care.days_before", "bad_number"),
        (INDEX, {"design": {"care": 3}}, "$.design.care", "not_an_object"),
        (INDEX, {"design": []}, "$.design", "not_an_object"),
        (INDEX, {"design": {"controls": []}}, "$.design.controls", "not_an_object"),
        (INDEX, {"design": {"controls": {"per_case": 99}}}, "$.design.controls.per_case", "bad_number"),
        (
            INDEX,
            {"design": {"controls": {"per_case": 1, "among": {"any_of": [INDEX]}}}},
            "$.design.controls.among.any_of[0].stay",
            "timed_controls",
        ),
        (INDEX, {"schema_version": 1}, "$.schema_version", "old_version"),
    ],
)
def test_what_has_no_meaning_is_named_where_it_stands(population: Any, more: Any, where: str, code: str) -> None:
    assert (where, code) in objections(population, **more)


def test_a_stay_in_a_medical_unit_reads_aloud_and_is_written_back() -> None:
    study = Definition.from_json(written({"stay": {**STAY, "medical_units": ["01A", "13"]}}))
    assert Definition.from_json(study.to_json()) == study
    assert "en passant par une unité médicale autorisée 01A ou 13" in study.sentence("fr")
    assert "passing through a medical unit authorised 01A or 13" in study.sentence("en")


def test_it_reads_aloud_and_is_written_back() -> None:
    design = {"care": {"days_before": 1, "days_after": 30}, "controls": {"per_case": 1, "among": {"sex": "male"}}}
    study = Definition.from_json(written(windowed(-1, 0), design=design))
    assert Definition.from_json(study.to_json()) == study
    french, english = study.sentence("fr").replace("\u00a0", " "), study.sentence("en").replace("\u00a0", " ")
    assert "(le premier de ces jours est la date index)" in french
    assert "de 1 jour avant à 0 jour après la date index" in french
    assert "est associé 1 témoin au plus" in french
    assert "nés la même année" in french
    assert "Peuvent être témoins les personnes qui sont de sexe masculin." in french
    assert "from 1 day before to 0 days after the index date" in english
    assert "born in the same year" in english
    assert "from 1 days before to 30 days after" in english


def test_a_definition_that_needs_nothing_new_keeps_its_version_and_its_hash() -> None:
    old = Definition.from_json(DIABETES)
    assert old.to_json()["schema_version"] == 1
    assert Definition.from_json({**DIABETES, "schema_version": 2}).hash == old.hash


def test_the_codes_of_controls_exist_like_those_of_the_population() -> None:
    design = {"controls": {"per_case": 1, "among": {"drug": {"atc": ["A99"], "period": PERIOD}}}}
    problems = check(Definition.from_json(written(INDEX, design=design)), CATALOGUE, builtin_nomenclature())
    assert [(problem.path, problem.code) for problem in problems] == [
        ("$.design.controls.among.drug.atc", "unknown_code")
    ]


def test_regions_are_matched_in_no_more_buckets_than_there_are(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.extracts.engine.units.BUCKET", 10)
    units = plan_of(Definition.from_json(written(INDEX, design=CONTROLS)), Source.open(source))
    kinds = [unit.kind for unit in units]
    assert kinds.count(UnitKind.COHORT) > kinds.count(UnitKind.CONTROLS) == 18


@pytest.fixture
def delivered(opened: Callable[..., ExtractRun], tmp_path: Path) -> Callable[..., Path]:
    def deliver(**more: Any) -> Path:
        run_all(opened(definition=Definition.from_json(written(INDEX, **more)), out=tmp_path / "study"))
        return tmp_path / "study"

    return deliver


def test_the_delivery_tells_who_is_whose_control_and_the_flow_counts_those_who_have_none(
    delivered: Callable[..., Path],
) -> None:
    out = delivered(design=CONTROLS)
    rows = pq.read_table(out / PATIENTS).to_pylist()
    cases = {row["PATIENT_ID"]: row["INDEX_DATE"] for row in rows if row["PATIENT_ID"] == row["CASE_ID"]}
    assert 0 < len(cases) < len(rows) == len({row["PATIENT_ID"] for row in rows})
    assert all(row["INDEX_DATE"] == cases[row["CASE_ID"]] for row in rows)
    manifest = read_manifest(out)
    assert PATIENTS in manifest["documents"]
    assert [step["criterion"]["en"] for step in manifest["population_flow"]][-4:] == [
        "and who have an index date",
        "matched controls",
        "cases with fewer controls than asked for",
        "cases without any control",
    ]


def test_the_index_date_is_no_finer_than_dates_of_care(delivered: Callable[..., Path]) -> None:
    out = delivered(protection={"coarsening": {"care_date": "month"}})
    assert {row["INDEX_DATE"].day for row in pq.read_table(out / PATIENTS).to_pylist()} == {1}


def test_index_dates_are_counted_in_the_exposure_alone_and_beside_who_people_are(
    delivered: Callable[..., Path],
) -> None:
    out = delivered(protection={"coarsening": {"care_date": "year"}})
    found = read_manifest(out)["risk"]["PATIENTS"]["sets"]
    assert found[0]["quasi_identifiers"] == ["INDEX_DATE"]
    people = {row["PATIENT_ID"]: row["INDEX_DATE"] for row in pq.read_table(out / PATIENTS).to_pylist()}
    assert found[0]["after"]["k"] == min(Counter(people.values()).values()) > found[0]["before"]["k"] == 1
    told = pq.read_table(out / "IR_BEN_R" / "all.parquet").to_pylist()
    finest = found[-1]["quasi_identifiers"]
    assert finest[0] == "INDEX_DATE"
    classes = defaultdict(set)
    for row in told:
        classes[people[row["PATIENT_ID"]], *(row[name] for name in finest[1:])].add(row["PATIENT_ID"])
    assert found[-1]["after"]["k"] == min(map(len, classes.values()))


def test_index_dates_stand_alone_where_nothing_else_is_told_of_people(delivered: Callable[..., Path]) -> None:
    out = delivered(scope={"tables": {"ER_PRS_F": ["EXE_SOI_DTD"]}, "period": PERIOD})
    (alone,) = read_manifest(out)["risk"]["PATIENTS"]["sets"]
    assert alone["quasi_identifiers"] == ["INDEX_DATE"]
    assert "before" not in alone, "nothing was made coarser"


def test_nothing_is_told_of_the_index_date_where_dates_are_counted_from_it(delivered: Callable[..., Path]) -> None:
    assert not (delivered(protection={"coarsening": {"care_date": "days_from_index"}}) / PATIENTS).exists()


def test_no_more_candidates_are_held_than_cases_could_take() -> None:
    cases = [Case("case", "11", 1, 1950, date(2021, 3, 1)), Case("late", "11", 1, 1950, date(2021, 9, 1))]
    others = [Candidate(f"c{place}", "11", 1, 1950, None) for place in range(50)]
    dying = [Candidate("dying", "11", 1, 1950, date(2021, 5, 1)), Candidate("other", "11", 2, 1950, None)]
    pool = Pool(cases, Controls(3))
    pool.offer([*others, *dying], lambda persons: [hash(person) for person in persons])
    pool.close()
    assert pool.held == 7


def test_who_is_whose_control_does_not_depend_on_the_order_of_reading() -> None:
    cases = [Case(f"case{place}", "11", 1, 1950 + place, date(2021, 3, 1)) for place in range(3)]
    others = [Candidate(f"c{place}", "11", 1, 1949 + place % 5, None) for place in range(12)]
    asked = Controls(2, 2)

    def order(persons: Any) -> list[int]:
        return [sum(map(ord, person)) * 7919 % 101 for person in persons]

    once = list(matched(cases, [others], asked, order))
    again = list(matched(cases[::-1], [[one] for one in reversed(others)], asked, order))
    assert set(once) == set(again)
    assert len({taken for _, taken in once}) == len(once) == 6
