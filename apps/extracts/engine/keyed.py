"""Keyed functions: what an engine calls on whole columns, and never sees the key of.

``RowPseudonyms`` is AES-256-CMAC (NIST SP 800-38B) of rows of a fixed shape, computed for all the rows of a batch at
once; ``TextPseudonyms`` is HMAC-SHA-256 of texts, computed once per distinct value. An engine registers them under a
name: a statement or a plan holds that name only.
"""

import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK, WORD = 16, 8
REMEMBERED = 1_000_000
"""How many distinct texts a function remembers before it starts again."""
AT_HAND = 1024
"""How many texts are looked for at once, in a table that is made for each batch."""

Words = npt.NDArray[np.int64]


def shaped(digest: bytes) -> bytes:
    """The first 128 bits, with the version (8: custom) and variant that make a valid UUID."""
    value = bytearray(digest[:BLOCK])
    value[6] = (value[6] & 0x0F) | 0x80
    value[8] = (value[8] & 0x3F) | 0x80
    return bytes(value)


FREE = np.frombuffer(bytes(0x0F if place == 6 else 0x3F if place == 8 else 0xFF for place in range(BLOCK)), np.int64)
SET = np.frombuffer(shaped(bytes(BLOCK)), np.int64)
"""What ``shaped`` leaves alone and what it sets, as two words."""


def uuids(storage: bytes, count: int) -> Any:
    """An Arrow array of UUIDs from their bytes, one after the other."""
    fixed = pa.Array.from_buffers(pa.binary(BLOCK), count, [None, pa.py_buffer(storage)])
    return pa.ExtensionArray.from_storage(pa.uuid(), fixed)


def row_message(values: Sequence[str | int | date | None], texts: Collection[int]) -> bytes:
    """What is authenticated for one row, always of the same length; ``texts`` are the places of the texts.

    A word with one bit for each value, set when it is absent, then each value: a whole number as itself, a day as its
    number since 1970, a text as 128 bits of its SHA-256, zeros for what is absent and to the end of the block. A word
    is 8 bytes, little endian.
    """
    absent = sum(1 << place for place, value in enumerate(values) if value is None)
    words = [absent.to_bytes(WORD, "little")]
    for place, value in enumerate(values):
        words.append(bytes(BLOCK if place in texts else WORD) if value is None else _encoded(value))
    message = b"".join(words)
    return message + bytes(-len(message) % BLOCK)


def _encoded(value: str | int | date) -> bytes:
    match value:
        case str():
            return _digest(value)
        case date():
            return (value - date(1970, 1, 1)).days.to_bytes(WORD, "little", signed=True)
        case _:
            return value.to_bytes(WORD, "little", signed=True)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:BLOCK]


def row_pseudonym(key: bytes, values: Sequence[str | int | date | None], texts: Collection[int]) -> bytes:
    """The 16 bytes of one row, by the book: what ``RowPseudonyms`` does for many."""
    mac = CMAC(algorithms.AES(key))
    mac.update(row_message(values, texts))
    return shaped(mac.finalize())


