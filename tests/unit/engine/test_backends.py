"""Which backends there are."""

import sys
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.backends import EngineSettings, backend_class
from apps.extracts.engine.backends.duckdb import DuckDBEngine
from apps.extracts.engine.plan.events import in_bucket
from apps.extracts.engine.problems import EngineError


def test_an_unknown_backend_is_told_with_those_there_are() -> None:
    with pytest.raises(EngineError, match="no engine 'abacus': duckdb, spark"):
        backend_class("abacus")


def test_a_backend_whose_library_is_absent_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apps.extracts.engine.backends.spark", None)
    with pytest.raises(EngineError, match="is not installed"):
        backend_class("spark")


def test_one_bucket_holds_everybody_and_many_are_told_apart_by_the_person() -> None:
    rows = ibis.table({"person": "string"}, name="rows")
    assert in_bucket(rows, 0, 1) is rows
    assert "person" in ibis.to_sql(in_bucket(rows, 1, 4), dialect="duckdb")


def test_what_is_held_is_the_relation_and_gives_way_to_the_next(tmp_path: Path) -> None:
    for name in ("one", "two"):
        pq.write_table(pa.table({"a": [name]}), tmp_path / name)
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        for name, held in (("one", True), ("two", True), ("one", False)):
            engine.bind("t", {"a": "string"}, [tmp_path / name], {}, held=held)
            assert engine.rows("SELECT a FROM t") == [(name,)]
