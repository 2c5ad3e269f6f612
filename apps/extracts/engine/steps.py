"""What each kind of unit does. A step reads, computes, checks that the source did not move, and keeps one result."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from .backends.duckdb import ROW_GROUP
from .catalogue import CATALOGUE, Kind, Link, Partitioning, Table
from .criteria import event_leaves
from .delivery import build_manifest, write_documents
from .job import Job
from .keyed import uuids
from .plan import cohort, deliveries, events, people
from .plan.relations import SHAPES, compiled
from .problems import EngineError, SourceError
from .source import sha256_of
from .units import UnitKind, events_of
from .verify import verify
from .workshop import Result

READABLE: Mapping[str, Callable[[pa.DataType], bool]] = {
    "string": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind),
    "int64": pa.types.is_integer,
    "float64": lambda kind: pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind),
    "date": lambda kind: pa.types.is_date(kind) or pa.types.is_timestamp(kind),
}
"""Which types of a source file stand for a type of the catalogue."""


def check_source(job: Job) -> Result:
    """Read the files of a partition whole, once, and compare them with the release; remember when they were changed."""
    table = CATALOGUE.tables[job.unit.table]
    seen: dict[str, int] = {}
    rows = 0
    for file in job.source.files_of(table, job.unit.partition):
        path = job.source.path(file)
        seen[file.name] = job.source.check_size(file).st_mtime_ns
        job.source.check_content(file)
        _check_shape(table, path)
        rows += file.rows
    return job.workshop.keep(job.unit, None, rows, seen)


def _check_shape(table: Table, path: Path) -> None:
    """Every column of the catalogue, except the one in the path, with a type that stands for its own."""
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(str(path), f"this is not a readable Parquet file ({error})") from error
    in_path = "FLX_DIS_DTD" if table.partitioning is Partitioning.FLUX_MONTH else ""
    for name, kind in SHAPES[table.name].items():
        if name == in_path:
            continue
        if name not in schema.names:
            raise SourceError(str(path), f"the column {name} is missing")
        if not READABLE[kind](schema.field(name).type):
            raise SourceError(str(path), f"the column {name} holds {schema.field(name).type}, not {kind}")


def find_identities(job: Job) -> Result:
    """Which identity is whose."""
    return job.keep(compiled(people.identities))


def describe_people(job: Job) -> Result:
    """Birth, sex and residence of each person."""
    return job.keep(compiled(people.people))


def find_events(job: Job) -> Result:
    """What a partition of a part of the source says about the criteria."""
    return job.keep(events_of(job.unit, job.definition))


def match_leaves(job: Job) -> Result:
    """The persons of a bucket who satisfy each leaf, from the events of every partition."""
    filters, bucket = job.definition.filters, job.unit.bucket
    removed = dict(job.rows(compiled(events.removed_events, filters, *bucket)))
    leaves = event_leaves(job.definition.population)
    return job.keep(compiled(events.matched, leaves, filters, *bucket), {"removed": removed})


def find_cohort(job: Job) -> Result:
    """The persons of a bucket who are in the cohort, and how many were left after each criterion."""
    population = job.definition.population
    asked = (population, event_leaves(population), *job.unit.bucket)
    flow = list(job.rows(compiled(cohort.flow, *asked))[0])
    return job.keep(compiled(cohort.cohort, *asked), {"flow": flow})


def name_patients(job: Job) -> Result:
    """One pseudonym for each person of the cohort."""
    schema = pa.schema({"person": pa.string(), "PATIENT_ID": pa.uuid()})
    rows = 0
    with job.workshop.unfinished() as path:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in _persons(job):
                made = b"".join(job.key.pseudonyms(Kind.PERSON, batch.column("person").to_pylist()))
                named = [batch.column("person"), uuids(made, batch.num_rows)]
                writer.write_batch(pa.RecordBatch.from_arrays(named, schema=schema), row_group_size=ROW_GROUP)
                rows += batch.num_rows
        return job.workshop.keep(job.unit, path, rows, {})


def _persons(job: Job) -> Iterator[pa.RecordBatch]:
    for unit in job.units:
        if unit.kind is UnitKind.COHORT:
            with pq.ParquetFile(job.workshop.file(unit)) as file:
                yield from file.iter_batches(columns=["person"])


def find_members(job: Job) -> Result:
    """The identities of the cohort with their pseudonym."""
    return job.keep(compiled(deliveries.members))


def deliver_table(job: Job) -> Result:
    """One partition of one table, as it will be delivered."""
    table = CATALOGUE.tables[job.unit.table]
    counted = deliveries.removed(job.definition, table)
    facts: dict[str, Any] = {"removed": dict(job.rows(counted))} if counted else {}
    sql = job.sql(compiled(deliveries.delivery, job.definition, table))
    columns = deliveries.delivered_columns(job.definition, table)
    with job.workshop.unfinished() as path:
        with job.source_watched():
            others = columns[len(table.surrogates) :]
            rows = job.engine.deliver(sql, path, table.surrogates, others)
        facts["sha256"] = sha256_of(path)
        facts["persons"] = job.engine.distinct_persons(path) if table.link is not Link.NOBODY else None
        facts["schema"] = [[field.name, str(field.type)] for field in pq.read_schema(path)]
        return job.workshop.keep(job.unit, path, rows, facts)


def publish(job: Job) -> Result:
    """Write the manifest and the page, verify the whole, and give the delivery its place."""
    results = {unit: job.workshop.result(unit) for unit in job.units[:-1]}
    missing = [unit.name for unit, result in results.items() if result is None]
    if missing:
        raise EngineError(f"these units are not done: {', '.join(missing)}")
    finished = {unit: result for unit, result in results.items() if result is not None}
    manifest = build_manifest(job.definition, job.binding, job.source, finished)
    write_documents(job.workshop.delivery, manifest)
    if problems := verify(job.workshop.delivery):
        raise EngineError("\n".join(map(str, problems)))
    job.workshop.publish()
    return Result(sum(file["rows"] for file in manifest["files"]), sum(file["bytes"] for file in manifest["files"]), {})


STEPS: Mapping[UnitKind, Callable[[Job], Result]] = {
    UnitKind.SOURCE: check_source,
    UnitKind.IDENTITIES: find_identities,
    UnitKind.PEOPLE: describe_people,
    UnitKind.EVENTS: find_events,
    UnitKind.MATCHED: match_leaves,
    UnitKind.COHORT: find_cohort,
    UnitKind.PATIENTS: name_patients,
    UnitKind.MEMBERS: find_members,
    UnitKind.TABLE: deliver_table,
    UnitKind.PUBLISH: publish,
}
