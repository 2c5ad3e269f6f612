"""Small numbers for the persons of a cohort: their rank among their pseudonyms, in one slice of them or in several.

A slice is made of the persons whose pseudonyms begin with the same bits, which are as good as drawn by lot: slices are
alike in size, and only one of them is in memory at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from .numbering import Numbers, batches

PERSON = "PATIENT_ID"
SLICE_PERSONS = 1 << 23
"""How many persons a slice may have, about: an eighth of the country, some 300 MB while they are numbered."""
WORD_BITS = 64

Words = npt.NDArray[np.uint64]


class Slices:
    """The slices of the persons whom a file names (PATIENT_ID), once each; one alone unless they are very many."""

    def __init__(self, everybody: Path) -> None:
        self._everybody = everybody
        rows: int = pq.read_metadata(everybody).num_rows
        self._bits = (max(rows - 1, 0) // SLICE_PERSONS).bit_length()
        self.sizes: Sequence[int] = [rows] if not self._bits else self._counted()

    @property
    def count(self) -> int:
        """How many slices there are."""
        return 1 << self._bits

    @property
    def width(self) -> int:
        """How many bits the number of a person needs."""
        return max(self.sizes).bit_length()

    def persons(self, number: int) -> "Persons":
        """One slice."""
        return Persons(self._everybody, self.sizes[number], self._bits, number)

    def _counted(self) -> list[int]:
        found = np.zeros(self.count, dtype=np.int64)
        for batch in batches([self._everybody], [PERSON]):
            slices = _first_words(raw(batch.column(PERSON))) >> np.uint64(WORD_BITS - self._bits)
            found += np.bincount(slices.astype(np.int64), minlength=self.count)
        return [int(size) for size in found]


class Persons:
    """Numbers of the persons of a slice, from 0: their rank among their pseudonyms."""

    def __init__(self, everybody: Path, size: int, bits: int, number: int) -> None:
        self._bits, self._number = np.uint64(bits), np.uint64(number)
        self.are_all = not bits
        known = self._read(everybody, size)
        self._first = self._told(known)
        told_apart = bool(np.all(self._first[1:] > self._first[:-1]))
        self._known = None if told_apart else known
        del known
        ranks = size.bit_length() + 1
        self._shift = np.uint64(WORD_BITS - ranks)
        self._slots = _numbers_before(self._first >> self._shift, 1 << ranks)

    def _read(self, everybody: Path, size: int) -> Any:
        """The pseudonyms of the slice, sorted."""
        known, filled = np.empty(size, dtype="S16"), 0
        for batch in batches([everybody], [PERSON]):
            found = raw(batch.column(PERSON))
            found = found if self.are_all else found[self.own(found)]
            known[filled : filled + len(found)] = found
            filled += len(found)
        known.sort()
        return known

    def _told(self, pseudonyms: Any) -> Words:
        """What tells most persons of a slice apart: the first half of their pseudonyms, without what is common."""
        return _first_words(pseudonyms) << self._bits

    def own(self, pseudonyms: Any) -> npt.NDArray[np.bool_]:
        """Which pseudonyms are of this slice."""
        found: npt.NDArray[np.bool_] = _first_words(pseudonyms) >> (np.uint64(WORD_BITS) - self._bits) == self._number
        return found

    def of(self, pseudonyms: Any) -> Numbers:
        """The number of each; rows of a person that follow each other are looked for once."""
        starts = np.flatnonzero(changes([pseudonyms]))
        found: Numbers = np.repeat(self._found(pseudonyms[starts]), np.diff(starts, append=len(pseudonyms)))
        return found

    def _found(self, pseudonyms: Any) -> Numbers:
        """By the first half of a pseudonym, random enough to tell nearly where it is, where halves differ."""
        if self._known is not None:
            return np.asarray(np.searchsorted(self._known, pseudonyms), dtype=np.uint32)
        words = self._told(pseudonyms)
        found: Numbers = self._slots.take(words >> self._shift)
        late = np.flatnonzero(self._first[found] < words)
        while len(late):
            found[late] += 1
            late = late[self._first[found[late]] < words[late]]
        return found


def raw(pseudonyms: Any) -> Any:
    """An Arrow column of UUIDs as texts of 16 bytes, which compare as they do."""
    storage = pseudonyms.storage
    return np.frombuffer(storage.buffers()[1], dtype="S16")[storage.offset : storage.offset + len(storage)]


def changes(columns: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Which rows differ from the one before; the first does."""
    found = np.ones(len(columns[0]), dtype=bool)
    found[1:] = False
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def _numbers_before(slots: Words, count: int) -> Numbers:
    """How many persons stand in the slots before each."""
    up_to = np.bincount(slots.astype(np.int64), minlength=count)
    np.cumsum(up_to, out=up_to)
    before: Numbers = np.zeros(count, dtype=np.uint32)
    before[1:] = up_to[:-1]
    return before


def _first_words(pseudonyms: Any) -> Words:
    return np.ascontiguousarray(pseudonyms.view(">u8").reshape(-1, 2)[:, 0]).astype(np.uint64)
