"""DuckDB, embedded: binds relations to Parquet files, writes results as Parquet with reproducible bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

SQL_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "date": "DATE",
    "uuid": "UUID",
}
ROW_GROUP = 122_880
BATCH = 100_000


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How much of the machine the engine may take. ``memory_limit`` is in DuckDB's words (``2GB``)."""

    memory_limit: str = "2GB"
    threads: int = 1


class DuckDBEngine:
    """One connection, in memory; ``temporary`` is where it may spill."""

    def __init__(self, settings: EngineSettings, temporary: Path) -> None:
        self._bound: dict[str, list[Path]] = {}
        self._connection = duckdb.connect(
            config={
                "memory_limit": settings.memory_limit,
                "threads": settings.threads,
                "temp_directory": str(temporary),
                "preserve_insertion_order": True,
                "arrow_lossless_conversion": True,
                "enable_external_file_cache": False,
            }
        )

    def __enter__(self) -> "DuckDBEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def bind(self, name: str, shape: Mapping[str, str], files: list[Path], hive: Mapping[str, str]) -> None:
        """Make a relation of Parquet files. ``hive`` gives the types of columns that are in the path only.

        Types are always declared: what DuckDB would infer from a path or a file differs from one partition to another.
        """
        if self._bound.get(name) == files:
            return
        columns = ", ".join(f'CAST("{column}" AS {SQL_TYPES[kind]}) AS "{column}"' for column, kind in shape.items())
        declared = {column: SQL_TYPES[kind] for column, kind in hive.items()}
        options = f"hive_partitioning = true, hive_types = {_struct(declared)}" if hive else "hive_partitioning = false"
        listed = ", ".join(_text(str(file)) for file in files)
        origin = f"read_parquet([{listed}], {options})" if files else f"({_nothing(shape)})"
        self._connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {columns} FROM {origin}')  # noqa: S608
        self._bound[name] = files

    def bind_arrow(self, name: str, table: Any) -> None:
        """Make a relation of an Arrow table."""
        self._connection.register(name, table)

    def write(self, sql: str, path: Path) -> int:
        """Write a query as one Parquet file in an order that depends on the rows only; returns the number of rows."""
        done = self._connection.execute(
            f"COPY (SELECT * FROM ({sql}) ORDER BY ALL) TO {_text(str(path))} "  # noqa: S608
            f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        ).fetchone()
        return int(done[0]) if done else 0

    def batches(self, sql: str) -> Iterator[Any]:
        """The rows of a query as Arrow record batches."""
        yield from self._connection.sql(sql).to_arrow_reader(BATCH)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small query."""
        return self._connection.execute(sql).fetchall()

    def distinct_persons(self, file: Path) -> int:
        """How many distinct PATIENT_ID a Parquet file holds."""
        found = self.rows(f"SELECT count(DISTINCT PATIENT_ID) FROM read_parquet({_text(str(file))})")  # noqa: S608
        return int(found[0][0])


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _struct(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {value}" for name, value in values.items()) + "}"


def _nothing(shape: Mapping[str, str]) -> str:
    columns = ", ".join(f'NULL AS "{column}"' for column in shape)
    return f"SELECT {columns} WHERE false"
