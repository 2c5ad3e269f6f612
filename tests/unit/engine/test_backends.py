"""Which backends there are."""

import pytest

from apps.extracts.engine.backends import backend_class
from apps.extracts.engine.problems import EngineError


def test_an_unknown_backend_is_told_with_those_there_are() -> None:
    with pytest.raises(EngineError, match="no engine 'abacus': duckdb"):
        backend_class("abacus")
