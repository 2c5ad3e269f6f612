"""The events of the criteria: who, on which day, which code, how many, kept or removed by which filters.

A part of the source (the care of a month of flux, the stays of a year, the long-term conditions) is read once for all
the leaves that look into it. What it says is reduced to counts, and the counts of all parts to the persons who satisfy
each leaf.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import reduce as fold
from operator import and_, or_
from typing import cast

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CLAIM_KEYS, STAY_KEYS
from apps.extracts.engine.criteria import (
    Act,
    Biology,
    Drug,
    EventLeaf,
    LongTermCondition,
    Period,
    Place,
    Position,
    Stay,
)
from apps.extracts.engine.filters import Filter
from apps.extracts.engine.timing import Anchor

from .buckets import bucket_of
from .relations import EVENTS, MATCHED, REDUCED, relation
from .rows import ald_hits, bit, dated_care, linked_stays, mask, masked_care, under_way, within

Leaves = tuple[tuple[int, EventLeaf], ...]
"""Leaves with their number in the population."""


class Part(StrEnum):
    """The parts of the source that hold events, each with partitions of its own."""

    CARE = "care"
    STAYS = "stays"
    CONDITIONS = "conditions"


PART_TABLE: Mapping[Part, str] = {Part.CARE: "ER_PRS_F", Part.STAYS: "T_MCOaaC", Part.CONDITIONS: "IR_IMB_R"}
"""The table whose partitions are those of the part."""


def parts_of(leaf: EventLeaf) -> tuple[Part, ...]:
    """Where the events of a leaf are."""
    match leaf:
        case Stay():
            return (Part.STAYS,)
        case LongTermCondition():
            return (Part.CONDITIONS,)
        case Act(places=places):
            return tuple({Place.STAY: Part.STAYS, Place.COMMUNITY: Part.CARE}[place] for place in places)
        case _:
            return (Part.CARE,)


def events(part: Part, leaves: Leaves, filters: Sequence[Filter], buckets: int) -> ir.Table:
    """What one partition of a part says about these leaves, bucket after bucket of persons: whoever looks for those of
    a bucket reads the row groups where it is, and nothing else."""
    found = _BUILD[part](leaves, filters)
    placed = found.mutate(bucket=bucket_of(found.person, buckets))
    return placed.order_by("bucket") if buckets > 1 else placed


def _begins(column: ir.StringValue, codes: Iterable[str]) -> ir.BooleanValue:
    return fold(or_, [column.startswith(code) for code in codes])


def _span(leaves: Leaves) -> Period:
    """The shortest period that holds those of all the leaves."""
    return Period(min(leaf.period.start for _, leaf in leaves), max(leaf.period.end for _, leaf in leaves))


def _counted(found: ir.Table, number: ir.Value, code: ir.Value, quantity: ir.Value) -> ir.Table:
    """Rows as counted events."""
    events = found.select(
        leaf=number,
        person=found.person,
        day=found.EXE_SOI_DTD,
        code=code,
        removed=found.removed,
        quantity=quantity.cast("float64").fill_null(1.0),
    )
    keys = [name for name in events.columns if name != "quantity"]
    return events.group_by(keys).agg(quantity=events.quantity.sum(), rows=events.count())


def _once(found: ir.Table, number: int) -> ir.Table:
    """Rows that are one event each, whatever their code, as counted events."""
    return _counted(found, ibis.literal(number, "int64"), ibis.literal(""), ibis.literal(1.0))


# --- long-term conditions ---


def _condition_events(leaves: Leaves, filters: Sequence[Filter]) -> ir.Table:
    known = relation("identities").select(*BENEFICIARY_KEYS, "person")
    asked = ((number, leaf) for number, leaf in leaves if isinstance(leaf, LongTermCondition))
    return ibis.union(*(_conditions(number, leaf, filters, known) for number, leaf in asked))


def _conditions(number: int, leaf: LongTermCondition, filters: Sequence[Filter], known: ir.Table) -> ir.Table:
    conditions = relation("IR_IMB_R")
    hits = [_begins(conditions.MED_MTF_COD, leaf.diagnosis)] if leaf.diagnosis else []
    if leaf.numbers:
        hits.append(conditions.IMB_ALD_NUM.isin(leaf.numbers))
    found = conditions.filter(under_way(conditions, leaf.period) & fold(or_, [hit.fill_null(False) for hit in hits]))
    found = found.join(known, list(BENEFICIARY_KEYS))
    found = found.mutate(EXE_SOI_DTD=found.IMB_ALD_DTD, removed=mask(ald_hits(found), filters))
    return _once(found, number)


# --- stays ---


def _stay_events(leaves: Leaves, filters: Sequence[Filter]) -> ir.Table:
    people = relation("identities").select("BEN_NIR_PSA", "person", "sharing").distinct()
    stays = linked_stays(_span(leaves), filters, people)
    return ibis.union(*(_stays(number, cast(Act | Stay, leaf), stays) for number, leaf in leaves))


def _stays(number: int, leaf: Act | Stay, stays: ir.Table) -> ir.Table:
    found = stays.filter(within(stays.EXE_SOI_DTD, leaf.period))
    if isinstance(leaf, Act):
        acts = relation("T_MCOaaA", *STAY_KEYS, "CDC_ACT")
        done = acts.filter(_begins(acts.CDC_ACT, leaf.ccam)).select(*STAY_KEYS).distinct()
        found = found.semi_join(done, list(STAY_KEYS))
    else:
        found = _with_diagnosis(leaf, found)
        if leaf.medical_units:
            units = relation("T_MCOaaUM", *STAY_KEYS, "AUT_TYP1_UM")
            spent = units.filter(_begins(units.AUT_TYP1_UM, leaf.medical_units)).select(*STAY_KEYS).distinct()
            found = found.semi_join(spent, list(STAY_KEYS))
    return _once(found, number)


def _with_diagnosis(leaf: Stay, stays: ir.Table) -> ir.Table:
    positions = {Position.PRINCIPAL: stays.DGN_PAL, Position.RELATED: stays.DGN_REL}
    hits = [_begins(column, leaf.diagnosis) for position, column in positions.items() if position in leaf.positions]
    if Position.ASSOCIATED in leaf.positions:
        associated = relation("T_MCOaaD", *STAY_KEYS, "ASS_DGN")
        coded = associated.filter(_begins(associated.ASS_DGN, leaf.diagnosis)).select(*STAY_KEYS).distinct()
        coded = coded.mutate(associated=True)
        stays = stays.left_join(coded, list(STAY_KEYS)).drop("ETA_NUM_right", "RSA_NUM_right")
        hits.append(stays.associated)
    return stays.filter(fold(or_, [hit.fill_null(False) for hit in hits]))


# --- care ---


def _care_events(leaves: Leaves, filters: Sequence[Filter]) -> ir.Table:
    """Details of all the leaves, then the care lines that they belong to: the large table is read once."""
    details = ibis.union(*(_details(number, leaf) for number, leaf in leaves))
    found = dated_care(_span(leaves), "PRS_ACT_QTE").join(details, list(CLAIM_KEYS))
    if len({leaf.period for _, leaf in leaves}) > 1:
        dated = [(found.leaf == number) & within(found.EXE_SOI_DTD, leaf.period) for number, leaf in leaves]
        found = found.filter(fold(or_, dated))
    found = found.join(relation("identities").select(*BENEFICIARY_KEYS, "person"), list(BENEFICIARY_KEYS))
    found = masked_care(found, filters)
    return _counted(found, found.leaf, found.code, ibis.coalesce(found.quantity, found.PRS_ACT_QTE))


def _details(number: int, leaf: EventLeaf) -> ir.Table:
    found, code, quantity = _coded(leaf)
    return found.select(
        *CLAIM_KEYS,
        leaf=ibis.literal(number, "int64"),
        code=code.cast("string"),
        quantity=quantity.cast("float64"),
    )


def _coded(leaf: EventLeaf) -> tuple[ir.Table, ir.Value, ir.Value]:
    """The detail rows of a leaf, their code, and their own quantity if they have one."""
    match leaf:
        case Drug():
            return _drugs(leaf)
        case Biology():
            analyses = relation("ER_BIO_F", *CLAIM_KEYS, "BIO_PRS_IDE", "BIO_ACT_QSN")
            found = analyses.filter(analyses.BIO_PRS_IDE.isin([int(code) for code in leaf.nabm]))
            return found, found.BIO_PRS_IDE, found.BIO_ACT_QSN
        case Act(ccam=codes):
            acts = relation("ER_CAM_F", *CLAIM_KEYS, "CAM_PRS_IDE")
            found = acts.filter(_begins(acts.CAM_PRS_IDE, codes))
            return found, found.CAM_PRS_IDE, ibis.null("float64")
        case _:
            raise TypeError(f"{leaf.TAG} is not looked for in care lines")


def _drugs(leaf: Drug) -> tuple[ir.Table, ir.Value, ir.Value]:
    dispensed = relation("ER_PHA_F", *CLAIM_KEYS, "PHA_PRS_C13", "PHA_ACT_QSN")
    drugs = relation("IR_PHA_R", "PHA_CIP_C13", "PHA_ATC_CLA")
    hits = [dispensed.PHA_PRS_C13.isin([int(code) for code in leaf.cip13])] if leaf.cip13 else []
    if leaf.atc:
        products = drugs.filter(_begins(drugs.PHA_ATC_CLA, leaf.atc)).PHA_CIP_C13
        hits.append(dispensed.PHA_PRS_C13.isin(products))
    found = dispensed.filter(fold(or_, hits))
    return found, found.PHA_PRS_C13, found.PHA_ACT_QSN


_BUILD: Mapping[Part, Callable[[Leaves, Sequence[Filter]], ir.Table]] = {
    Part.CARE: _care_events,
    Part.STAYS: _stay_events,
    Part.CONDITIONS: _condition_events,
}


# --- all parts together ---


def reduced(filters: Sequence[Filter], bucket: int, buckets: int) -> ir.Table:
    """The events of a bucket over all partitions, what a regularisation cancels among the removed."""
    found = relation("events")
    if buckets > 1:
        found = found.filter(found.bucket == bucket)
    keys = [name for name in EVENTS if name not in ("bucket", "quantity", "rows")]
    summed = found.group_by(keys).agg(quantity=found.quantity.sum(), rows=found.rows.sum())
    if Filter.DCIR_SIGNED_QUANTITIES in filters:
        cancelled = and_(summed.removed == 0, summed.quantity <= 0)
        summed = summed.mutate(removed=cancelled.ifelse(bit(Filter.DCIR_SIGNED_QUANTITIES), summed.removed))
    return summed.select(*REDUCED)


def matched(leaves: tuple[EventLeaf, ...]) -> ir.Table:
    """Which persons of a bucket satisfy which leaf, by enough distinct days; and their index date, if any."""
    found = relation("reduced")
    kept = found.filter(found.removed == 0).select("leaf", "person", "day")
    dated = _dated(kept, leaves)
    days = dated.group_by("leaf", "person").agg(days=dated.day.nunique(), index_day=dated.index_day.max())
    needed = [(days.leaf == number) & (days.days >= leaf.at_least) for number, leaf in enumerate(leaves)]
    return days.filter(fold(or_, needed)).select(*MATCHED)


def _dated(kept: ir.Table, leaves: tuple[EventLeaf, ...]) -> ir.Table:
    """Events with the index date of their person, those outside the window of their leaf left out."""
    anchor = next((number for number, leaf in enumerate(leaves) if leaf.index), None)
    if anchor is None:
        return kept.mutate(index_day=ibis.null("date"))
    dated = kept.left_join(_index_days(kept, anchor, leaves[anchor]), "person").drop("person_right")
    since = dated.day.delta(dated.index_day, unit="day")
    counted = [
        (dated.leaf == number) & since.between(leaf.within.first, leaf.within.last)
        for number, leaf in enumerate(leaves)
        if leaf.within
    ]
    anywhere = dated.leaf.isin([number for number, leaf in enumerate(leaves) if not leaf.within])
    return dated.filter(fold(or_, [anywhere, *counted]))


def _index_days(kept: ir.Table, anchor: int, leaf: EventLeaf) -> ir.Table:
    """The index date of everybody who satisfies the leaf that gives it."""
    events = kept.filter(kept.leaf == anchor)
    day = events.day.min() if leaf.index is Anchor.FIRST else events.day.max()
    found = events.group_by("person").agg(index_day=day, days=events.day.nunique())
    return found.filter(found.days >= leaf.at_least).drop("days")


def removed_events() -> ir.Table:
    """How many rows each combination of filters removed from the events of a bucket."""
    found = relation("reduced")
    return found.group_by("removed").agg(rows=found.rows.sum())
