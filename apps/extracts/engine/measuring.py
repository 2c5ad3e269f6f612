"""The step that measures how exposed people are, in one delivered table or in the file of index dates."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .catalogue import CATALOGUE, Family, Partitioning
from .definition import Definition
from .exposure import Sets, exposures
from .job import Job
from .plan import deliveries
from .plan.relations import Query, compiled
from .risk import DESIGN, PEOPLE, design_sets, is_coarser, quasi_identifiers, sensitive, shown
from .units import Unit, UnitKind
from .workshop import Result


def measure_risk(job: Job) -> Result:
    """How exposed people are in one delivered table, and would be if nothing had been made coarser."""
    if job.unit.table == DESIGN:
        return _measure_design(job)
    table = CATALOGUE.tables[job.unit.table]
    sets, told = tuple(quasi_identifiers(job.definition, table)), sensitive(job.definition, table)
    files = [job.workshop.file(unit) for unit in job.units if unit.kind is UnitKind.TABLE and unit.table == table.name]
    found = _lines(sets, _exposed(job, sets, files, told))
    if table.partitioning is Partitioning.WHOLE and is_coarser(job.definition, table, sets[-1]):
        exact = compiled(deliveries.delivery, _exact(job.definition), table)
        _tell_before(found, _exposed_rows(job, exact, table.surrogates, sets, told))
    return job.workshop.keep(job.unit, None, 0, {"sensitive": told, "sets": found})


def _measure_design(job: Job) -> Result:
    """The same for index dates, alone and beside what is delivered of who people are."""
    definition = job.definition
    people = CATALOGUE.tables[PEOPLE] if PEOPLE in definition.scope.tables else None
    sets = design_sets(definition, deliveries.INDEX_DATE)
    rows = compiled(deliveries.designed_beside, definition, people)
    found = _lines(sets, _exposed_rows(job, rows, [deliveries.PATIENT], sets))
    dates_are = definition.protection.level(Family.CARE_DATE) is not None
    if dates_are or (people and is_coarser(definition, people, sets[-1])):
        exact = compiled(deliveries.designed_beside, _exact(definition), people)
        _tell_before(found, _exposed_rows(job, exact, [deliveries.PATIENT], sets))
    return job.workshop.keep(job.unit, None, 0, {"sensitive": "", "sets": found})


def _exact(definition: Definition) -> Definition:
    """The same without anything made coarser."""
    return replace(definition, protection=replace(definition.protection, coarsened=()))


def _lines(sets: Sets, measured: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"quasi_identifiers": list(columns), "after": after} for columns, after in zip(sets, measured, strict=True)]


def _tell_before(lines: Sequence[dict[str, Any]], measured: Sequence[dict[str, Any]]) -> None:
    for line, before in zip(lines, measured, strict=True):
        line["before"] = before


def _exposed_rows(
    job: Job, query: Query, identifiers: Sequence[str], sets: Sets, told: str = ""
) -> list[dict[str, Any]]:
    """What may be shown of the rows of a query, which stand in a file as long as they are read."""
    sql = job.sql(query)
    with job.workshop.unfinished() as path:
        with job.source_watched():
            job.engine.deliver(sql, path, identifiers, ())
        return _exposed(job, sets, [path], told)


def _exposed(job: Job, sets: Sets, files: Sequence[Path], told: str) -> list[dict[str, Any]]:
    """What may be shown of each set."""
    everybody = job.workshop.file(Unit(UnitKind.PATIENTS))
    return [shown(*found) for found in exposures(files, sets, told, everybody, job.workshop.temporary)]