class RowPseudonyms:
    """Pseudonyms of rows under one key of 32 bytes; called with one Arrow array a column.

    Engines call it on batches of two thousand rows: what a batch needs is kept from one to the next, thread by thread,
    since asking the system for it each time costs more than the cipher.
    """

    __slots__ = ("_cipher", "_last", "_scratch", "_texts")

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305  the block cipher that CMAC is made of
        self._last = np.frombuffer(_doubled(self._cipher.encryptor().update(bytes(BLOCK))), dtype=np.int64)
        self._texts = _Texts()
        self._scratch = threading.local()

    def __call__(self, columns: Sequence[Any]) -> Any:
        if not len(columns[0]):
            return uuids(b"", 0)
        whole = [_whole(column) for column in columns]
        words = [_absent(whole), *(word for column in whole for word in self._words(column))]
        blocks, state = self._room(-(-len(words) // 2), len(columns[0]))
        for place, word in enumerate(words):
            blocks[place // 2, :, place % 2] = word
        if len(words) % 2:
            blocks[-1, :, 1] = 0
        blocks[-1] ^= self._last
        return self._encrypted(blocks, state)

    def __reduce__(self) -> str:
        raise TypeError("a keyed function is never serialised")

    def _encrypted(self, blocks: Words, state: npt.NDArray[np.uint8]) -> Any:
        """Each block of all rows through the cipher, chained; the last is the pseudonym."""
        count = blocks.shape[1]
        size = count * BLOCK
        chained = state[:size].view(np.int64).reshape(count, 2)
        encrypt = self._cipher.encryptor().update_into
        encrypt(blocks[0].data.cast("B"), state.data)
        for block in blocks[1:]:
            np.bitwise_xor(block, chained, out=block)
            encrypt(block.data.cast("B"), state.data)
        chained &= FREE
        chained |= SET
        return uuids(chained.tobytes(), count)

    def _room(self, blocks: int, count: int) -> tuple[Words, npt.NDArray[np.uint8]]:
        """Where the messages of so many rows (block, row, two words) and the state of the cipher are written."""
        kept = self._scratch
        if getattr(kept, "size", 0) < blocks * count:
            kept.size = blocks * count
            kept.words = np.empty(2 * kept.size, dtype=np.int64)
            kept.state = np.empty(BLOCK * (count + 1), dtype=np.uint8)
        return kept.words[: 2 * blocks * count].reshape(blocks, count, 2), kept.state

    def _words(self, column: Any) -> list[Words]:
        if pa.types.is_string(column.type):
            taken = self._texts.of(column)
            return [taken[:, 0], taken[:, 1]]
        if pa.types.is_date(column.type):
            column = column.view(pa.int32())
        filled = column.fill_null(0) if column.null_count else column
        return [filled.to_numpy()]


class _Texts:
    """The 128 bits that stand for texts, as two words a row, zeros for what is absent.

    The texts met lately are looked for together, which is three times faster than one by one: the same few hundred
    organisations come again in each batch.
    """

    __slots__ = ("_at_hand", "_digests")

    def __init__(self) -> None:
        self._digests = _Remembered(_digest)
        self._at_hand = self._with(pa.array([], pa.string()))

    def of(self, column: Any) -> Words:
        known, words = self._at_hand
        places = pc.index_in(column, value_set=known)
        if places.null_count > column.null_count:
            known, words = self._at_hand = self._with(_met(known, column.drop_null()))
            places = pc.index_in(column, value_set=known)
        found: Words = words.take(places.fill_null(len(known)).to_numpy(), axis=0)
        return found

    def _with(self, known: Any) -> tuple[Any, Words]:
        found = b"".join(map(self._digests.of, known.to_pylist())) + bytes(BLOCK)
        return known, np.frombuffer(found, dtype=np.int64).reshape(-1, 2)


def _met(known: Any, column: Any) -> Any:
    """The texts known and those of a column, or the latter alone when they would be too many."""
    both = pc.unique(pa.concat_arrays([known, column]))
    return both if len(both) <= AT_HAND else pc.unique(column)


class TextPseudonyms:
    """Pseudonyms of texts, by a function from one text to its 16 bytes; called with one Arrow array of texts."""

    __slots__ = ("_made",)

    def __init__(self, pseudonym: Callable[[str], bytes]) -> None:
        self._made = _Remembered(pseudonym)

    def __call__(self, columns: Sequence[Any]) -> Any:
        coded = _whole(columns[0]).dictionary_encode()
        distinct = coded.dictionary
        known = uuids(b"".join(map(self._made.of, distinct.to_pylist())), len(distinct))
        return pa.ExtensionArray.from_storage(pa.uuid(), pc.take(known.storage, coded.indices))

    def __reduce__(self) -> str:
        raise TypeError("a keyed function is never serialised")


class _Remembered:
    """The results of a function, remembered for the values met lately."""

    __slots__ = ("_function", "_known")

    def __init__(self, function: Callable[[str], bytes]) -> None:
        self._function = function
        self._known: dict[str, bytes] = {}

    def of(self, text: str) -> bytes:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._function(text)
        return found


def _whole(column: Any) -> Any:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _absent(columns: Sequence[Any]) -> Words:
    absent: Words = np.zeros(len(columns[0]), dtype=np.int64)
    for place, column in enumerate(columns):
        if column.null_count:
            absent |= np.asarray(column.is_null()).astype(np.int64) << place
    return absent


def _doubled(block: bytes) -> bytes:
    """Multiplication by x in GF(2¹²⁸): the subkey that masks a last block that is full (SP 800-38B, 6.1)."""
    value = int.from_bytes(block, "big") << 1
    return ((value ^ (0x87 if value >> 128 else 0)) & (1 << 128) - 1).to_bytes(BLOCK, "big")
