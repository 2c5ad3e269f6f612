"""How exposed the persons of delivered files are: exact counts, in memory that does not grow with the rows.

A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in the
smallest. What is absent is a value like another.

Files are read batch by batch. Persons and values become small numbers, packed in one word a row where they fit; for
each set of columns, the different pairs of a class and a person are put in buckets by their class, on disk, and so are
those of a class and a sensitive value. A bucket then holds whole classes: it is sorted in memory and counted. Of very
many persons, this is done for a slice of them after the other, and the sizes of a class in each slice are added up. See
docs/adr/0220, 0275 and 0301.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from .numbering import Numbering, Numbers, batches, numberings
from .persons import PERSON, Persons, Slices, Words, changes, raw
from .risk import SMALLEST_COUNT

BUCKET_ROWS = 1 << 19
"""About how many pairs a bucket may hold; more when there would be more than ``MOST_BUCKETS``, or in one class."""
MOST_BUCKETS = 512
PIECE_ROWS = 1 << 17
"""How many pairs are read at once, at least."""
MIXER = np.uint64(0x9E3779B97F4A7C15)
HALF = np.uint64(32)
PACKED_BITS = 64
"""How many bits of a row one word may hold."""
SEEN, ALONE, IN_SMALL = np.uint8(1), np.uint8(2), np.uint8(4)
"""What is remembered of a person."""

Columns = Sequence[Numbers]
Sets = Sequence[tuple[str, ...]]


class Exposure(NamedTuple):
    """Counts of persons, the size of the smallest class, the least number of sensitive values in a class if known."""

    persons: int
    smallest: int
    alone: int
    in_small: int
    least_diverse: int | None


def exposures(files: Sequence[Path], sets: Sets, diverse: str, everybody: Path, room: Path) -> list[Exposure]:
    """The exposure of each set of columns, each set holding the one before.

    ``diverse`` is the sensitive column, or empty: nothing is then known of diversity. ``everybody`` is a file that
    names the persons who may be in ``files`` (PATIENT_ID), once each; ``room`` a folder for what is written meanwhile.
    """
    slices = Slices(everybody)
    known = numberings(files, list(dict.fromkeys([*sets[-1], *([diverse] if diverse else [])])))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    buckets = min(-(-rows // BUCKET_ROWS) or 1, MOST_BUCKETS)
    with tempfile.TemporaryDirectory(dir=room) as folder:

        def pairs(name: str, member: int) -> list[_Pairs]:
            layouts = [_Layout([*(known[column].width for column in columns), member]) for columns in sets]
            return [_Pairs(Path(folder, f"{name}-{place}"), buckets, found) for place, found in enumerate(layouts)]

        people = [pairs(f"people-{number}", slices.width) for number in range(slices.count)]
        values = pairs("values", known[diverse].width) if diverse else []
        for number, found in enumerate(people):
            for classes, who, told in _rows(files, slices.persons(number), sets[-1], diverse, known):
                _put(found, sets, [*classes, who])
                # Values are those of everybody's rows: each slice has its own.
                _put(values, sets, [*classes, *told])
        least = [_least(found) for found in values] or [None] * len(sets)
        parts = zip(*people, strict=True)
        return [_exposure(found, slices.sizes, fewest) for found, fewest in zip(parts, least, strict=True)]


def _put(pairs: Sequence["_Pairs"], sets: Sets, rows: list[Numbers]) -> None:
    """Put the pairs of a batch at their place, from the finest set, whose few different rows make those of the next."""
    for found, columns in zip(reversed(pairs), reversed(sets), strict=False):
        packed = _distinct(found.layout.pack([*rows[: len(columns)], rows[-1]]))
        found.add(packed)
        rows = found.layout.unpack(packed)


def _rows(
    files: Sequence[Path], persons: Persons, columns: Sequence[str], diverse: str, known: Mapping[str, Numbering]
) -> Iterator[tuple[list[Numbers], Numbers, list[Numbers]]]:
    """The rows of some persons as numbers, a batch at a time: values of the columns, persons, sensitive values."""
    for batch in batches(files, [PERSON, *known]):
        pseudonyms = raw(batch.column(PERSON))
        numbers = [known[name].of(batch.column(name)) for name in (*columns, *([diverse] if diverse else []))]
        if not persons.are_all:
            own = persons.own(pseudonyms)
            pseudonyms, numbers = pseudonyms[own], [column[own] for column in numbers]
        if len(pseudonyms):
            yield numbers[: len(columns)], persons.of(pseudonyms), numbers[len(columns) :]


class _Layout:
    """How rows of small numbers are packed in words, as few as hold them; the member, which comes last, in low bits."""

    def __init__(self, widths: Sequence[int]) -> None:
        self._widths = [np.uint64(width) for width in widths]
        self._places: list[list[int]] = []
        room = -1
        for place in reversed(range(len(widths))):
            if widths[place] > room:
                self._places.insert(0, [])
                room = PACKED_BITS
            self._places[0].insert(0, place)
            room -= widths[place]

    @property
    def words(self) -> int:
        """How many words a row takes."""
        return len(self._places)

    def pack(self, columns: Columns) -> list[Words]:
        """Rows as words, which sort as their columns do."""
        return [self._packed(columns, places) for places in self._places]

    def _packed(self, columns: Columns, places: Sequence[int]) -> Words:
        packed = columns[places[0]].astype(np.uint64)
        for place in places[1:]:
            packed <<= self._widths[place]
            packed |= columns[place]
        return packed

    def unpack(self, words: Sequence[Words]) -> list[Numbers]:
        """The columns again."""
        found: list[Numbers] = []
        for word, places in zip(words, self._places, strict=True):
            left, columns = word, []
            for place in reversed(places):
                columns.append(self._lowest(left, place))
                left = left >> self._widths[place]
            found += columns[::-1]
        return found

    def classes(self, words: Sequence[Words]) -> list[Words]:
        """What is left of rows without their member."""
        return [*words[:-1], words[-1] >> self._widths[-1]]

    def members(self, words: Sequence[Words]) -> Numbers:
        """The members alone."""
        return self._lowest(words[-1], -1)

    def _lowest(self, word: Words, place: int) -> Numbers:
        return (word & ((np.uint64(1) << self._widths[place]) - np.uint64(1))).astype(np.uint32)


class _Pairs:
    """Different pairs of a class (all columns but the last) and a member, on disk, each class whole in its bucket."""

    def __init__(self, folder: Path, buckets: int, layout: _Layout) -> None:
        folder.mkdir()
        self._folder = folder
        self.buckets = buckets
        self.layout = layout

    def add(self, words: Sequence[Words]) -> None:
        bucket = ((_mixed(self.layout.classes(words)) >> HALF) * np.uint64(self.buckets) >> HALF).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")
        rows = np.stack(words, axis=1).take(order, axis=0)
        bounds = np.searchsorted(bucket[order], np.arange(self.buckets + 1))
        for number in np.flatnonzero(np.diff(bounds)):
            with (self._folder / str(number)).open("ab") as stream:
                rows[bounds[number] : bounds[number + 1]].tofile(stream)

    def classes(self, bucket: int) -> "_Classes":
        """The classes of a bucket with their members."""
        file = self._folder / str(bucket)
        words = self._different(file) if file.exists() else [np.empty(0, dtype=np.uint64)] * self.layout.words
        classes = self.layout.classes(words)
        starts = np.flatnonzero(changes(classes))
        return _Classes(classes, starts, self.layout.members(words))

    def _different(self, file: Path) -> list[Words]:
        """The different pairs of a bucket, read in pieces: coarse classes hold the same persons in each month."""
        width = self.layout.words
        found: list[Words] = [np.empty(0, dtype=np.uint64)] * width
        with file.open("rb") as stream:
            while (read := np.fromfile(stream, np.uint64, width * max(PIECE_ROWS, len(found[0])))).size:
                piece = read.reshape(-1, width).T
                found = _distinct([np.concatenate(both) for both in zip(found, piece, strict=True)])
        return found


class _Classes(NamedTuple):
    """The class of each pair of a bucket, where each class begins, and the member of each pair."""

    pairs: list[Words]
    starts: npt.NDArray[np.int64]
    members: Numbers

    @property
    def words(self) -> list[Words]:
        """The classes, once each."""
        return [word[self.starts] for word in self.pairs]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many members each class has here."""
        return np.diff(self.starts, append=len(self.members))


