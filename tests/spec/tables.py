"""Small SNDS tables written as text, and the engines that answer questions about them.

A block is a table: its name (and partition), its columns, its rows; ``-`` is an empty value. Columns that are not
written take the value of ``USUAL``, or are empty. Tables that are not written exist and are empty.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from apps.extracts.engine.backends.reference import Reference
from apps.extracts.engine.catalogue import CATALOGUE, Kind, Partitioning, Table, Type
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.run import EngineSettings, ExtractRun, run_unit
from apps.extracts.engine.source import describe
from apps.extracts.engine.synthetic.writing import ARROW_TYPES
from apps.extracts.engine.units import Unit, UnitKind
from tests.support.spark import prepare

KEY = ProjectKey(b"a key for the specification suite only")
PERIOD = {"from": "2021-01-01", "to": "2021-12-31"}
EMPTY_PARTITIONS = {Partitioning.WHOLE: "all", Partitioning.YEAR: "2021", Partitioning.FLUX_MONTH: "2021-02"}
USUAL: dict[str, dict[str, Any]] = {
    "IR_BEN_R": {"BEN_RNG_GEM": 1, "BEN_NAI_ANN": 1970, "BEN_NAI_MOI": "06", "BEN_SEX_COD": 2, "BEN_RES_DPT": "075"},
    "IR_IMB_R": {"BEN_RNG_GEM": 1, "IMB_ETM_NAT": 41, "IMB_ALD_DTD": date(2020, 5, 4)},
    "ER_PRS_F": {"BEN_RNG_GEM": 1, "DPN_QLF": 0, "PRS_DPN_QLP": 0, "CPL_MAJ_TOP": 0, "PFS_EXE_NUM": "000000001"},
    "T_MCOaaB": {"ETA_NUM": "990000001", "GRG_GHM": "05M04T"},
    "T_MCOaaC": {"ETA_NUM": "990000001"},
    "T_MCOaaD": {"ETA_NUM": "990000001"},
    "T_MCOaaA": {"ETA_NUM": "990000001"},
    "T_MCOaaUM": {"ETA_NUM": "990000001"},
}
USUAL_KEYS = {
    "FLX_TRT_DTD": date(2021, 1, 20),
    "FLX_EMT_TYP": 1,
    "FLX_EMT_NUM": 1,
    "FLX_EMT_ORD": 1,
    "ORG_CLE_NUM": "01C750010",
    "PRS_ORD_NUM": 1,
    "REM_TYP_AFF": 0,
}

Rows = list[dict[str, Any]]
Tables = dict[str, dict[str, Rows]]


def read_tables(text: str) -> Tables:
    """Tables from their text, completed with the empty ones."""
    tables: Tables = {name: {EMPTY_PARTITIONS[table.partitioning]: []} for name, table in CATALOGUE.tables.items()}
    for block in text.strip().split("\n\n"):
        head, columns, *lines = (line.split() for line in block.strip().splitlines())
        table = CATALOGUE.tables[head[0]]
        partition = head[1] if len(head) > 1 else EMPTY_PARTITIONS[table.partitioning]
        tables[table.name][partition] = [_row(table, partition, columns, line) for line in lines]
    return with_every_partition(tables)


def with_every_partition(tables: Tables) -> Tables:
    """A month of flux, or a year, of one table is one of all of them, if only empty."""
    for kind in Partitioning:
        names = [name for name, table in CATALOGUE.tables.items() if table.partitioning is kind]
        for partition in {partition for name in names for partition in tables[name]}:
            for name in names:
                tables[name].setdefault(partition, [])
    return tables


def _row(table: Table, partition: str, columns: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    assert len(columns) == len(cells), f"{table.name}: {cells}"
    written = dict(zip(columns, cells, strict=True))
    unknown = set(written) - {column.name for column in table.source_columns}
    assert not unknown, f"{table.name} has no {unknown}"
    usual = {**USUAL_KEYS, **USUAL.get(table.name, {})}
    if table.partitioning is Partitioning.FLUX_MONTH:
        usual["FLX_DIS_DTD"] = date.fromisoformat(f"{partition}-01")
    return {
        column.name: _cell(column.type, written[column.name]) if column.name in written else usual.get(column.name)
        for column in table.source_columns
    }


def _cell(kind: Type, text: str) -> Any:
    if text == "-":
        return None
    read = {Type.STRING: str, Type.INTEGER: int, Type.NUMBER: float, Type.DATE: date.fromisoformat}[kind]
    return read(text)


def write_source(tables: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], folder: Path) -> Path:
    """Write tables as a described source."""
    for name, partitions in tables.items():
        table = CATALOGUE.tables[name]
        for partition, rows in partitions.items():
            place = folder / table.folder(partition)
            place.mkdir(parents=True)
            columns = [column for column in table.source_columns if f"{column.name}=" not in place.name]
            arrays = {
                column.name: pa.array([row[column.name] for row in rows], ARROW_TYPES[column.type])
                for column in columns
            }
            pq.write_table(pa.table(arrays), place / "part-0.parquet")
    describe(folder, synthetic=True, facts={})
    return folder


def definition_of(
    population: Mapping[str, Any],
    tables: Mapping[str, Sequence[str]] | None = None,
    period: Mapping[str, str] = PERIOD,
    filters: Sequence[str] | None = None,
    protection: Mapping[str, Any] | None = None,
    design: Mapping[str, Any] | None = None,
) -> Definition:
    """A definition around a population."""
    asked = {name: list(columns) for name, columns in (tables or {"IR_BEN_R": ["BEN_SEX_COD"]}).items()}
    written = {
        "schema_version": 2,
        "title": "a question",
        "population": population,
        "scope": {"tables": asked, "period": dict(period)},
    }
    chosen = {} if filters is None else {"filters": list(filters)}
    return Definition.from_json({**written, **chosen, "protection": protection or {}, "design": design or {}})


class ReferenceAnswers:
    """The plain-Python oracle."""

    def __init__(self, tables: Tables, folder: Path) -> None:
        self.tables = tables

    def persons(self, definition: Definition) -> set[Any]:
        """The pseudonyms of the cohort."""
        found = Reference(self.tables, definition, KEY).patients()
        return {KEY.pseudonym(Kind.PERSON, person) for person in found}

    def matched(self, definition: Definition) -> dict[Any, Any]:
        """The pseudonym of the case of each patient."""
        found = Reference(self.tables, definition, KEY).patients()
        return {KEY.pseudonym(Kind.PERSON, one): KEY.pseudonym(Kind.PERSON, case) for one, case in found.items()}

    def delivered(self, definition: Definition) -> dict[str, list[tuple[Any, ...]]]:
        """The delivered rows of each table, sorted."""
        found = Reference(self.tables, definition, KEY).deliver()
        return {name: sorted(rows, key=repr) for name, rows in found.items()}


class EngineAnswers:
    """The engine itself, from Parquet to Parquet, on one of its backends."""

    settings = EngineSettings()

    def __init__(self, tables: Tables, folder: Path) -> None:
        self.source = write_source(tables, folder / "source")
        self.folder = folder
        self.asked = 0

    def _run(self, definition: Definition, until: UnitKind) -> ExtractRun:
        self.asked += 1
        out = self.folder / f"out-{self.asked}"
        run = ExtractRun.open(definition, source=self.source, out=out, key=KEY, settings=self.settings)
        last = next(place for place, unit in enumerate(run.units) if unit.kind is until)
        run.workshop.prepare()
        with run.backend() as engine:
            for unit in run.units[: last + 1]:
                run_unit(unit, run, engine)
        return run

    def persons(self, definition: Definition) -> set[Any]:
        """The pseudonyms of the cohort."""
        return set(self.matched(definition))

    def matched(self, definition: Definition) -> dict[Any, Any]:
        """The pseudonym of the case of each patient."""
        run = self._run(definition, until=UnitKind.PATIENTS)
        found = pq.read_table(run.workshop.file(Unit(UnitKind.PATIENTS)))
        return dict(zip(found.column("PATIENT_ID").to_pylist(), found.column("CASE_ID").to_pylist(), strict=True))

    def delivered(self, definition: Definition) -> dict[str, list[tuple[Any, ...]]]:
        """The delivered rows of each table, sorted."""
        run = self._run(definition, until=UnitKind.PUBLISH)
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name in definition.scope.tables:
            rows = [
                tuple(row.values())
                for file in sorted((run.out / name).iterdir())
                for row in pq.read_table(file).to_pylist()
            ]
            found[name] = sorted(rows, key=repr)
        return found


class DuckDBAnswers(EngineAnswers):
    """On DuckDB."""


class SparkAnswers(EngineAnswers):
    """On Spark, where it is installed (`make test-spark`)."""

    settings = EngineSettings(backend="spark", master="local[2]")


Answers = ReferenceAnswers | EngineAnswers
ANSWERS = {"reference": ReferenceAnswers, "duckdb": DuckDBAnswers}
if find_spec("pyspark"):
    prepare()
    ANSWERS["spark"] = SparkAnswers
