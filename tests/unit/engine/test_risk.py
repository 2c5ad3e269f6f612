"""The disclosure risk of delivered rows, counted by hand on small tables."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine import steps
from apps.extracts.engine.backends.duckdb import DuckDBEngine, EngineSettings
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.plan.exposure import DELIVERED, EXPOSED, exposed
from apps.extracts.engine.plan.relations import compiled
from apps.extracts.engine.risk import is_coarser, masked, potential_identifiers, quasi_identifiers, sensitive, shown
from tests.spec.tables import definition_of

SHAPE = (("PATIENT_ID", "uuid"), ("sex", "int64"), ("dep", "string"), ("code", "string"))
EVERYBODY = {"any_of": [{"sex": "female"}, {"sex": "male"}]}


def counted(tmp_path: Path, rows: list[tuple[int, Any, Any, Any]], columns: tuple[str, ...], diverse: str) -> Any:
    persons = pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([UUID(int=row[0]).bytes for row in rows], pa.binary(16))
    )
    sex, dep, code = (list(column) for column in list(zip(*rows, strict=True))[1:])
    table = pa.table([persons, pa.array(sex, pa.int64()), pa.array(dep, pa.string()), pa.array(code, pa.string())],
                     names=[name for name, _ in SHAPE])  # fmt: skip
    pq.write_table(table, tmp_path / "rows.parquet")
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        engine.bind(DELIVERED, dict(SHAPE), [tmp_path / "rows.parquet"], {})
        engine.materialise(EXPOSED, compiled(exposed, SHAPE, ("sex", "dep"), diverse).sql("duckdb"), ())
        return steps.counted(engine, SHAPE, ("sex", "dep"), columns, diverse)


def test_persons_are_counted_not_rows(tmp_path: Path) -> None:
    rows = [(1, 1, "75", "a"), (1, 1, "75", "a"), (1, 1, "75", "b"), (2, 2, "75", "a"), (3, 2, "75", "a")]
    assert counted(tmp_path, rows, ("sex",), "code") == (3, 1, 1, 3, 1)


def test_a_person_in_several_classes_is_as_exposed_as_in_the_smallest(tmp_path: Path) -> None:
    rows = [(1, 1, "75", "a"), (2, 1, "75", "a"), (1, 1, "13", "a")]
    assert counted(tmp_path, rows, ("dep",), "") == (2, 1, 1, 2, None)


def test_what_is_absent_is_a_value_like_another(tmp_path: Path) -> None:
    rows = [(1, None, None, "a"), (2, None, None, "b"), (3, 1, None, "c")]
    assert counted(tmp_path, rows, ("sex", "dep"), "code") == (3, 1, 1, 3, 1)
    assert counted(tmp_path, rows[:2], ("sex", "dep"), "code") == (2, 2, 0, 2, 2)


def test_a_person_alone_in_one_class_and_not_in_another_counts_once(tmp_path: Path) -> None:
    rows = [(1, 1, "13", "a"), (1, 1, "75", "a"), (2, 1, "75", "a"), *((n, 1, "69", "a") for n in range(3, 20))]
    assert counted(tmp_path, rows, ("dep",), "") == (19, 1, 1, 2, None)


def test_large_classes_are_not_small(tmp_path: Path) -> None:
    rows = [(number, 1, "75", "a") for number in range(11)]
    assert counted(tmp_path, rows, ("sex",), "") == (11, 11, 0, 0, None)


@pytest.mark.parametrize("diverse", ["", "code"])
def test_nobody_is_exposed_by_no_row(tmp_path: Path, diverse: str) -> None:
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        engine.bind(DELIVERED, dict(SHAPE), [], {})
        engine.materialise(EXPOSED, compiled(exposed, SHAPE, ("sex",), diverse).sql("duckdb"), ())
        assert steps.counted(engine, SHAPE, ("sex",), ("sex",), diverse) == (0, 0, 0, 0, None)


def test_small_counts_of_persons_are_masked_and_an_empty_delivery_exposes_nobody() -> None:
    found = shown(20, 1, 3, 12, 2)
    assert found == {"persons": 20, "k": 1, "l": 2, "alone": "<11", "share_alone": 0.15, "in_classes_under_11": 12}
    assert shown(0, 0, 0, 0, None)["share_alone"] == 0.0
    assert masked(11) == 11


def asked(table: str, columns: list[str], **protection: Any) -> Definition:
    return definition_of(EVERYBODY, {table: columns}, protection=protection)


@pytest.mark.parametrize(
    ("table", "columns", "expected"),
    [
        ("IR_BEN_R", ["BEN_RES_DPT", "BEN_SEX_COD"], [("BEN_SEX_COD",), ("BEN_SEX_COD", "BEN_RES_DPT")]),
        ("ER_PHA_F", ["PHA_PRS_C13"], []),
        ("IR_PHA_R", ["PHA_CIP_C13"], []),
    ],
)
def test_quasi_identifiers_are_taken_a_few_more_at_a_time(table: str, columns: list[str], expected: Any) -> None:
    assert list(quasi_identifiers(asked(table, columns), CATALOGUE.tables[table])) == expected


def test_families_are_told_with_how_coarse_they_are() -> None:
    definition = asked("IR_BEN_R", ["BEN_NAI_ANN", "BEN_RES_COM"], coarsening={"birth": "year"})
    assert potential_identifiers(definition) == {
        "birth": {"columns": ["IR_BEN_R.BEN_NAI_ANN"], "coarsened_to": "year"},
        "commune": {"columns": ["IR_BEN_R.BEN_RES_COM"], "coarsened_to": None},
    }
    table = CATALOGUE.tables["IR_BEN_R"]
    assert is_coarser(definition, table, ["BEN_NAI_ANN"])
    assert not is_coarser(definition, table, ["BEN_RES_COM", "BEN_SEX_COD", "NOPE"])


def test_diversity_is_counted_on_what_is_delivered_only() -> None:
    table = CATALOGUE.tables["T_MCOaaB"]
    assert sensitive(asked("T_MCOaaB", ["DGN_PAL", "COD_SEX"]), table) == "DGN_PAL"
    assert sensitive(asked("T_MCOaaB", ["COD_SEX"]), table) == ""


def test_the_risk_before_coarsening_is_told_beside_the_one_after(opened: Any) -> None:
    from apps.extracts.engine.delivery import read_manifest
    from apps.extracts.engine.run import run_all

    columns = ["BEN_SEX_COD", "BEN_NAI_ANN", "BEN_RES_DPT"]
    run = opened(definition=asked("IR_BEN_R", columns, coarsening={"birth": "ten_years"}))
    run_all(run)
    page = (run.out / "README.md").read_text()
    assert "<br>█" in page
    assert "month and year of birth: IR_BEN_R.BEN_NAI_ANN (" in page
    sets = read_manifest(run.out)["risk"]["IR_BEN_R"]["sets"]
    assert [set(one) for one in sets] == [{"quasi_identifiers", "before", "after"}] * 3
    assert sets[1]["before"]["share_alone"] > sets[1]["after"]["share_alone"]
    assert sets[0]["before"] == sets[0]["after"]
