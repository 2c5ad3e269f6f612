"""Which backends there are."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.backends import EngineSettings, backend_class
from apps.extracts.engine.backends.duckdb import DuckDBEngine
from apps.extracts.engine.catalogue import CLAIM_KEYS
from apps.extracts.engine.criteria import Period
from apps.extracts.engine.filters import Filter
from apps.extracts.engine.plan.buckets import in_bucket
from apps.extracts.engine.plan.relations import compiled, relation
from apps.extracts.engine.plan.rows import dated_care, masked_care
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
            assert engine.rows('SELECT a FROM "t"') == [(name,)]


def test_a_relation_is_what_it_was_last_bound_to_whatever_the_query_begins_with(tmp_path: Path) -> None:
    for number in (1, 2):
        pq.write_table(pa.table({"a": [number], "b": [number]}), tmp_path / str(number))
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        for number, shape in ((1, {"a": "int64"}), (2, {"a": "int64"}), (2, {"a": "int64", "b": "int64"})):
            engine.bind("t", shape, [tmp_path / str(number)], {})
            engine.bind_row("one", {"c": 7})
            assert engine.rows('WITH "u" AS (SELECT * FROM "t") SELECT * FROM "u" CROSS JOIN "one"') == [
                (*[number] * len(shape), 7)
            ]
            assert engine.rows("SELECT 3") == [(3,)]


def test_a_query_reads_the_columns_that_it_names_and_no_other() -> None:
    def care(filters: tuple[Filter, ...]) -> ir.Table:
        return masked_care(dated_care(Period(date(2021, 1, 1), date(2021, 12, 31)), "PRS_NAT_REF"), filters)

    def read(*filters: Filter) -> Mapping[str, set[str]]:
        return {name: set(shape) for name, shape in compiled(care, filters).relations.items()}

    asked = {*CLAIM_KEYS, "BEN_NIR_PSA", "BEN_RNG_GEM", "EXE_SOI_DTD", "PRS_NAT_REF"}
    lines = asked | {"DPN_QLF", "PRS_DPN_QLP", "CPL_MAJ_TOP"}
    assert read() == {"ER_PRS_F": lines}
    assert read(Filter.DCIR_PUBLIC_ACTIVITY) == {"ER_PRS_F": lines, "ER_ETE_F": {*CLAIM_KEYS, "ETE_IND_TAA"}}


def test_a_relation_asked_for_with_other_columns_is_read_with_all_of_them() -> None:
    def twice() -> ir.Table:
        return relation("people", "person", "sex").join(relation("people", "person", "died"), "person")

    assert dict(compiled(twice).relations) == {"people": {"died": "date", "person": "string", "sex": "int64"}}


def test_what_is_let_go_is_no_longer_there(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "one")
    with DuckDBEngine(EngineSettings(), tmp_path) as engine:
        engine.bind("held", {"a": "int64"}, [tmp_path / "one"], {}, held=True)
        engine.materialise("made", "SELECT 2 AS a", stamp="made")
        engine.let_go(but=["made", "never"])
        assert engine.rows('SELECT a FROM "made"') == [(2,)]
        with pytest.raises(engine.failures):
            engine.rows('SELECT a FROM "held"')
        engine.let_go(but=[])
        assert not engine.holds("made", "made")
        engine.bind("held", {"a": "int64"}, [tmp_path / "one"], {}, held=True)
        assert engine.rows('SELECT a FROM "held"') == [(1,)]
