"""The cohort: the tree of criteria over people flagged by their events, and the population flow."""

from collections.abc import Sequence
from functools import reduce as fold
from operator import add, and_, or_
from typing import Any

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.criteria import (
    Age,
    AllOf,
    AnyOf,
    AtLeast,
    Criterion,
    EventLeaf,
    Not,
    PersonLeaf,
    Residence,
    Sex,
)
from apps.extracts.engine.design import index_of
from apps.extracts.engine.geography import departments_of
from apps.extracts.engine.leaf_parts import SEX_CODES

from .buckets import in_bucket
from .relations import COHORT, relation


def flagged(people: ir.Table, leaves: Sequence[EventLeaf]) -> ir.Table:
    """People with their index date, where they have one, and one boolean column for each event leaf."""
    if not leaves:
        return people.mutate(index_day=ibis.null("date"))
    found = relation("matched")
    names = [f"leaf_{number}" for number in range(len(leaves))]
    flags = {name: (found.leaf == place).any() for place, name in enumerate(names)}
    known = found.group_by("person").agg(index_day=found.index_day.max(), **flags)
    joined = people.left_join(known, "person").drop("person_right")
    return joined.mutate(**{name: joined[name].fill_null(False) for name in names})


def holds(criterion: Criterion, rows: ir.Table, leaves: Sequence[EventLeaf]) -> ir.BooleanValue:
    """Whether flagged people satisfy a criterion."""
    match criterion:
        case AllOf(below):
            return fold(and_, [holds(child, rows, leaves) for child in below])
        case AnyOf(below):
            return fold(or_, [holds(child, rows, leaves) for child in below])
        case AtLeast(count, below):
            return fold(add, [holds(child, rows, leaves).ifelse(1, 0) for child in below]) >= count
        case Not(child):
            return ~holds(child, rows, leaves)
        case Age() | Sex() | Residence():
            return _is(criterion, rows).fill_null(False)
        case _:
            return rows[f"leaf_{leaves.index(criterion)}"]


def _is(leaf: PersonLeaf, rows: ir.Table) -> ir.BooleanValue:
    match leaf:
        case Age():
            return _aged(leaf, rows)
        case Sex(value):
            return rows.sex == SEX_CODES[value]
        case _:
            return rows.department.isin(departments_of(leaf.codes))


def _aged(leaf: Age, rows: ir.Table) -> ir.BooleanValue:
    """Age in completed years, the first day of the month of birth standing for the birthday."""
    not_yet = (rows.birth_month > leaf.on.month).ifelse(1, 0)
    age = ibis.literal(leaf.on.year) - rows.birth_year - not_yet
    return age.between(leaf.low, leaf.high)


def steps(population: Criterion) -> tuple[Criterion, ...]:
    """The criteria after which the population flow is counted: those of a root ``all_of``, else the root alone."""
    return population.criteria if isinstance(population, AllOf) else (population,)


def _asked(leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    return flagged(in_bucket(relation("people"), bucket, buckets), leaves)


def _is_dated(rows: ir.Table, population: Criterion) -> ir.BooleanValue:
    """Whoever has no index date, where one is needed, is not in the population."""
    return rows.index_day.notnull() if index_of(population) else ibis.literal(True)


def cohort(population: Criterion, leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    """The persons of a bucket who satisfy the population."""
    rows = _asked(leaves, bucket, buckets)
    return rows.filter(holds(population, rows, leaves) & _is_dated(rows, population)).select(*COHORT)


def flow(population: Criterion, leaves: Sequence[EventLeaf], bucket: int, buckets: int) -> ir.Table:
    """One row: everybody of a bucket, the persons left after each step, then those who also have an index date."""
    rows = _asked(leaves, bucket, buckets)
    counts: dict[str, Any] = {"step_0": rows.count()}
    held: ir.BooleanValue = ibis.literal(True)
    kept = [holds(step, rows, leaves) for step in steps(population)]
    if index_of(population):
        kept.append(_is_dated(rows, population))
    for index, step in enumerate(kept, start=1):
        held = held & step
        counts[f"step_{index}"] = held.sum().fill_null(0)
    return rows.aggregate(**counts)
