"""The events of a leaf: who, on which day, kept or removed by which filters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from functools import reduce as fold
from operator import or_

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CLAIM_KEYS, STAY_KEYS
from apps.extracts.engine.criteria import Act, Drug, EventLeaf, LongTermCondition, Place, Position, Stay
from apps.extracts.engine.filters import Filter

from .relations import relation
from .rows import ald_hits, dated_care, linked_stays, mask, under_way


def _begins(column: ir.StringValue, codes: Iterable[str]) -> ir.BooleanValue:
    return fold(or_, [column.startswith(code) for code in codes])


def _stay_people() -> ir.Table:
    known = relation("identities")
    return known.select("BEN_NIR_PSA", "person", "sharing").distinct()


def _stay_events(leaf: Stay, filters: Sequence[Filter]) -> ir.Table:
    stays = linked_stays(leaf.period, filters, _stay_people())
    positions = {Position.PRINCIPAL: stays.DGN_PAL, Position.RELATED: stays.DGN_REL}
    hits = [_begins(column, leaf.diagnosis) for position, column in positions.items() if position in leaf.positions]
    if Position.ASSOCIATED in leaf.positions:
        associated = relation("T_MCOaaD")
        coded = associated.filter(_begins(associated.ASS_DGN, leaf.diagnosis)).select(*STAY_KEYS).distinct()
        coded = coded.mutate(associated=True)
        stays = stays.left_join(coded, list(STAY_KEYS)).drop("ETA_NUM_right", "RSA_NUM_right")
        hits.append(stays.associated)
    return stays.filter(fold(or_, [hit.fill_null(False) for hit in hits]))


def _condition_events(leaf: LongTermCondition, filters: Sequence[Filter]) -> ir.Table:
    conditions = relation("IR_IMB_R")
    hits = [_begins(conditions.MED_MTF_COD, leaf.diagnosis)] if leaf.diagnosis else []
    if leaf.numbers:
        hits.append(conditions.IMB_ALD_NUM.isin(leaf.numbers))
    found = conditions.filter(under_way(conditions, leaf.period) & fold(or_, [hit.fill_null(False) for hit in hits]))
    found = found.join(_by_identity(), list(BENEFICIARY_KEYS))
    return found.mutate(EXE_SOI_DTD=found.IMB_ALD_DTD, removed=mask(ald_hits(found), filters))


def _by_identity() -> ir.Table:
    return relation("identities").select(*BENEFICIARY_KEYS, "person")


def _drug_events(leaf: Drug, filters: Sequence[Filter]) -> ir.Table:
    dispensed, drugs = relation("ER_PHA_F"), relation("IR_PHA_R")
    hits = [dispensed.PHA_PRS_C13.isin([int(code) for code in leaf.cip13])] if leaf.cip13 else []
    if leaf.atc:
        products = drugs.filter(_begins(drugs.PHA_ATC_CLA, leaf.atc)).PHA_CIP_C13
        hits.append(dispensed.PHA_PRS_C13.isin(products))
    detail = dispensed.filter(fold(or_, hits)).select(*CLAIM_KEYS)
    care = dated_care(leaf.period, filters).select(*CLAIM_KEYS, *BENEFICIARY_KEYS, "EXE_SOI_DTD", "removed")
    return detail.join(care, list(CLAIM_KEYS)).join(_by_identity(), list(BENEFICIARY_KEYS))


def _community_act_events(leaf: Act, filters: Sequence[Filter]) -> ir.Table:
    acts = relation("ER_CAM_F")
    detail = acts.filter(_begins(acts.CAM_PRS_IDE, leaf.ccam)).select(*CLAIM_KEYS)
    care = dated_care(leaf.period, filters).select(*CLAIM_KEYS, *BENEFICIARY_KEYS, "EXE_SOI_DTD", "removed")
    return detail.join(care, list(CLAIM_KEYS)).join(_by_identity(), list(BENEFICIARY_KEYS))


def _stay_act_events(leaf: Act, filters: Sequence[Filter]) -> ir.Table:
    acts = relation("T_MCOaaA")
    detail = acts.filter(_begins(acts.CDC_ACT, leaf.ccam)).select(*STAY_KEYS).distinct()
    return linked_stays(leaf.period, filters, _stay_people()).semi_join(detail, list(STAY_KEYS))


@dataclass(frozen=True, slots=True)
class EventSource:
    """One stream of events of a leaf: the table that cuts it into partitions, and the computation for one of them."""

    table: str
    events: ir.Table


@lru_cache(maxsize=256)
def event_sources(leaf: EventLeaf, filters: tuple[Filter, ...]) -> tuple[EventSource, ...]:
    """Where the events of a leaf come from: one stream, or two for acts."""
    found: list[tuple[str, ir.Table]] = []
    match leaf:
        case Stay():
            found = [("T_MCOaaC", _stay_events(leaf, filters))]
        case LongTermCondition():
            found = [("IR_IMB_R", _condition_events(leaf, filters))]
        case Drug():
            found = [("ER_PHA_F", _drug_events(leaf, filters))]
        case Act():
            if Place.STAY in leaf.places:
                found.append(("T_MCOaaA", _stay_act_events(leaf, filters)))
            if Place.COMMUNITY in leaf.places:
                found.append(("ER_CAM_F", _community_act_events(leaf, filters)))
    return tuple(EventSource(table, _counted(events)) for table, events in found)


def _counted(events: ir.Table) -> ir.Table:
    """Events as person, day and filter mask, with the number of rows behind each."""
    return events.group_by(person=events.person, day=events.EXE_SOI_DTD, removed=events.removed).agg(
        rows=events.count()
    )


def matched(at_least: int) -> ir.Table:
    """From the events of a leaf over all partitions, the persons with enough distinct dates."""
    events = relation("events")
    kept = events.filter(events.removed == 0)
    if at_least == 1:
        return kept.select("person").distinct()
    return kept.group_by("person").agg(dates=kept.day.nunique()).filter(ibis._.dates >= at_least).select("person")


def removed_events() -> ir.Table:
    """From the events of a leaf over all partitions, how many rows each combination of filters removed."""
    events = relation("events")
    return events.group_by("removed").agg(rows=events.rows.sum())
