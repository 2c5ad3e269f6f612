"""Spark delivers what DuckDB delivers, row by row, and never meets the key. `make test-spark` runs this."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.catalogue import Kind
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.problems import SourceError
from apps.extracts.engine.run import EngineSettings, ExtractRun, run_all, run_unit, verify
from apps.extracts.engine.units import UnitKind
from tests.unit.engine.conftest import DIABETES, KEY, WOMEN
from tests.unit.engine.runs import do

pytest.importorskip("pyspark", reason="Spark is installed apart: make test-spark")

from tests.support import spark
from tests.support.object_store import download, object_store, upload

Open = Callable[..., ExtractRun]
ON_SPARK = EngineSettings(backend="spark", master="local[2]")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> None:
    spark.prepare()


@pytest.fixture
def coarse() -> Definition:
    """Every kind of table, with values that are made coarser, so that the risk is measured before and after."""
    return Definition.from_json({**DIABETES, "protection": {"coarsening": {"birth": "five_years"}}})


def rows_of(delivery: Path) -> dict[str, list[dict[str, Any]]]:
    files = sorted(delivery.rglob("*.parquet"))
    return {file.relative_to(delivery).as_posix(): pq.read_table(file).to_pylist() for file in files}


def forms_of_the_key() -> list[str]:
    secrets = [KEY._secret, *(KEY._key_of(kind) for kind in Kind)]
    return [form for secret in secrets for form in (secret.hex(), repr(secret)[2:-1])]


def test_the_delivery_has_the_rows_of_duckdb_in_their_order_and_spark_never_met_the_key(
    opened: Open, coarse: Definition, tmp_path: Path
) -> None:
    run_all(opened(definition=coarse))
    other = opened(definition=coarse, out=tmp_path / "spark", settings=ON_SPARK)
    do(other, other.units[:-1])
    for file in other.workshop.folder.rglob("*"):
        if file.is_file():
            assert not [form for form in forms_of_the_key() if form.encode() in file.read_bytes()]
    run_unit(other.units[-1], other)

    assert verify(other.out) == ()
    assert rows_of(tmp_path / "spark") == rows_of(tmp_path / "out")
    one, two = (json.loads((tmp_path / name / "manifest.json").read_bytes()) for name in ("spark", "out"))
    assert "pyspark" in one["engine"]
    for manifest in (one, two):
        del manifest["engine"], manifest["binding"]
        for file in manifest["files"]:
            del file["bytes"], file["sha256"]
    assert one == two

    log = spark.event_log()
    assert "pseudonym_of_claim" in log, "the log is the one of these plans"
    listed = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    environments = subprocess.run(["/usr/bin/env"], capture_output=True, text=True, check=True).stdout
    for form in forms_of_the_key():
        assert form not in log
        assert form not in environments
        assert form.encode() not in listed


def test_a_file_that_moves_while_spark_reads_it_is_noticed(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(settings=ON_SPARK)
    until = next(place for place, unit in enumerate(run.units) if unit.kind is UnitKind.IDENTITIES)
    do(run, run.units[:until])
    with run.backend() as engine:
        write = type(engine).write

        def moved(self: Any, *given: Any) -> int:
            (file,) = run.source.files_of(_beneficiaries(), "all")
            run.source.path(file).touch()
            return write(self, *given)

        monkeypatch.setattr(type(engine), "write", moved)
        with pytest.raises(SourceError, match="changed while"):
            run_unit(run.units[until], run, engine)


def _beneficiaries() -> Any:
    from apps.extracts.engine.catalogue import CATALOGUE

    return CATALOGUE.tables["IR_BEN_R"]


def test_what_spark_chokes_on_is_one_of_its_failures(opened: Open) -> None:
    run = opened(settings=ON_SPARK)
    run.workshop.prepare()
    with run.backend() as engine:
        engine.bind("nobody", {"person": "string", "shift": "int64"}, [], {})
        assert engine.rows("SELECT * FROM nobody") == []
        with pytest.raises(engine.failures):
            engine.rows("SELECT nothing FROM nowhere")
        for stamp in (1, 2):
            engine.materialise("one", f"SELECT {stamp} AS a", stamp)
            assert engine.holds("one", stamp)
        assert engine.rows("SELECT a FROM one") == [(2,)]
        engine.let_go(but=["one", "another"])
        assert engine.holds("one", 2)
        engine.let_go(but=[])
        assert not engine.holds("one", 2)


def test_spark_reads_a_bucket_and_what_it_finds_is_delivered_to_one(opened: Open, source: Path, tmp_path: Path) -> None:
    women = Definition.from_json(WOMEN)
    run_all(opened(definition=women))
    with object_store("hdh") as bucket:
        copy = upload(source, bucket / "snds")
        given = {"source": copy, "out": bucket / "one", "work": tmp_path / "work", "settings": ON_SPARK}
        run = opened(definition=women, **given)
        run_all(run)
        assert verify(run.out) == ()
        assert rows_of(download(run.out, tmp_path / "copy")) == rows_of(tmp_path / "out")
    assert not list((tmp_path / "work").iterdir())
