"""What the engine asks of a backend, whichever it is."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from apps.extracts.engine.places import Place

ROW_GROUP = 122_880

Keyed = Callable[[Sequence[Any]], Any]
"""A keyed function: one Arrow array a column in, one Arrow array of UUIDs out."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which backend computes, and how much of the machine it may take.

    ``memory_limit`` is in DuckDB's words (``2GB``). ``master`` is Spark's: ``local[2]``, ``spark://host:7077`` or
    ``k8s://https://host``; all else about a cluster is in the ``spark-defaults.conf`` of ``SPARK_CONF_DIR``.
    """

    memory_limit: str = "2GB"
    threads: int = 1
    ordered: bool = True
    """Whether delivered files are sorted, so that a rerun gives identical bytes; otherwise the same rows come as they
    are found, for a third less work."""
    backend: str = "duckdb"
    master: str = "local[*]"


class Backend(Protocol):
    """Binds relations to Parquet files and writes the rows of queries as Parquet files. One thread uses it."""

    dialect: ClassVar[str]
    """Into which SQL expressions are translated for it (a dialect of Ibis)."""
    failures: ClassVar[tuple[type[Exception], ...]]
    """What it raises when it chokes on a file or a query."""

    libraries: ClassVar[tuple[str, ...]]
    """Which packages, beyond those that every delivery goes through, its rows depend on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def know(self, key_id: str, functions: Mapping[str, tuple[Sequence[str], Keyed]]) -> None:
        """Register the keyed functions of a project: by name, the types of their arguments and the function itself."""

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

        ``held``: it is small, and the units to come will join it again and again; it may be kept in memory.
        """

    def bind_row(self, name: str, values: Mapping[str, int]) -> None:
        """Make a relation of one row of whole numbers."""

    def holds(self, name: str, stamp: Hashable) -> bool:
        """Whether a relation was materialised from this very input."""

    def materialise(self, name: str, sql: str, stamp: Hashable) -> None:
        """Compute a relation that several queries will join, once."""

    def let_go(self, but: Collection[str]) -> None:
        """Forget all the relations that are held or were materialised, but these."""

    def write(self, sql: str, path: Path) -> int:
        """Write a query as one Parquet file, in no particular order; returns the number of rows."""

    def deliver(self, sql: str, path: Path, first: Sequence[str], others: Sequence[str]) -> int:
        """Write a query in an order that depends on its rows only: the ``first`` columns, then all the others at once.

        Pseudonyms are UUIDs in the file. Returns the number of rows.
        """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small query."""

    def distinct_persons(self, file: Path) -> int:
        """How many distinct PATIENT_ID a delivered file holds."""
