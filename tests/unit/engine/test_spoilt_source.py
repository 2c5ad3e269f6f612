"""A source that is missing, truncated, changed or of another shape is named, and nothing is delivered."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.backends.duckdb import DuckDBEngine
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.problems import SourceError
from apps.extracts.engine.run import (
    ExtractRun,
    run_all,
    run_unit,
)
from apps.extracts.engine.source import describe
from apps.extracts.engine.units import Unit, UnitKind
from tests.unit.engine.conftest import KEY
from tests.unit.engine.runs import content, do
from tests.unit.engine.test_definition import changed

Open = Callable[..., ExtractRun]


@pytest.fixture
def spoilt(source: Path, tmp_path: Path) -> Path:
    """A copy of the source that a test may spoil."""
    return Path(shutil.copytree(source, tmp_path / "spoilt"))


def refused(run: Callable[[], Any], name: str) -> None:
    with pytest.raises(SourceError, match=name) as caught:
        run()
    assert name in caught.value.file


def test_a_missing_file_is_named_and_nothing_is_delivered(opened: Open, spoilt: Path, tmp_path: Path) -> None:
    (spoilt / "T_MCO21D" / "part-0.parquet").unlink()
    refused(lambda: run_all(opened(source=spoilt)), "T_MCO21D/part-0.parquet")
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_is_named(opened: Open, spoilt: Path) -> None:
    file = spoilt / "IR_BEN_R" / "part-0.parquet"
    file.write_bytes(file.read_bytes()[:-7])
    refused(lambda: run_all(opened(source=spoilt)), "IR_BEN_R/part-0.parquet")


def test_a_changed_file_of_the_same_size_is_named(opened: Open, spoilt: Path) -> None:
    file = spoilt / "ER_PRS_F" / "FLX_DIS_DTD=2021-12-01" / "part-0.parquet"
    found = bytearray(file.read_bytes())
    found[len(found) // 2] ^= 1
    file.write_bytes(found)
    refused(lambda: run_all(opened(source=spoilt)), "FLX_DIS_DTD=2021-12-01/part-0.parquet")


def test_a_file_that_moves_while_the_extract_is_made_is_named(opened: Open, spoilt: Path) -> None:
    run = opened(source=spoilt)
    events = next(unit for unit in run.units if unit.kind is UnitKind.EVENTS and unit.table == "care")
    do(run, run.units[: run.units.index(events)])
    file = spoilt / "IR_PHA_R" / "part-0.parquet"
    os.utime(file, ns=(1, 1))
    refused(lambda: run_unit(events, run), "IR_PHA_R/part-0.parquet")


def test_a_file_that_vanishes_while_the_extract_is_made_is_named(opened: Open, spoilt: Path) -> None:
    run = opened(source=spoilt)
    unit = next(unit for unit in run.units if unit.kind is UnitKind.IDENTITIES)
    do(run, run.units[: run.units.index(unit)])
    (spoilt / "IR_BEN_R" / "part-0.parquet").write_bytes(b"")
    refused(lambda: run_unit(unit, run), "IR_BEN_R/part-0.parquet")


def test_an_error_that_is_not_the_source_s_is_itself(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened()
    unit = next(unit for unit in run.units if unit.kind is UnitKind.IDENTITIES)
    do(run, run.units[: run.units.index(unit)])

    def full(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(DuckDBEngine, "write", full)
    with pytest.raises(OSError, match="no space"):
        run_unit(unit, run)
    assert list(run.workshop.temporary.iterdir()) == []


def rewritten(spoilt: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> Path:
    file = spoilt / name / "part-0.parquet"
    pq.write_table(change(pq.read_table(file)), file)
    describe(spoilt, synthetic=True, facts={})
    return spoilt


def test_a_missing_column_is_named(opened: Open, spoilt: Path) -> None:
    rewritten(spoilt, "IR_BEN_R", lambda table: table.drop_columns("BEN_SEX_COD"))
    with pytest.raises(SourceError, match=r"IR_BEN_R.*the column BEN_SEX_COD is missing"):
        run_all(opened(source=spoilt))


def test_a_column_of_another_type_is_named(opened: Open, spoilt: Path) -> None:
    def as_text(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("BEN_NAI_ANN")
        return table.set_column(place, "BEN_NAI_ANN", table.column("BEN_NAI_ANN").cast(pa.string()))

    rewritten(spoilt, "IR_BEN_R", as_text)
    with pytest.raises(SourceError, match="the column BEN_NAI_ANN holds string, not int64"):
        run_all(opened(source=spoilt))


def test_smaller_numbers_and_times_stand_for_their_types(opened: Open, spoilt: Path, tmp_path: Path) -> None:
    def narrow(table: pa.Table) -> pa.Table:
        kinds = {"BEN_NAI_ANN": pa.int16(), "BEN_DCD_DTE": pa.timestamp("us"), "BEN_NIR_PSA": pa.large_string()}
        return table.cast(pa.schema([(field.name, kinds.get(field.name, field.type)) for field in table.schema]))

    run_all(opened())
    rewritten(spoilt, "IR_BEN_R", narrow)
    run_all(opened(source=spoilt, out=tmp_path / "narrow"))
    name = "IR_BEN_R/all.parquet"
    assert content(tmp_path / "narrow")[name] == content(tmp_path / "out")[name]


def test_a_file_that_is_not_parquet_is_named(opened: Open, spoilt: Path, source: Path) -> None:
    file = spoilt / "KI_CCI_R" / "part-0.parquet"
    described = json.loads((spoilt / "SOURCE.json").read_text())
    run = opened(source=spoilt)
    file.write_bytes(b"not parquet")
    from apps.extracts.engine.source import Source, SourceFile, release_of

    files = {name: SourceFile(name, **facts) for name, facts in described["files"].items()}
    name = "KI_CCI_R/part-0.parquet"
    files[name] = SourceFile(name, 11, hashlib.sha256(b"not parquet").hexdigest(), 0)
    run = ExtractRun(
        run.definition,
        Source(spoilt, release_of(files), True, files),
        run.out,
        KEY,
        "r",
        run.settings,
        run.units,
        run.signer,
        run.home,
    )
    with pytest.raises(SourceError, match="not a readable Parquet file"):
        run_unit(Unit(UnitKind.SOURCE, "KI_CCI_R", "all"), run)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no description"),
        ("{", "unreadable"),
        ("[]", "unreadable"),
        ('{"files": {}}', "unreadable"),
        ('{"files": {}, "release": "x", "synthetic": true}', "does not match the release"),
    ],
)
def test_a_source_without_a_sound_description_is_refused(
    opened: Open, spoilt: Path, text: str | None, words: str
) -> None:
    place = spoilt / "SOURCE.json"
    place.unlink() if text is None else place.write_text(text)
    with pytest.raises(SourceError, match=words):
        opened(source=spoilt)


def test_a_table_that_the_source_does_not_hold_is_named(opened: Open, spoilt: Path) -> None:
    shutil.rmtree(spoilt / "KI_CCI_R")
    describe(spoilt, synthetic=True, facts={})
    refused(lambda: opened(source=spoilt), "KI_CCI_R")
    shutil.rmtree(spoilt / "T_MCO21B")
    describe(spoilt, synthetic=True, facts={})
    definition = Definition.from_json(changed("scope.tables", {"IR_BEN_R": ["BEN_SEX_COD"]}))
    refused(lambda: run_all(opened(source=spoilt, definition=definition)), "T_MCO21B")


def test_a_folder_that_looks_like_a_year_is_not_one(spoilt: Path) -> None:
    from apps.extracts.engine.source import partition_of

    table = CATALOGUE.tables["T_MCOaaB"]
    names = ["T_MCO21B/x", "T_MCO2021B/x", "T_MCOxxB/x", "T_MCO21BIS/x", "OTHER/x"]
    assert [partition_of(table, name) for name in names] == ["2021", "", "", "", ""]
