"""Sampling, coarsening and shifted dates: how they are written, said and refused, and what they do to a run."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.check import check
from apps.extracts.engine.criteria import LongTermCondition, Period
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.delivery import read_manifest
from apps.extracts.engine.nomenclature import builtin_nomenclature
from apps.extracts.engine.plan.events import _coded
from apps.extracts.engine.problems import DefinitionError
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.run import EngineSettings, ExtractRun, run_all, run_unit
from tests.unit.engine.conftest import DIABETES, KEY

Open = Callable[..., ExtractRun]
PROTECTION = {
    "sample_one_in": 4,
    "coarsening": {"birth": "five_years", "care_date": "month"},
    "date_shift_days": 30,
}


def protected(protection: Any, tables: dict[str, list[str]] | None = None) -> dict[str, Any]:
    scope: Any = DIABETES["scope"]
    return {**DIABETES, "scope": {**scope, "tables": tables or scope["tables"]}, "protection": protection}


def test_what_protects_from_nothing_does_not_change_a_hash() -> None:
    plain = Definition.from_json(DIABETES)
    nothing = {"sample_one_in": 1, "coarsening": {}, "date_shift_days": 0}
    assert Definition.from_json(protected(nothing)).hash == plain.hash
    assert "protection" not in plain.to_json()


def test_a_protection_is_read_as_it_is_written_and_changes_the_hash() -> None:
    definition = Definition.from_json(protected(PROTECTION))
    assert definition.to_json()["protection"] == PROTECTION
    assert Definition.from_json(definition.to_json()) == definition
    assert definition.hash != Definition.from_json(DIABETES).hash


def test_a_protection_is_said_in_both_languages() -> None:
    definition = Definition.from_json(protected(PROTECTION))
    french, english = definition.sentence("fr"), definition.sentence("en")
    assert "Une personne sur 4" in french
    assert "mois et année de naissance à la classe de cinq ans" in french
    assert "décalées d’un même nombre de jours, 30 au plus" in french
    assert "One person in 4" in english
    assert "exact dates of care to the month" in english
    assert "moved by one number of days, 30 at most" in english


@pytest.mark.parametrize(
    ("protection", "path"),
    [
        ([], "$.protection"),
        ({"more": 1}, "$.protection.more"),
        ({"sample_one_in": 0}, "$.protection.sample_one_in"),
        ({"date_shift_days": 181}, "$.protection.date_shift_days"),
        ({"coarsening": []}, "$.protection.coarsening"),
        ({"coarsening": {"birth": "month"}}, "$.protection.coarsening.birth"),
        ({"coarsening": {"shoe_size": "month"}}, "$.protection.coarsening.shoe_size"),
    ],
)
def test_what_cannot_be_read_is_named(protection: Any, path: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Definition.from_json(protected(protection))
    assert path in [problem.path for problem in caught.value.problems]


def test_a_date_told_as_text_is_refused_with_a_shift_of_dates() -> None:
    tables = {"ER_PRS_F": ["EXE_SOI_AMD", "EXE_SOI_DTD"]}
    found = {
        shift: [
            (problem.path, problem.code)
            for problem in check(
                Definition.from_json(protected({"date_shift_days": shift}, tables)), CATALOGUE, builtin_nomenclature()
            )
        ]
        for shift in (0, 30)
    }
    assert found == {0: [], 30: [("$.scope.tables.ER_PRS_F", "date_in_text")]}


def test_a_sample_shows_in_the_population_flow(opened: Open) -> None:
    run = opened(definition=Definition.from_json(protected({"sample_one_in": 2}, {"IR_BEN_R": ["BEN_SEX_COD"]})))
    run_all(run)
    flow = read_manifest(run.out)["population_flow"]
    assert flow[-1]["criterion"] == {"fr": "une personne sur 2", "en": "one person in 2"}
    assert flow[-1]["persons"] == "<11" or flow[-1]["persons"] <= flow[-2]["persons"]


def test_an_unordered_delivery_holds_the_same_rows_and_says_that_it_is(opened: Open, tmp_path: Any) -> None:
    run_all(opened())
    other = opened(out=tmp_path / "other", settings=EngineSettings(ordered=False))
    run_all(other)
    for file in (tmp_path / "out").rglob("*.parquet"):
        name = file.relative_to(tmp_path / "out")
        one, two = (
            sorted(map(repr, pq.ParquetFile(folder / name).read().to_pylist()))
            for folder in (tmp_path / "out", other.out)
        )
        assert one == two
    assert read_manifest(other.out)["binding"]["ordered"] is False


def test_one_engine_may_serve_projects_in_turn(opened: Open, tmp_path: Any) -> None:
    runs = [opened(), opened(out=tmp_path / "other", key=ProjectKey(bytes(range(1, 33))))]
    runs[0].workshop.prepare()
    with runs[0].backend() as engine:
        for run in runs:
            for unit in run.units:
                run_unit(unit, run, engine)
    assert [read_manifest(run.out)["key_id"] for run in runs] == [run.key.id for run in runs]
    claims = [
        {row for file in (run.out / "ER_PRS_F").iterdir() for row in pq.read_table(file).column("CLAIM_ID").to_pylist()}
        for run in runs
    ]
    assert claims[0]
    assert not claims[0] & claims[1]


def test_a_condition_is_not_looked_for_in_care_lines() -> None:
    period = Period(date(2021, 1, 1), date(2021, 12, 31))
    with pytest.raises(TypeError, match="long_term_condition"):
        _coded(LongTermCondition(("E11",), (), period))


def test_the_shift_of_a_person_covers_both_directions() -> None:
    shifts = {KEY.shift(f"A{number}", 3) for number in range(200)}
    assert shifts == set(range(-3, 4))
