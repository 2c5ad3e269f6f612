"""Apache Spark: the same plans on a cluster, and a key that never goes there.

Spark scans, filters, joins and counts. Where a plan asks for a pseudonym, Spark carries the identifier that it will be
made of, as a structure named after the keyed function; the process that holds the key replaces it while it writes the
delivered file. So no executor, plan, event log or shuffle file ever meets the key, and what is delivered has the very
bytes that DuckDB writes. See docs/adr/0171.

A source and a work folder on files must be mounted alike on every machine of the cluster.
"""

import secrets
import shutil
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.config import Config
from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from apps.extracts.engine.places import Place, fetch

from .base import EngineSettings, Keyed
from .duckdb import DuckDBEngine

SQL_TYPES: Mapping[str, str] = {
    "string": "STRING",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "date": "DATE",
    "uuid": "STRING",
}
"""A UUID is carried as its 32 hexadecimal digits: Spark does not read those of Parquet."""
MEANING: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.ui.showConsoleProgress": "false",
}
"""What the rows depend on, and no cluster may choose otherwise; all the rest is in spark-defaults.conf."""


class _Dialect(Config):  # type: ignore[misc]  # a class of a library without types
    """What Ibis asks for when it translates a number with decimals; its own class of Spark would load pandas."""

    treat_nan_as_null: bool = False


ibis.options.pyspark = _Dialect()


class SparkEngine:
    """A session of its own on the cluster, and DuckDB within this process to write what is delivered."""

    dialect: ClassVar[str] = "pyspark"
    failures: ClassVar[tuple[type[Exception], ...]] = (PySparkException, Py4JError, *DuckDBEngine.failures)
    libraries: ClassVar[tuple[str, ...]] = ("pyspark",)

    def __init__(self, settings: EngineSettings, temporary: Path) -> None:
        self._temporary = temporary
        self._bound: dict[str, Hashable] = {}
        self._held: dict[str, DataFrame] = {}
        self._functions: Mapping[str, tuple[Sequence[str], Keyed]] = {}
        self._session = _cluster(settings).newSession()
        self._writer = DuckDBEngine(settings, temporary)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for held in self._held.values():
            held.unpersist()
        shutil.rmtree(self._temporary / "objects", ignore_errors=True)
        self._writer.__exit__(kind, error, trace)

    def know(self, key_id: str, functions: Mapping[str, tuple[Sequence[str], Keyed]]) -> None:
        """Teach Spark what pseudonyms are made of, and the writer how they are made."""
        self._writer.know(key_id, functions)
        self._functions = functions
        for name, (arguments, _) in functions.items():
            parts = [f"part_{place}" for place in range(len(arguments))]
            typed = [f"{part} {SQL_TYPES[kind]}" for part, kind in zip(parts, arguments, strict=True)]
            carried = ", ".join(f"'{part}', {part}" for part in parts)
            self._session.sql(
                f"CREATE OR REPLACE TEMPORARY FUNCTION {name}({', '.join(typed)}) "
                f"RETURN named_struct('{name}', named_struct({carried}))"
            )

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

        Nothing is ``held``: executors keep small relations by themselves.

        Objects are copied to the work folder until the relation is made of others: PySpark comes without what reads a
        bucket.
        """
        bound = (tuple(files), tuple(shape))
        if self._bound.get(name) == bound:
            return
        copies = self._temporary / "objects" / name
        shutil.rmtree(copies, ignore_errors=True)
        here = [_here(file, copies) for file in files]
        found = self._read(shape, here, hive) if files else self._session.sql(_nothing(shape))
        found.selectExpr(*_typed(shape, found)).createOrReplaceTempView(name)
        self._bound[name] = bound

    def _read(self, shape: Mapping[str, str], files: Sequence[Path], hive: Mapping[str, str]) -> DataFrame:
        reader = self._session.read
        if "uuid" in shape.values():
            reader = reader.schema(_carried_schema(shape, pq.read_schema(files[0])))
        if hive:
            reader = reader.option("basePath", _address(files[0].parent.parent))
        return reader.parquet(*map(_address, files))

    def bind_row(self, name: str, values: Mapping[str, int]) -> None:
        """Make a relation of one row of whole numbers."""
        columns = ", ".join(f"CAST({int(value)} AS BIGINT) AS `{column}`" for column, value in values.items())
        self._session.sql(f"SELECT {columns}").createOrReplaceTempView(name)

    def holds(self, name: str, stamp: Hashable) -> bool:
        """Whether a relation was materialised from this very input."""
        return self._bound.get(name) == stamp

    def materialise(self, name: str, sql: str, stamp: Hashable) -> None:
        """Compute a relation that several queries will join, once, when the first of them is run."""
        if former := self._held.pop(name, None):
            former.unpersist()
        self._held[name] = self._session.sql(sql).persist(StorageLevel.MEMORY_AND_DISK)
        self._held[name].createOrReplaceTempView(name)
        self._bound[name] = stamp

    def let_go(self, but: Collection[str]) -> None:
        """Forget all the relations that were materialised, but these."""
        for name in self._held.keys() - set(but):
            self._held.pop(name).unpersist()
            self._bound.pop(name)

    def write(self, sql: str, path: Path) -> int:
        """Write a query as one Parquet file, in no particular order; returns the number of rows."""
        folder = self._temporary / secrets.token_hex(16)
        try:
            found = self._session.sql(sql)
            found.selectExpr(*_wide(found)).repartition(1).write.parquet(_address(folder))
            (part,) = folder.glob("part-*.parquet")
            part.replace(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return int(pq.read_metadata(path).num_rows)

    def deliver(self, sql: str, path: Path, first: Sequence[str], others: Sequence[str]) -> int:
        """Have Spark find the rows, then replace identifiers by pseudonyms while they are written in order."""
        staged = path.with_name(f"{path.name}.staged")
        try:
            self.write(sql, staged)
            columns = ", ".join(_made(field, first, self._functions) for field in pq.read_schema(staged))
            return self._writer.deliver(f"SELECT {columns} FROM read_parquet('{staged}')", path, first, others)  # noqa: S608
        finally:
            staged.unlink(missing_ok=True)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small query."""
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def distinct_persons(self, file: Path) -> int:
        """How many distinct PATIENT_ID a delivered file holds."""
        return self._writer.distinct_persons(file)


