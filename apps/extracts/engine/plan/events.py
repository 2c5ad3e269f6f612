"""The events of a leaf: who, on which day, kept or removed by which filters."""

from collections.abc import Iterable, Sequence
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


def event_tables(leaf: EventLeaf) -> tuple[str, ...]:
    """The tables whose partitions cut the events of a leaf: one, or two for acts."""
    match leaf:
        case Stay():
            return ("T_MCOaaC",)
        case LongTermCondition():
            return ("IR_IMB_R",)
        case Drug():
            return ("ER_PHA_F",)
        case _:
            tables = {Place.STAY: "T_MCOaaA", Place.COMMUNITY: "ER_CAM_F"}
            return tuple(tables[place] for place in leaf.places)


def events(leaf: EventLeaf, table: str, filters: Sequence[Filter]) -> ir.Table:
    """The events of a leaf in one partition of one of its tables."""
    match leaf:
        case Stay():
            found = _stay_events(leaf, filters)
        case LongTermCondition():
            found = _condition_events(leaf, filters)
        case Drug():
            found = _drug_events(leaf, filters)
        case _:
            found = _stay_act_events(leaf, filters) if table == "T_MCOaaA" else _community_act_events(leaf, filters)
    return _counted(found)


def _counted(found: ir.Table) -> ir.Table:
    """Events as person, day and filter mask, with the number of rows behind each."""
    return found.group_by(person=found.person, day=found.EXE_SOI_DTD, removed=found.removed).agg(rows=found.count())


def matched(at_least: int) -> ir.Table:
    """From the events of a leaf over all partitions, the persons with enough distinct dates."""
    found = relation("events")
    kept = found.filter(found.removed == 0)
    if at_least == 1:
        return kept.select("person").distinct()
    return kept.group_by("person").agg(dates=kept.day.nunique()).filter(ibis._.dates >= at_least).select("person")


def removed_events() -> ir.Table:
    """From the events of a leaf over all partitions, how many rows each combination of filters removed."""
    found = relation("events")
    return found.group_by("removed").agg(rows=found.rows.sum())
