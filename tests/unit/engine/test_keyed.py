"""Keyed functions: the same values by columns as one by one, by the book, and silent about their key."""

import pickle
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as some

from apps.extracts.engine import keyed
from apps.extracts.engine.catalogue import Kind
from apps.extracts.engine.keyed import RowPseudonyms, row_message, row_pseudonym, shaped
from apps.extracts.engine.pseudonyms import ProjectKey

SECRET = bytes(range(32))
TYPES = (pa.int64(), pa.string(), pa.date32())
WHOLE = some.one_of(some.none(), some.integers(-(2**63), 2**63 - 1))
TEXTS = some.one_of(some.none(), some.text(max_size=20))
DAYS = some.one_of(some.none(), some.dates())


def of(rows: list[tuple[Any, ...]]) -> list[bytes]:
    columns = [
        pa.chunked_array([pa.array(values, kind)]) for values, kind in zip(zip(*rows, strict=True), TYPES, strict=True)
    ]
    return [value.bytes for value in RowPseudonyms(SECRET)(columns).to_pylist()]


@given(rows=some.lists(some.tuples(WHOLE, TEXTS, DAYS), min_size=1))
def test_rows_have_the_pseudonyms_that_the_book_gives_one_by_one(rows: list[tuple[Any, ...]]) -> None:
    assert of(rows) == [row_pseudonym(SECRET, row, {1}) for row in rows]


def test_keys_of_an_even_number_of_words_too() -> None:
    named = RowPseudonyms(SECRET)([pa.chunked_array([pa.array([7, None], pa.int64())])]).to_pylist()
    assert [value.bytes for value in named] == [row_pseudonym(SECRET, (whole,), set()) for whole in (7, None)]


def test_one_row_is_the_cmac_of_its_message() -> None:
    mac = CMAC(algorithms.AES(SECRET))
    mac.update(row_message((7, "x", date(2021, 1, 1)), {1}))
    assert of([(7, "x", date(2021, 1, 1))]) == [shaped(mac.finalize())]


def test_what_is_absent_is_neither_zero_nor_the_empty_text() -> None:
    rows = [(None, "", date(1970, 1, 1)), (0, None, date(1970, 1, 1)), (0, "", None), (0, "", date(1970, 1, 1))]
    assert len(set(of(rows))) == 4


def test_no_row_at_all_gives_no_pseudonym() -> None:
    assert len(RowPseudonyms(SECRET)([pa.array([], kind) for kind in TYPES])) == 0


def test_texts_have_the_pseudonyms_of_the_key_and_absence_stays_absence() -> None:
    key = ProjectKey(SECRET)
    found = key.functions()[Kind.PROFESSIONAL]([pa.array(["1", None, "2", "1"])])
    one, two = (key.pseudonym(Kind.PROFESSIONAL, text) for text in "12")
    assert found.to_pylist() == [one, None, two, one]


def test_a_distinct_text_is_computed_once_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed, "REMEMBERED", 2)
    asked: list[str] = []
    function = keyed.TextPseudonyms(lambda text: (asked.append(text), bytes(16))[1])
    function([pa.array(["a", "b", "a"])])
    function([pa.array(["b"])])
    assert asked == ["a", "b"]
    function([pa.array(["c"])])
    function([pa.array(["a"])])
    assert asked == ["a", "b", "c", "a"]


def test_a_keyed_function_is_never_serialised() -> None:
    for function in ProjectKey(SECRET).functions().values():
        with pytest.raises(TypeError, match="never serialised"):
            pickle.dumps(function)


def test_many_texts_have_the_pseudonyms_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed, "AT_HAND", 3)
    named = RowPseudonyms(SECRET)
    for texts in (["a", "b"], ["b", None, "c"], ["d", "e"], ["f", "g", "h", "i"], ["a"]):
        found = [
            value.bytes for value in named([pa.chunked_array([[text] for text in texts], pa.string())]).to_pylist()
        ]
        assert found == [row_pseudonym(SECRET, (text,), {0}) for text in texts]
