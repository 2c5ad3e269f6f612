"""How exposed the persons of delivered files are: exact counts, in memory that does not grow with the rows.

A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in the
smallest. What is absent is a value like another.

Files are read once, batch by batch. Persons and values become small numbers; for each set of columns, the different
pairs of a class and a person are put in buckets by their class, on disk, and so are those of a class and a sensitive
value. A bucket then holds whole classes: it is sorted in memory and counted. See docs/adr/0220.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from .backends.base import ROW_GROUP
from .risk import SMALLEST_COUNT

PERSON = "PATIENT_ID"
BUCKET_ROWS = 1 << 20
"""About how many pairs a bucket may hold; more when there would be more than ``MOST_BUCKETS``, or in one class."""
MOST_BUCKETS = 512
MIXER = np.uint64(0x9E3779B97F4A7C15)
WORD_BITS = 64
PACKED_BITS = 64
"""Rows that need no more bits than this are sorted as one word each."""

Numbers = npt.NDArray[np.uint32]
Words = npt.NDArray[np.uint64]
Columns = Sequence[Numbers]


class Exposure(NamedTuple):
    """Counts of persons, the size of the smallest class, the least number of sensitive values in a class if known."""

    persons: int
    smallest: int
    alone: int
    in_small: int
    least_diverse: int | None


def exposures(
    files: Sequence[Path], sets: Sequence[tuple[str, ...]], diverse: str, everybody: Path, room: Path
) -> list[Exposure]:
    """The exposure of each set of columns, each set holding the one before.

    ``diverse`` is the sensitive column, or empty: nothing is then known of diversity. ``everybody`` is a file that
    names the persons who may be in ``files`` (PATIENT_ID), once each; ``room`` a folder for what is written meanwhile.
    """
    persons = _Persons(everybody)
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    with tempfile.TemporaryDirectory(dir=room) as folder:
        buckets = min(-(-rows // BUCKET_ROWS) or 1, MOST_BUCKETS)
        people = [_Pairs(Path(folder, f"people-{place}"), buckets) for place in range(len(sets))]
        values = [_Pairs(Path(folder, f"values-{place}"), buckets) for place in range(len(sets)) if diverse]
        for who, classes, told in _numbered(files, sets[-1], diverse, persons):
            _put(people, sets, [*classes, who])
            _put(values, sets, [*classes, *told])
        least = [_least(pairs) for pairs in values] or [None] * len(sets)
        return [_exposure(pairs, persons, fewest) for pairs, fewest in zip(people, least, strict=True)]


def _put(pairs: Sequence["_Pairs"], sets: Sequence[tuple[str, ...]], rows: list[Numbers]) -> None:
    """Put the pairs of a batch at their place, from the finest set, whose few different rows make those of the next."""
    for found, columns in zip(reversed(pairs), reversed(sets), strict=False):
        rows = _distinct([*rows[: len(columns)], rows[-1]])
        found.add(rows)


def _numbered(
    files: Sequence[Path], columns: Sequence[str], diverse: str, persons: "_Persons"
) -> Iterator[tuple[Numbers, list[Numbers], list[Numbers]]]:
    """The rows of the files as numbers, a batch at a time: persons, values of the columns, sensitive values."""
    asked = [*columns, *([diverse] if diverse else [])]
    codes = [_Codes() for _ in asked]
    for file in files:
        with pq.ParquetFile(file, read_dictionary=asked) as stream:
            for batch in stream.iter_batches(ROW_GROUP, columns=[PERSON, *dict.fromkeys(asked)]):
                numbers = [code.of(batch.column(name)) for code, name in zip(codes, asked, strict=True)]
                yield persons.of(batch.column(PERSON)), numbers[: len(columns)], numbers[len(columns) :]


class _Codes:
    """Numbers of the values of a column, in the order in which they are met; 0 for what is absent."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}

    def of(self, column: Any) -> Numbers:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        met = [self._known.setdefault(value, len(self._known) + 1) for value in coded.dictionary.to_pylist()]
        numbers: Numbers = np.array([*met, 0], dtype=np.uint32)
        found: Numbers = numbers[coded.indices.fill_null(len(met)).to_numpy()]
        return found


