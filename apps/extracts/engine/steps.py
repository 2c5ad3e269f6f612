"""What each kind of unit does. A step reads, computes, checks that the source did not move, and keeps one result."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from .backends.duckdb import ROW_GROUP
from .catalogue import CATALOGUE, Kind, Link, Partitioning, Table
from .criteria import event_leaves
from .delivery import build_manifest, write_documents
from .job import Job
from .plan import cohort, deliveries, events, people
from .plan.relations import SHAPES, Query, compiled
from .problems import EngineError, SourceError
from .pseudonyms import ProjectKey, joined
from .source import sha256_of
from .units import Unit, UnitKind, events_of
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
    """The events of a leaf in one partition."""
    return job.keep(events_of(job.unit, job.definition))


def match_leaf(job: Job) -> Result:
    """The persons who satisfy a leaf, from its events in every partition."""
    leaf = event_leaves(job.definition.population)[job.unit.leaf]
    removed = dict(job.rows(compiled(events.removed_events)))
    at_least = getattr(leaf, "at_least", 1)
    return job.keep(compiled(events.matched, at_least), {"removed": removed})


def find_cohort(job: Job) -> Result:
    """The persons of the cohort, and how many were left after each criterion."""
    population = job.definition.population
    leaves = event_leaves(population)
    flow = list(job.rows(compiled(cohort.flow, population, leaves))[0])
    return job.keep(compiled(cohort.cohort, population, leaves), {"flow": flow})


def name_patients(job: Job) -> Result:
    """One pseudonym for each person of the cohort."""
    schema = pa.schema({"person": pa.string(), "PATIENT_ID": pa.uuid()})

    def named() -> Iterator[pa.RecordBatch]:
        for batch in pq.ParquetFile(job.workshop.file(Unit(UnitKind.COHORT))).iter_batches(columns=["person"]):
            persons = batch.column("person")
            yield pa.RecordBatch.from_arrays(
                [persons, _uuids(job.key, Kind.PERSON, persons.to_pylist())], schema=schema
            )

    return _keep_batches(job, schema, named(), {})


def find_members(job: Job) -> Result:
    """The identities of the cohort with their pseudonym."""
    return job.keep(compiled(deliveries.members))


def name_claims(job: Job) -> Result:
    """One pseudonym for each care line that the cohort is delivered in a month of flux."""
    return _name_rows(job, compiled(deliveries.claims, job.definition), "claims", "CLAIM_ID", Kind.CLAIM, "")


def name_stays(job: Job) -> Result:
    """One pseudonym for each stay that the cohort is delivered in a year, which is part of what identifies it."""
    return _name_rows(
        job, compiled(deliveries.stays, job.definition), "stays", "STAY_ID", Kind.STAY, joined(job.unit.partition, "")
    )


def _name_rows(job: Job, query: Query, relation: str, column: str, kind: Kind, prefix: str) -> Result:
    removed: Counter[int] = Counter()
    schema = pa.schema({name: _ARROW[type_name] for name, type_name in SHAPES[relation].items()})

    def named() -> Iterator[pa.RecordBatch]:
        for batch in job.engine.batches(job.sql(query)):
            for mask, rows in zip(batch["removed"].to_pylist(), batch["rows"].to_pylist(), strict=True):
                removed[mask] += rows
            kept = batch.filter(pc.equal(batch["removed"], 0))
            texts = [prefix + text for text in kept["identifier"].to_pylist()]
            made = {column: _uuids(job.key, kind, texts)}
            arrays = [made[name] if name in made else kept[name] for name in schema.names]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return _keep_batches(job, schema, named(), {"removed": removed})


_ARROW = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "date": pa.date32(), "uuid": pa.uuid()}


def _uuids(key: ProjectKey, kind: Kind, texts: Sequence[str]) -> pa.Array:
    storage = pa.array(key.pseudonyms(kind, texts), pa.binary(16))
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _keep_batches(job: Job, schema: pa.Schema, batches: Iterator[pa.RecordBatch], facts: Mapping[str, Any]) -> Result:
    rows = 0
    with job.workshop.unfinished() as path:
        with job.source_watched(), pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in batches:
                rows += batch.num_rows
                writer.write_batch(batch, row_group_size=ROW_GROUP)
        return job.workshop.keep(job.unit, path, rows, facts)


def deliver_table(job: Job) -> Result:
    """One partition of one table, as it will be delivered."""
    table = CATALOGUE.tables[job.unit.table]
    facts: dict[str, Any] = {}
    if table.name == "IR_IMB_R":
        facts["removed"] = dict(job.rows(compiled(deliveries.removed_conditions, job.definition)))
    for name, origin in deliveries.asked_surrogates(job.definition, table):
        _bind_surrogates(job, table, name, origin)
    sql = job.sql(compiled(deliveries.delivery, job.definition, table))
    with job.workshop.unfinished() as path:
        with job.source_watched():
            rows = job.engine.write(sql, path)
        facts["sha256"] = sha256_of(path)
        facts["persons"] = job.engine.distinct_persons(path) if table.link is not Link.NOBODY else None
        facts["schema"] = [[field.name, str(field.type)] for field in pq.read_schema(path)]
        return job.workshop.keep(job.unit, path, rows, facts)


def _bind_surrogates(job: Job, table: Table, name: str, origin: str) -> None:
    column = table.column(name)
    if column is None or column.kind is None:
        raise EngineError(f"{table.name}.{name} is not a pseudonym")
    values = [str(value) for (value,) in job.rows(compiled(deliveries.distinct_values, job.definition, table, origin))]
    job.engine.bind_arrow(
        name, pa.table({"value": pa.array(values, pa.string()), name: _uuids(job.key, column.kind, values)})
    )


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
    UnitKind.MATCHED: match_leaf,
    UnitKind.COHORT: find_cohort,
    UnitKind.PATIENTS: name_patients,
    UnitKind.MEMBERS: find_members,
    UnitKind.CLAIMS: name_claims,
    UnitKind.STAYS: name_stays,
    UnitKind.TABLE: deliver_table,
    UnitKind.PUBLISH: publish,
}
