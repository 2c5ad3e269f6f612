"""How exposed the persons of delivered files are: exact counts, in memory that does not grow with the rows.

A class is made of the persons who have a row with the same values; a person in several classes is as exposed as in the
smallest. What is absent is a value like another.

Files are read batch by batch. Persons and values become small numbers, packed in one word a row where they fit; for
each set of columns, the different pairs of a class and a person are put in buckets by their class, on disk, and so are
those of a class and a sensitive value. A bucket then holds whole classes: it is sorted in memory and counted. See
docs/adr/0220 and 0275.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from .numbering import Numbering, Numbers, batches, numberings
from .risk import SMALLEST_COUNT

PERSON = "PATIENT_ID"
BUCKET_ROWS = 1 << 19
"""About how many pairs a bucket may hold; more when there would be more than ``MOST_BUCKETS``, or in one class."""
MOST_BUCKETS = 512
PIECE_ROWS = 1 << 17
"""How many pairs are read at once, at least."""
MIXER = np.uint64(0x9E3779B97F4A7C15)
WORD_BITS = 64
HALF = np.uint64(32)
PACKED_BITS = 64
"""How many bits of a row one word may hold."""

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
    known = numberings(files, list(dict.fromkeys([*sets[-1], *([diverse] if diverse else [])])))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    buckets = min(-(-rows // BUCKET_ROWS) or 1, MOST_BUCKETS)
    with tempfile.TemporaryDirectory(dir=room) as folder:

        def pairs(name: str, columns: Sequence[str], member: int) -> _Pairs:
            widths = [*(known[column].width for column in columns), member]
            return _Pairs(Path(folder, f"{name}-{len(columns)}"), buckets, _Layout(widths))

        people = [pairs("people", columns, persons.count.bit_length()) for columns in sets]
        values = [pairs("values", columns, known[diverse].width) for columns in sets if diverse]
        for who, classes, told in _rows(files, sets[-1], diverse, persons, known):
            _put(people, sets, [*classes, who])
            _put(values, sets, [*classes, *told])
        least = [_least(found) for found in values] or [None] * len(sets)
        return [_exposure(found, persons, fewest) for found, fewest in zip(people, least, strict=True)]


def _put(pairs: Sequence["_Pairs"], sets: Sequence[tuple[str, ...]], rows: list[Numbers]) -> None:
    """Put the pairs of a batch at their place, from the finest set, whose few different rows make those of the next."""
    for found, columns in zip(reversed(pairs), reversed(sets), strict=False):
        packed = _distinct(found.layout.pack([*rows[: len(columns)], rows[-1]]))
        found.add(packed)
        rows = found.layout.unpack(packed)


def _rows(
    files: Sequence[Path], columns: Sequence[str], diverse: str, persons: "_Persons", known: Mapping[str, Numbering]
) -> Iterator[tuple[Numbers, list[Numbers], list[Numbers]]]:
    """The rows of the files as numbers, a batch at a time: persons, values of the columns, sensitive values."""
    for batch in batches(files, [PERSON, *known]):
        classes = [known[name].of(batch.column(name)) for name in columns]
        told = [known[diverse].of(batch.column(diverse))] if diverse else []
        yield persons.of(batch.column(PERSON)), classes, told


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
        self._buckets = buckets
        self.layout = layout

    def add(self, words: Sequence[Words]) -> None:
        bucket = ((_mixed(self.layout.classes(words)) >> HALF) * np.uint64(self._buckets) >> HALF).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")
        rows = np.stack(words, axis=1).take(order, axis=0)
        bounds = np.searchsorted(bucket[order], np.arange(self._buckets + 1))
        for number in np.flatnonzero(np.diff(bounds)):
            with (self._folder / str(number)).open("ab") as stream:
                rows[bounds[number] : bounds[number + 1]].tofile(stream)

    def classes(self) -> Iterator[tuple[npt.NDArray[np.int64], Numbers]]:
        """For the classes of each bucket: where each begins in the list of their members, which follows."""
        for file in sorted(self._folder.iterdir()):
            words = self._different(file)
            yield np.flatnonzero(_changes(self.layout.classes(words))), self.layout.members(words)

    def _different(self, file: Path) -> list[Words]:
        """The different pairs of a bucket, read in pieces: coarse classes hold the same persons in each month."""
        width = self.layout.words
        found: list[Words] = [np.empty(0, dtype=np.uint64)] * width
        with file.open("rb") as stream:
            while (read := np.fromfile(stream, np.uint64, width * max(PIECE_ROWS, len(found[0])))).size:
                piece = read.reshape(-1, width).T
                found = _distinct([np.concatenate(both) for both in zip(found, piece, strict=True)])
        return found


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
        return [words[0][_changes(words)]]
    order = np.lexsort(words[::-1])
    ordered = [word[order] for word in words]
    return [word[_changes(ordered)] for word in ordered]


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