class _Persons:
    """Numbers of persons, from 0: their rank among their pseudonyms."""

    def __init__(self, everybody: Path) -> None:
        self._known = np.sort(_bytes(pq.read_table(everybody, columns=[PERSON]).column(PERSON).combine_chunks()))
        self._first = _first_words(self._known)
        self._told_apart = bool(np.all(self._first[1:] > self._first[:-1]))
        self.count = len(self._known)
        bits = self.count.bit_length() + 1
        self._shift = np.uint64(WORD_BITS - bits)
        slots = np.arange(1 << bits, dtype=np.uint64) << self._shift
        self._slots = np.searchsorted(self._first, slots).astype(np.uint32)

    def of(self, pseudonyms: Any) -> Numbers:
        """The number of each; rows of a person that follow each other are looked for once."""
        asked = _bytes(pseudonyms)
        starts = np.flatnonzero(_changes([asked]))
        found: Numbers = np.repeat(self._found(asked[starts]), np.diff(starts, append=len(asked)))
        return found

    def _found(self, pseudonyms: Any) -> Numbers:
        """By the first half of a pseudonym, random enough to tell nearly where it is, where halves differ."""
        if not self._told_apart:
            return np.asarray(np.searchsorted(self._known, pseudonyms), dtype=np.uint32)
        words = _first_words(pseudonyms)
        found: Numbers = self._slots.take(words >> self._shift)
        late = np.flatnonzero(self._first[found] < words)
        while len(late):
            found[late] += 1
            late = late[self._first[found[late]] < words[late]]
        return found


def _bytes(pseudonyms: Any) -> Any:
    """UUIDs as texts of 16 bytes, which compare as they do."""
    storage = pseudonyms.storage
    return np.frombuffer(storage.buffers()[1], dtype="S16")[storage.offset : storage.offset + len(storage)]


def _first_words(pseudonyms: Any) -> Words:
    return np.ascontiguousarray(pseudonyms.view(">u8").reshape(-1, 2)[:, 0]).astype(np.uint64)


class _Pairs:
    """Different pairs of a class (all columns but the last) and a member, on disk, each class whole in its bucket."""

    def __init__(self, folder: Path, buckets: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._buckets = buckets
        self._width = 1

    def add(self, columns: Columns) -> None:
        self._width = len(columns)
        bucket = (_mixed(columns[:-1]) % np.uint64(self._buckets)).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")
        rows = np.stack(columns, axis=1).take(order, axis=0)
        bounds = np.searchsorted(bucket[order], np.arange(self._buckets + 1))
        for number in np.flatnonzero(np.diff(bounds)):
            with (self._folder / str(number)).open("ab") as stream:
                rows[bounds[number] : bounds[number + 1]].tofile(stream)

    def classes(self) -> Iterator[tuple[npt.NDArray[np.int64], Numbers]]:
        """For the classes of each bucket: where each begins in the list of their members, which follows."""
        for file in sorted(self._folder.iterdir()):
            rows = np.fromfile(file, dtype=np.uint32).reshape(-1, self._width)
            columns = _distinct(list(rows.T))
            yield np.flatnonzero(_changes(columns[:-1])), columns[-1]


def _mixed(columns: Columns) -> Words:
    """A hash of each row."""
    found = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        found = (found ^ column) * MIXER
        found ^= found >> np.uint64(29)
    return found


def _distinct(columns: Columns) -> list[Numbers]:
    """The different rows, sorted: as one word each where they have room in it."""
    widths = [int(column.max(initial=0)).bit_length() for column in columns]
    if sum(widths) > PACKED_BITS:
        order = np.lexsort(columns[::-1])
        ordered = [column[order] for column in columns]
        return [column[_changes(ordered)] for column in ordered]
    packed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column, width in zip(columns, widths, strict=True):
        packed = packed << np.uint64(width) | column
    packed.sort()
    packed = packed[_changes([packed])]
    found: list[Numbers] = []
    for width in reversed(widths):
        found.append((packed & np.uint64((1 << width) - 1)).astype(np.uint32))
        packed >>= np.uint64(width)
    return found[::-1]


def _changes(columns: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Which rows differ from the one before; the first does."""
    found = np.ones(len(columns[0]), dtype=bool)
    found[1:] = False
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def _exposure(pairs: _Pairs, persons: _Persons, least_diverse: int | None) -> Exposure:
    seen, alone, in_small = (np.zeros(persons.count, dtype=bool) for _ in range(3))
    smallest = []
    for starts, members in pairs.classes():
        sizes = np.diff(starts, append=len(members))
        smallest.append(int(sizes.min()))
        seen[members] = True
        alone[members[starts[sizes == 1]]] = True
        in_small[members[np.repeat(sizes < SMALLEST_COUNT, sizes)]] = True
    counts = (int(np.count_nonzero(which)) for which in (seen, alone, in_small))
    everybody, by_themselves, in_few = counts
    return Exposure(everybody, min(smallest, default=0), by_themselves, in_few, least_diverse)


def _least(pairs: _Pairs) -> int | None:
    """The least number of different values in a class, where what is absent is none; ``None`` without any class."""
    counts = (np.add.reduceat(values > 0, starts, dtype=np.int64).min() for starts, values in pairs.classes())
    return min(map(int, counts), default=None)