def _mixed(words: Sequence[Words]) -> Words:
    """A hash of each row."""
    found = np.zeros(len(words[0]), dtype=np.uint64)
    for word in words:
        found = (found ^ word) * MIXER
        found ^= found >> np.uint64(29)
    return found


def _distinct(words: Sequence[Words]) -> list[Words]:
    """The different rows, sorted; a single word is sorted where it is."""
    if len(words) == 1:
        words[0].sort()
        return [words[0][changes(words)]]
    order = np.lexsort(words[::-1])
    ordered = [word[order] for word in words]
    return [word[changes(ordered)] for word in ordered]


def _exposure(parts: Sequence[_Pairs], persons: Sequence[int], least_diverse: int | None) -> Exposure:
    """The exposure of one set of columns, from the pairs of each slice of persons."""
    marks = [np.zeros(count, dtype=np.uint8) for count in persons]
    smallest = []
    for bucket in range(parts[0].buckets):
        totals = _totals(parts, bucket) if len(parts) > 1 else None
        for place, part in enumerate(parts):
            found = part.classes(bucket)
            sizes = found.sizes if totals is None else totals[place]
            smallest += [int(sizes.min())] if len(sizes) else []
            marks[place][found.members] |= SEEN
            marks[place][found.members[found.starts[sizes == 1]]] |= ALONE
            marks[place][found.members[np.repeat(sizes < SMALLEST_COUNT, found.sizes)]] |= IN_SMALL
    seen, alone, in_small = (sum(int(np.count_nonzero(of & mark)) for of in marks) for mark in (SEEN, ALONE, IN_SMALL))
    return Exposure(seen, min(smallest, default=0), alone, in_small, least_diverse)


def _totals(parts: Sequence[_Pairs], bucket: int) -> list[npt.NDArray[np.int64]]:
    """How many persons of all slices the classes of a bucket have, for the classes that each slice has there."""
    found = [(classes.words, classes.sizes) for classes in (part.classes(bucket) for part in parts)]
    sizes = np.concatenate([own for _, own in found])
    words = [np.concatenate(column) for column in zip(*(own for own, _ in found), strict=True)]
    order = np.lexsort(words[::-1])
    new = changes([word[order] for word in words])
    totals = np.empty_like(sizes)
    totals[order] = np.add.reduceat(sizes[order], np.flatnonzero(new))[np.cumsum(new) - 1] if len(sizes) else sizes
    return np.split(totals, np.cumsum([len(own) for _, own in found])[:-1])


def _least(pairs: _Pairs) -> int | None:
    """The least number of different values in a class, where what is absent is none; ``None`` without any class."""
    found = (pairs.classes(bucket) for bucket in range(pairs.buckets))
    counts = (np.add.reduceat(one.members > 0, one.starts, dtype=np.int64).min() for one in found if len(one.starts))
    return min(map(int, counts), default=None)
