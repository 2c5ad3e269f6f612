"""Rows of the source within a period, each with the mask of the quality filters that remove it."""

from collections.abc import Mapping, Sequence
from functools import reduce as fold
from operator import or_

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CLAIM_KEYS, STAY_KEYS
from apps.extracts.engine.criteria import Period
from apps.extracts.engine.filters import (
    DUPLICATE_FACILITIES,
    DUPLICATE_UNTIL,
    ERROR_GROUP,
    FIRST_SUPPLEMENT,
    GOOD_RETURN,
    INFORMATION_ONLY,
    NOT_ALD_NATURES,
    PUBLIC_ACTIVITY,
    RETURN_CODES,
    Filter,
)

from .relations import relation


def mask(hits: Mapping[Filter, ir.BooleanValue], filters: Sequence[Filter]) -> ir.IntegerValue:
    """Which of the filters in force remove a row, one bit each (see ``bit``); 0 when it is kept."""
    bits = [
        hit.fill_null(False).ifelse(bit(chosen), 0).cast("int64") for chosen, hit in hits.items() if chosen in filters
    ]
    return fold(lambda left, right: left + right, bits, ibis.literal(0, "int64"))


def bit(chosen: Filter) -> int:
    """The bit of a filter in the masks of this module."""
    return 1 << list(Filter).index(chosen)


def stay_hits(stays: ir.Table) -> Mapping[Filter, ir.BooleanValue]:
    returns = [(stays[name] != GOOD_RETURN).fill_null(False) for name in RETURN_CODES]
    return {
        Filter.MCO_RETURN_CODES: fold(or_, returns),
        Filter.MCO_GROUPING_ERROR: stays.GRG_GHM.startswith(ERROR_GROUP),
        Filter.MCO_SHARED_IDENTITY: stays.sharing > 1,
        Filter.MCO_DUPLICATE_FACILITIES: (stays.year <= DUPLICATE_UNTIL) & stays.ETA_NUM.isin(DUPLICATE_FACILITIES),
    }


def ald_hits(conditions: ir.Table) -> Mapping[Filter, ir.BooleanValue]:
    return {Filter.ALD_NATURES: conditions.IMB_ETM_NAT.isin(NOT_ALD_NATURES)}


def within(day: ir.DateValue, period: Period) -> ir.BooleanValue:
    return day.between(ibis.date(period.start), ibis.date(period.end))


FILTERED = ("DPN_QLF", "PRS_DPN_QLP", "CPL_MAJ_TOP")
"""The columns of ER_PRS_F that filters look at."""


def dated_care(period: Period, *columns: str) -> ir.Table:
    """Care lines of the period: their keys, their people, what filters look at, and these columns."""
    care = relation("ER_PRS_F", *CLAIM_KEYS, *BENEFICIARY_KEYS, *FILTERED, "EXE_SOI_DTD", *columns)
    return care.filter(within(care.EXE_SOI_DTD, period))


def masked_care(care: ir.Table, filters: Sequence[Filter]) -> ir.Table:
    """Care lines with their filter mask."""
    if Filter.DCIR_PUBLIC_ACTIVITY in filters:
        facilities = relation("ER_ETE_F", *CLAIM_KEYS, "ETE_IND_TAA")
        public = facilities.filter(facilities.ETE_IND_TAA == PUBLIC_ACTIVITY).select(*CLAIM_KEYS).distinct()
        care = care.left_join(public.mutate(public=True), list(CLAIM_KEYS), rname="public_{name}")
        care = care.drop(*(f"public_{name}" for name in CLAIM_KEYS))
    else:
        care = care.mutate(public=False)
    hits = {
        Filter.DCIR_QUALIFIER: care.DPN_QLF == INFORMATION_ONLY,
        Filter.DCIR_QUALIFIER_SENT: care.PRS_DPN_QLP == INFORMATION_ONLY,
        Filter.DCIR_SUPPLEMENTS: care.CPL_MAJ_TOP >= FIRST_SUPPLEMENT,
        Filter.DCIR_PUBLIC_ACTIVITY: care.public,
    }
    return care.mutate(removed=mask(hits, filters))


def linked_stays(period: Period, filters: Sequence[Filter], who: ir.Table) -> ir.Table:
    """Stays that begin in the period, with their people (``who``), the year of their tables and their filter mask."""
    linkage = relation("T_MCOaaC", *STAY_KEYS, "NIR_ANO_17", "EXE_SOI_DTD", *RETURN_CODES)
    described = relation("T_MCOaaB", *STAY_KEYS, "GRG_GHM", "DGN_PAL", "DGN_REL")
    dated = linkage.filter(within(linkage.EXE_SOI_DTD, period))
    stays = dated.join(described, list(STAY_KEYS)).join(who, [("NIR_ANO_17", "BEN_NIR_PSA")])
    stays = stays.cross_join(relation("partition"))
    return stays.mutate(removed=mask(stay_hits(stays), filters))


def under_way(conditions: ir.Table, period: Period) -> ir.BooleanValue:
    """On at least one day of the period; a condition without an end goes on."""
    first, last = ibis.date(period.start), ibis.date(period.end)
    return (last >= conditions.IMB_ALD_DTD) & (first <= conditions.IMB_ALD_DTF).fill_null(True)
