"""The steps that the holder of the key does alone: who is a control of whom, and the pseudonym of each person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .backends.base import ROW_GROUP
from .catalogue import Kind
from .design import Controls
from .job import Job
from .keyed import uuids
from .matching import Candidate, Case, matched
from .parquet import opened
from .plan import controls as plan
from .plan.relations import Query, compiled
from .protection import Protection
from .pseudonyms import ProjectKey
from .units import UnitKind
from .workshop import Result

PATIENTS = pa.schema(
    {
        "person": pa.string(),
        "PATIENT_ID": pa.uuid(),
        "CASE_ID": pa.uuid(),
        "shift": pa.int64(),
        "index_day": pa.date32(),
    }
)
CONTROLS = pa.schema({"person": pa.string(), "index_day": pa.date32(), "case": pa.string()})


def find_controls(job: Job) -> Result:
    """Match the cases of some regions, and count those who got all their controls, some of them, or none."""
    asked, regions = job.definition.design.controls, plan.regions_of(*job.unit.bucket)
    assert asked is not None  # noqa: S101  there is such a unit only then
    cases = [Case(*row.values()) for batch in _rows(job, compiled(plan.cases, regions)) for row in batch]
    cases = [case for case in cases if _kept(job.key, case.person, job.definition.protection)]
    found = compiled(plan.candidates, asked, job.definition.leaves, regions)
    batches = ([Candidate(*row.values()) for row in batch] for batch in _rows(job, found))
    pairs = list(matched(cases, batches, asked, job.key.order))
    rows = [{"person": found.person, "index_day": case.index_day, "case": case.person} for case, found in pairs]
    with job.workshop.unfinished() as path:
        pq.write_table(pa.Table.from_pylist(rows, schema=CONTROLS), path, compression="zstd")
        return job.workshop.keep(job.unit, path, len(rows), _served(asked, [case.person for case, _ in pairs]))


def _served(asked: Controls, cases: Sequence[str]) -> dict[str, int]:
    """How many cases have all the controls that were asked for, and how many only some."""
    counts = Counter(cases).values()
    full = sum(count == asked.per_case for count in counts)
    return {"full": full, "partly": len(counts) - full}


def _rows(job: Job, query: Query) -> Iterator[list[dict[str, Any]]]:
    """The rows of a query, a batch at a time."""
    sql = job.sql(query)
    with job.workshop.unfinished() as path:
        job.engine.write(sql, path)
        with opened(path) as file:
            yield from (batch.to_pylist() for batch in file.iter_batches())


def name_patients(job: Job) -> Result:
    """One pseudonym, and one shift of dates, for each case that the sample keeps and each of their controls."""
    rows = 0
    with job.workshop.unfinished() as path:
        with pq.ParquetWriter(path, PATIENTS, compression="zstd") as writer:
            for persons, days, cases in _persons(job):
                named = _named(job, persons, days, cases)
                writer.write_batch(pa.RecordBatch.from_arrays(named, schema=PATIENTS), row_group_size=ROW_GROUP)
                rows += len(persons)
        return job.workshop.keep(job.unit, path, rows, {})


Persons = tuple[Sequence[str], Sequence[date | None], Sequence[str]]
"""Persons, their index dates, and the cases that they are a control of: themselves for cases."""


def _persons(job: Job) -> Iterator[Persons]:
    for unit in job.units:
        if unit.kind not in (UnitKind.COHORT, UnitKind.CONTROLS):
            continue
        with opened(job.workshop.file(unit)) as file:
            for batch in file.iter_batches():
                found = batch if unit.kind is UnitKind.CONTROLS else _sampled(job, batch)
                persons = _listed(found, "person")
                cases = _listed(found, "case") if unit.kind is UnitKind.CONTROLS else persons
                yield persons, _listed(found, "index_day"), cases


def _sampled(job: Job, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Those of the cohort whom the sample keeps."""
    if job.definition.protection.one_in == 1:
        return batch
    kept = [_kept(job.key, person, job.definition.protection) for person in _listed(batch, "person")]
    return batch.filter(pa.array(kept, pa.bool_()))


def _listed(batch: pa.RecordBatch, column: str) -> list[Any]:
    return list(batch.column(column).to_pylist())


def _kept(key: ProjectKey, person: str, protection: Protection) -> bool:
    """Whether the sample keeps somebody of the cohort."""
    return protection.one_in == 1 or key.sampled(person, protection.one_in)


def _named(job: Job, persons: Sequence[str], days: Sequence[date | None], cases: Sequence[str]) -> list[pa.Array]:
    key, longest = job.key, job.definition.protection.shift
    shifts = [key.shift(person, longest) if longest else 0 for person in persons]
    named = uuids(b"".join(key.pseudonyms(Kind.PERSON, persons)), len(persons))
    matched_to = named if cases == persons else uuids(b"".join(key.pseudonyms(Kind.PERSON, cases)), len(cases))
    return [
        pa.array(persons, pa.string()),
        named,
        matched_to,
        pa.array(shifts, pa.int64()),
        pa.array(days, pa.date32()),
    ]
