"""DuckDB, embedded: binds relations to Parquet files, writes results as Parquet with reproducible bytes."""

import inspect
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import duckdb

from apps.extracts.engine.places import ObjectFiles, Place

from .base import ROW_GROUP, EngineSettings, Keyed

SQL_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "date": "DATE",
    "uuid": "UUID",
}
PARQUET = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
"""How files are written. Level 1: pseudonyms do not compress, so that level 3 gains 0.4 % for a tenth more work."""
NAMED = re.compile(r'(?:FROM|JOIN) "(\w+)"')
"""A relation in the text of a query."""


class DuckDBEngine:
    """One connection, in memory; ``temporary`` is where it may spill."""

    dialect: ClassVar[str] = "duckdb"
    failures: ClassVar[tuple[type[Exception], ...]] = (duckdb.Error,)
    libraries: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: EngineSettings, temporary: Path) -> None:
        self.ordered = settings.ordered
        self._bound: dict[str, Hashable] = {}
        self._tables: set[str] = set()
        self._texts: dict[str, str] = {}  # what relations of files are, until a query names them
        self._keyed_for = ""
        self._connection = duckdb.connect(
            config={
                "memory_limit": settings.memory_limit,
                "threads": settings.threads,
                "temp_directory": str(temporary),
                "preserve_insertion_order": False,
                "arrow_lossless_conversion": True,
                "enable_external_file_cache": False,
            }
        )

        self._connection.register_filesystem(ObjectFiles())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def know(self, key_id: str, functions: Mapping[str, tuple[Sequence[str], Keyed]]) -> None:
        """Register the keyed functions of a project: by name, the types of their arguments and the function itself."""
        if self._keyed_for == key_id:
            return
        for name, (arguments, function) in functions.items():
            if self._keyed_for:
                self._connection.remove_function(name)
            types = [SQL_TYPES[kind] for kind in arguments]
            columns: Any = _of_columns(function, len(types))
            self._connection.create_function(  # type: ignore[call-overload]
                name, columns, types, "UUID", type="arrow", null_handling="special"
            )
        self._keyed_for = key_id

    def bind(
        self,
        name: str,
        shape: Mapping[str, str],
        files: Sequence[Place],
        hive: Mapping[str, str],
        *,
        held: bool = False,
    ) -> None:
        """Make a relation of Parquet files. ``hive`` gives the types of columns that are in the path only.

        Types are always declared: what DuckDB would infer from a path or a file differs from one partition to another.
        ``held``: it is small, and read once for all the units to come.
        """
        bound = (tuple(files), tuple(shape))
        if self._bound.get(name) == bound:
            return
        columns = ", ".join(f'CAST("{column}" AS {SQL_TYPES[kind]}) AS "{column}"' for column, kind in shape.items())
        declared = {column: SQL_TYPES[kind] for column, kind in hive.items()}
        options = f"hive_partitioning = true, hive_types = {_struct(declared)}" if hive else "hive_partitioning = false"
        listed = ", ".join(_text(str(file)) for file in files)
        origin = f"read_parquet([{listed}], {options})" if files else f"({_nothing(shape)})"
        self._texts[name] = f"SELECT {columns} FROM {origin}"  # noqa: S608  names of the catalogue, quoted paths
        if held:
            self._make(name, self._texts.pop(name))
        self._bound[name] = bound

    def bind_row(self, name: str, values: Mapping[str, int]) -> None:
        """Make a relation of one row of whole numbers."""
        columns = ", ".join(f'CAST({int(value)} AS BIGINT) AS "{column}"' for column, value in values.items())
        self._texts[name] = f"SELECT {columns}"

    def holds(self, name: str, stamp: Hashable) -> bool:
        """Whether a relation was materialised for this very stamp."""
        return self._bound.get(name) == stamp

    def materialise(self, name: str, sql: str, stamp: Hashable) -> None:
        """Compute a relation that several queries will join, once; it spills to disk beyond the memory limit."""
        self._bound.pop(name, None)
        self._make(name, self._whole(sql))
        self._bound[name] = stamp

    def _make(self, name: str, sql: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_name(name)} AS {sql}")
        self._tables.add(name)

    def let_go(self, but: Collection[str]) -> None:
        """Forget all the relations that are held or were materialised, but these."""
        for name in self._tables.difference(but):
            self._connection.execute(f"DROP TABLE {_name(name)}")
            self._bound.pop(name, None)
        self._tables.intersection_update(but)

    def write(self, sql: str, path: Path) -> int:
        """Write a query as one Parquet file, in no particular order; returns the number of rows."""
        return self._copy(sql, path)

    def deliver(self, sql: str, path: Path, first: Sequence[str], others: Sequence[str]) -> int:
        """Write a query in an order that depends on its rows only: the first column, then all that is left at once.

        Both by their hash, so that what is sorted are two words a row, whatever the columns: half the cost. Rows of a
        person stay together; rows that agree on both hashes are the same row.
        """
        if not self.ordered:
            return self._copy(sql, path)
        left = ", ".join(map(_name, (*first[1:], *others)))
        keys = f"hash({_name(first[0])}), hash({left})" if first and left else "ALL"
        return self._copy(f"SELECT * FROM ({sql}) ORDER BY {keys}", path)  # noqa: S608

    def _copy(self, sql: str, path: Path) -> int:
        done = self._connection.execute(f"COPY ({self._whole(sql)}) TO {_text(str(path))} ({PARQUET})").fetchone()
        return int(done[0]) if done else 0

    def _whole(self, sql: str) -> str:
        """A query with what the relations that it names are; as views, they would be looked up once more each."""
        named = dict.fromkeys(NAMED.findall(sql))
        given = [f"{_name(name)} AS NOT MATERIALIZED ({self._texts[name]})" for name in named if name in self._texts]
        own = [sql.removeprefix("WITH ")] if sql.startswith("WITH ") else []
        rest = "" if own else sql
        return f"WITH {', '.join([*given, *own])} {rest}" if given else sql

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small query."""
        return self._connection.execute(self._whole(sql)).fetchall()

    def distinct_persons(self, file: Path) -> int:
        """How many distinct PATIENT_ID a Parquet file holds."""
        found = self.rows(f"SELECT count(DISTINCT PATIENT_ID) FROM read_parquet({_text(str(file))})")  # noqa: S608
        return int(found[0][0])


def _of_columns(function: Keyed, count: int) -> Callable[..., Any]:
    """The function of a list of columns as one of so many parameters, which is how DuckDB counts them."""

    def of_columns(*columns: Any) -> Any:
        return function(columns)

    parameters = [inspect.Parameter(f"c{place}", inspect.Parameter.POSITIONAL_ONLY) for place in range(count)]
    of_columns.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return of_columns


def _name(column: str) -> str:
    return f'"{column}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _struct(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {value}" for name, value in values.items()) + "}"


def _nothing(shape: Mapping[str, str]) -> str:
    columns = ", ".join(f'NULL AS "{column}"' for column in shape)
    return f"SELECT {columns} WHERE false"
