"""Which backends there are."""

import sys

import ibis  # type: ignore[import-untyped]
import pytest

from apps.extracts.engine.backends import backend_class
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
