"""The cohort: the tree of criteria over people flagged by their events, and the population flow."""

from collections.abc import Sequence
from functools import reduce as fold
from operator import and_, or_
from typing import Any

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.criteria import Age, AllOf, AnyOf, Criterion, EventLeaf, Not, PersonLeaf, Residence, Sex
from apps.extracts.engine.geography import departments_of
from apps.extracts.engine.leaf_parts import SEX_CODES

from .events import in_bucket
from .relations import relation


def _flagged(leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    """People of a bucket with one boolean column for each event leaf."""
    people = in_bucket(relation("people"), bucket, buckets)
    if not leaves:
        return people
    found = relation("matched")
    names = [f"leaf_{number}" for number in range(len(leaves))]
    flags = found.group_by("person").agg(**{name: (found.leaf == place).any() for place, name in enumerate(names)})
    flagged = people.left_join(flags, "person").drop("person_right")
    return flagged.mutate(**{name: flagged[name].fill_null(False) for name in names})


def _holds(criterion: Criterion, flagged: ir.Table, leaves: Sequence[EventLeaf]) -> ir.BooleanValue:
    match criterion:
        case AllOf(below):
            return fold(and_, [_holds(child, flagged, leaves) for child in below])
        case AnyOf(below):
            return fold(or_, [_holds(child, flagged, leaves) for child in below])
        case Not(child):
            return ~_holds(child, flagged, leaves)
        case Age() | Sex() | Residence():
            return _is(criterion, flagged).fill_null(False)
        case _:
            return flagged[f"leaf_{leaves.index(criterion)}"]


def _is(leaf: PersonLeaf, flagged: ir.Table) -> ir.BooleanValue:
    match leaf:
        case Age():
            return _aged(leaf, flagged)
        case Sex(value):
            return flagged.sex == SEX_CODES[value]
        case _:
            return flagged.department.isin(departments_of(leaf.codes))


def _aged(leaf: Age, flagged: ir.Table) -> ir.BooleanValue:
    """Age in completed years, the first day of the month of birth standing for the birthday."""
    not_yet = (flagged.birth_month > leaf.on.month).ifelse(1, 0)
    age = ibis.literal(leaf.on.year) - flagged.birth_year - not_yet
    return age.between(leaf.low, leaf.high)


def steps(population: Criterion) -> tuple[Criterion, ...]:
    """The criteria after which the population flow is counted: those of a root ``all_of``, else the root alone."""
    return population.criteria if isinstance(population, AllOf) else (population,)


def cohort(population: Criterion, leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    """The persons of a bucket who satisfy the population."""
    flagged = _flagged(leaves, bucket, buckets)
    return flagged.filter(_holds(population, flagged, leaves)).select("person")


def flow(population: Criterion, leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    """One row: everybody of a bucket, then the persons left after each step."""
    flagged = _flagged(leaves, bucket, buckets)
    counts: dict[str, Any] = {"step_0": flagged.count()}
    held: ir.BooleanValue = ibis.literal(True)
    for index, step in enumerate(steps(population), start=1):
        held = held & _holds(step, flagged, leaves)
        counts[f"step_{index}"] = held.sum().fill_null(0)
    return flagged.aggregate(**counts)
