"""Cases to be matched and persons who may be their controls, of some regions: what the matching is done upon."""

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.criteria import EventLeaf
from apps.extracts.engine.design import Controls
from apps.extracts.engine.geography import REGIONS, departments_of
from apps.extracts.engine.leaf_parts import SEX_CODES

from .cohort import flagged, holds
from .relations import relation

CASE = ("person", "region", "sex", "birth_year", "index_day")
CANDIDATE = ("person", "region", "sex", "birth_year", "died")
GROUP = ("region", "sex", "birth_year")


def regions_of(bucket: int, buckets: int) -> tuple[str, ...]:
    """The regions of one bucket out of so many."""
    return tuple(REGIONS)[bucket::buckets]


def _described(regions: tuple[str, ...]) -> ir.Table:
    """People of these regions of whom sex and year of birth are known."""
    people = relation("people")
    region = ibis.cases(*((people.department.isin(departments_of((code,))), ibis.literal(code)) for code in regions))
    known = people.sex.isin(sorted(SEX_CODES.values())) & people.birth_year.notnull()
    placed = people.mutate(region=region).filter(known)
    return placed.filter(placed.region.notnull())


def cases(regions: tuple[str, ...]) -> ir.Table:
    """The persons of the cohort who can be matched."""
    return _described(regions).join(relation("cohort"), "person").select(*CASE)


def candidates(controls: Controls, leaves: tuple[EventLeaf, ...], regions: tuple[str, ...]) -> ir.Table:
    """Who may be a control of some case: not a case, of its sex, of its region, of about its age."""
    others = _described(regions).anti_join(relation("cohort"), "person")
    if controls.among:
        rows = flagged(others, leaves)
        others = rows.filter(holds(controls.among, rows, leaves))
    wanted = cases(regions)
    years = range(-controls.years, controls.years + 1)
    reach = ibis.union(*(wanted.select("region", "sex", birth_year=wanted.birth_year + apart) for apart in years))
    return others.join(reach.distinct(), list(GROUP)).select(*CANDIDATE)