def _cluster(settings: EngineSettings) -> SparkSession:
    """The session of this process, whose machine is started by the first one that needs it."""
    memory = settings.memory_limit.lower().removesuffix("b")
    builder = SparkSession.builder.appName("hdh-extract").master(settings.master).config("spark.driver.memory", memory)
    for name, value in MEANING.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _here(file: Place, copies: Path) -> Path:
    """The file itself, or a copy of the object."""
    if isinstance(file, Path):
        return file
    fetch(file, copies / file.key)
    return copies / file.key


def _address(path: Path) -> str:
    """A path for every machine of the cluster, whatever the file system it takes by default."""
    return f"file://{path.absolute()}"


def _nothing(shape: Mapping[str, str]) -> str:
    columns = ", ".join(f"CAST(NULL AS {SQL_TYPES[kind]}) AS `{column}`" for column, kind in shape.items())
    return f"SELECT {columns} WHERE false"


def _typed(shape: Mapping[str, str], found: DataFrame) -> list[str]:
    """Each column with its type; the 16 bytes of a UUID become digits."""
    written = dict(found.dtypes)
    return [
        f"lower(hex(`{column}`)) AS `{column}`"
        if written[column] == "binary"
        else f"CAST(`{column}` AS {SQL_TYPES[kind]}) AS `{column}`"
        for column, kind in shape.items()
    ]


def _wide(found: DataFrame) -> list[str]:
    """Each column as wide as plans declare it: to Spark a literal is a small integer or a decimal, and one file of a
    relation would differ from the next."""
    wider = {"tinyint": "BIGINT", "smallint": "BIGINT", "int": "BIGINT"}
    return [
        f"CAST(`{name}` AS {wider.get(kind, 'DOUBLE')}) AS `{name}`"
        if kind in wider or kind.startswith("decimal")
        else f"`{name}`"
        for name, kind in found.dtypes
    ]


def _carried_schema(shape: Mapping[str, str], written: pa.Schema) -> str:
    """How to read a file that holds UUIDs: as 16 bytes where another than Spark wrote them."""

    def kind_of(column: str, kind: str) -> str:
        return "BINARY" if kind == "uuid" and not pa.types.is_string(written.field(column).type) else SQL_TYPES[kind]

    return ", ".join(f"`{column}` {kind_of(column, kind)}" for column, kind in shape.items())


def _made(field: pa.Field, first: Sequence[str], functions: Mapping[str, Any]) -> str:
    """How the writer makes a delivered column: a pseudonym of what Spark carried in its place, or the value itself."""
    column = f'"{field.name}"'
    if pa.types.is_struct(field.type):
        (name,) = (child.name for child in field.type)
        parts = ", ".join(f"{column}.{name}.part_{place}" for place in range(len(functions[name][0])))
        return f"{name}({parts}) AS {column}"
    return f"CAST({column} AS UUID) AS {column}" if field.name in first else column
