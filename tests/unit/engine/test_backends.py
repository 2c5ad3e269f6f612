"""Which backends there are."""

import sys

import pytest

from apps.extracts.engine.backends import backend_class
from apps.extracts.engine.problems import EngineError


def test_an_unknown_backend_is_told_with_those_there_are() -> None:
    with pytest.raises(EngineError, match="no engine 'abacus': duckdb, spark"):
        backend_class("abacus")


def test_a_backend_whose_library_is_absent_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apps.extracts.engine.backends.spark", None)
    with pytest.raises(EngineError, match="is not installed"):
        backend_class("spark")
