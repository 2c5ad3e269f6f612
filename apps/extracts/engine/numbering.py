"""Small numbers in place of the values of columns of Parquet files; 0 for what is absent.

Whole numbers and days are counted from the least one that the footers of the files tell; other values are numbered as
they are met, in a first reading of the dictionaries of the files. How many bits a column needs is known before the
rows are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from .backends.base import ROW_GROUP
from .parquet import opened

Numbers = npt.NDArray[np.uint32]
WIDEST_RANGE = 1 << 20
"""Beyond this many possible values, only those that are met have a number."""
Bounds = tuple[int, int]


class Numbering(Protocol):
    """The numbers of the values of one column."""

    @property
    def width(self) -> int:
        """How many bits the greatest number needs."""

    def of(self, column: Any) -> Numbers:
        """The numbers of an Arrow column, row by row."""


class FromLeast:
    """Numbers of whole numbers or days between two of them, both included: 1 for the least."""

    def __init__(self, bounds: Bounds) -> None:
        least, greatest = bounds
        self._absent = least - 1
        self.width = (greatest - self._absent).bit_length()

    def of(self, column: Any) -> Numbers:
        whole = column.cast(pa.int32()) if pa.types.is_date(column.type) else column
        filled = whole.fill_null(self._absent) if whole.null_count else whole
        found: Numbers = (filled.to_numpy() - self._absent).astype(np.uint32)
        return found


class AsMet:
    """Numbers of values in the order in which they are met."""

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}

    @property
    def width(self) -> int:
        return len(self._known).bit_length()

    def meet(self, column: Any) -> list[int]:
        """The numbers of the different values of a column, in their order there."""
        values = column.dictionary.to_pylist()
        return [self._known.setdefault(value, len(self._known) + 1) for value in values]

    def of(self, column: Any) -> Numbers:
        coded = _coded(column)
        numbers: Numbers = np.array([*self.meet(coded), 0], dtype=np.uint32)
        found: Numbers = numbers.take(coded.indices.fill_null(len(numbers) - 1).to_numpy())
        return found


def numberings(files: Sequence[Path], columns: Sequence[str]) -> Mapping[str, Numbering]:
    """How the values of each column are numbered, in all the files alike."""
    bounds = _bounds(files, columns)
    ranged = {name: FromLeast(found) for name, found in bounds.items() if found}
    met = {name: AsMet() for name in columns if name not in ranged}
    for batch in batches(files, [*met]) if met else ():
        for name, numbering in met.items():
            numbering.meet(_coded(batch.column(name)))
    return {**ranged, **met}


def batches(files: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """These columns of the files, texts coded by their dictionaries."""
    for file in files:
        texts = [field.name for field in pq.read_schema(file) if pa.types.is_string(field.type)]
        with opened(file, texts) as stream:
            yield from stream.iter_batches(ROW_GROUP, columns=[*columns], use_threads=False)


def _coded(column: Any) -> Any:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _bounds(files: Sequence[Path], columns: Sequence[str]) -> dict[str, Bounds | None]:
    """The least and the greatest value of each column; ``None`` where footers do not tell, or where they are far."""
    ends: dict[str, list[Any]] = {name: [] for name in columns}
    for file in files:
        footer = pq.read_metadata(file)
        for name, found in ends.items():
            found.extend(_ends(footer, footer.schema.names.index(name)))
    return {name: _range(found) for name, found in ends.items()}


def _ends(footer: pq.FileMetaData, place: int) -> Iterator[Any]:
    for group in range(footer.num_row_groups):
        told = footer.row_group(group).column(place).statistics
        yield from (told.min, told.max) if told is not None and told.has_min_max else (None,)


def _range(ends: Sequence[Any]) -> Bounds | None:
    if not ends or not all(isinstance(end, int | date) for end in ends):
        return None
    numbers = [(end - date(1970, 1, 1)).days if isinstance(end, date) else end for end in ends]
    least, greatest = min(numbers), max(numbers)
    return (least, greatest) if greatest - least < WIDEST_RANGE else None
