"""What each kind of unit does. A step reads, computes, checks that the source did not move, and keeps one result."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from . import measuring, naming, publishing
from .catalogue import CATALOGUE, Link, Partitioning, Table
from .delivery import MANIFEST, PATIENTS, build_manifest, write_documents
from .job import Job
from .places import ObjectPath, Place
from .plan import cohort, deliveries, events, people
from .plan.relations import SHAPES, compiled
from .problems import EngineError, SourceError
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
    seen: dict[str, int | str] = {}
    rows = 0
    for file in job.source.files_of(table, job.unit.partition):
        path = job.source.path(file)
        seen[file.name] = job.source.check_size(file).st_mtime_ns
        job.source.check_content(file)
        _check_shape(table, path)
        rows += file.rows
    return job.workshop.keep(job.unit, None, rows, seen)


def _check_shape(table: Table, path: Place) -> None:
    """Every column of the catalogue, except the one in the path, with a type that stands for its own."""
    try:
        with path.open("rb") as stream:
            schema = pq.read_schema(stream)
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
    return job.keep(compiled(people.identities, *job.unit.bucket))


def describe_people(job: Job) -> Result:
    """Birth, sex and residence of each person."""
    return job.keep(compiled(people.people, *job.unit.bucket))


def find_events(job: Job) -> Result:
    """What a partition of a part of the source says about the criteria."""
    buckets = sum(unit.kind is UnitKind.MATCHED for unit in job.units)
    return job.keep(events_of(job.unit, job.definition, buckets))


def match_leaves(job: Job) -> Result:
    """The persons of a bucket who satisfy each leaf, from the events of every partition."""
    removed = dict(job.rows(compiled(events.removed_events)))
    return job.keep(compiled(events.matched, job.definition.leaves), {"removed": removed})


def find_cohort(job: Job) -> Result:
    """The persons of a bucket who are in the cohort, and how many were left after each criterion."""
    population = job.definition.population
    asked = (population, job.definition.leaves, *job.unit.bucket)
    flow = list(job.rows(compiled(cohort.flow, *asked))[0])
    return job.keep(compiled(cohort.cohort, *asked), {"flow": flow})


def find_members(job: Job) -> Result:
    """The identities of the cohort with their pseudonym."""
    return job.keep(compiled(deliveries.members))


def deliver_table(job: Job) -> Result:
    """One partition of one table, as it will be delivered."""
    table = CATALOGUE.tables[job.unit.table]
    counted = deliveries.removed(job.definition, table)
    facts: dict[str, Any] = {"removed": dict(job.rows(counted))} if counted else {}
    repeated = deliveries.joins_claims(table) and job.rows(compiled(deliveries.repeated_claims))[0][0] > 0
    sql = job.sql(compiled(deliveries.delivery, job.definition, table, repeated))
    columns = deliveries.delivered_columns(job.definition, table)
    with job.workshop.unfinished() as path:
        with job.source_watched():
            others = columns[len(table.surrogates) :]
            rows = job.engine.deliver(sql, path, table.surrogates, others)
        facts["sha256"] = sha256_of(path)
        facts["persons"] = job.engine.distinct_persons(path) if table.link is not Link.NOBODY else None
        facts["schema"] = [[field.name, str(field.type)] for field in pq.read_schema(path)]
        return job.workshop.keep(job.unit, path, rows, facts)


def upload_file(job: Job) -> Result:
    """Put one delivered file where it will stand; without a manifest beside it, it is no delivery yet."""
    made = Unit(UnitKind.TABLE, job.unit.table, job.unit.partition)
    done, out = job.workshop.result(made), job.workshop.out
    if done is None or not isinstance(out, ObjectPath):
        raise EngineError(f"{made}: this unit is not done, or nothing is delivered to an object store")
    shelf = publishing.Shelf(out, job.binding["request_id"], job.workshop.binding)
    file = job.workshop.file(made)
    shelf.put(file.relative_to(job.workshop.delivery).as_posix(), file, done.facts["sha256"])
    job.workshop.keep(job.unit, None, done.rows, {})
    return Result(done.rows, done.bytes, {})


def publish(job: Job) -> Result:
    """Write the manifest and the page, verify the whole, and give the delivery its place."""
    results = {unit: job.workshop.result(unit) for unit in job.units[:-1]}
    missing = [unit.name for unit, result in results.items() if result is None]
    if missing:
        raise EngineError(f"these units are not done: {', '.join(missing)}")
    finished = {unit: result for unit, result in results.items() if result is not None}
    manifest = build_manifest(job.definition, job.binding, job.source, finished)
    documents = deliver_design(job)
    write_documents(job.workshop.delivery, manifest, documents)
    job.signer.sign(job.workshop.delivery / MANIFEST)
    # The units counted the persons of the very files that they hashed: the hashes are enough here.
    if problems := verify(job.workshop.delivery, job.signer.public_key, recount=False):
        raise EngineError("\n".join(map(str, problems)))
    publishing.publish(job.workshop, job.binding["request_id"])
    return Result(sum(file["rows"] for file in manifest["files"]), sum(file["bytes"] for file in manifest["files"]), {})


def deliver_design(job: Job) -> tuple[str, ...]:
    """Write who is a case, a control, and when their index date is, where there is something of this to tell."""
    query = compiled(deliveries.designed, job.definition)
    columns = deliveries.designed_columns(job.definition)
    if columns == (deliveries.PATIENT,):
        return ()
    identifiers = [name for name in columns if name != deliveries.INDEX_DATE]
    job.workshop.delivery.mkdir(parents=True, exist_ok=True)
    with job.workshop.unfinished() as path:
        job.engine.deliver(job.sql(query), path, identifiers, [name for name in columns if name not in identifiers])
        path.replace(job.workshop.delivery / PATIENTS)
    return (PATIENTS,)


STEPS: Mapping[UnitKind, Callable[[Job], Result]] = {
    UnitKind.SOURCE: check_source,
    UnitKind.IDENTITIES: find_identities,
    UnitKind.PEOPLE: describe_people,
    UnitKind.EVENTS: find_events,
    UnitKind.MATCHED: match_leaves,
    UnitKind.COHORT: find_cohort,
    UnitKind.CONTROLS: naming.find_controls,
    UnitKind.PATIENTS: naming.name_patients,
    UnitKind.MEMBERS: find_members,
    UnitKind.TABLE: deliver_table,
    UnitKind.RISK: measuring.measure_risk,
    UnitKind.UPLOAD: upload_file,
    UnitKind.PUBLISH: publish,
}
