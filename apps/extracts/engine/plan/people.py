"""Identities and people, from the beneficiary referential."""

from datetime import date

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS

from .buckets import in_bucket
from .relations import IDENTITIES, relation

NO_EARLIER_DEATH = date(1900, 1, 1)
"""BEN_DCD_DTE of the living is empty or 1 January 1600 (SNDS documentation, IR_BEN_R)."""


def _person(beneficiaries: ir.Table) -> ir.StringValue:
    """One person = BEN_NIR_ANO if there is one, else BEN_NIR_PSA and BEN_RNG_GEM; the two never collide."""
    ano = beneficiaries.BEN_NIR_ANO.nullif("")
    own = ibis.literal("P") + beneficiaries.BEN_NIR_PSA + "|" + beneficiaries.BEN_RNG_GEM.cast("string")
    return (ibis.literal("A") + ano).coalesce(own)


def _beneficiaries() -> ir.Table:
    beneficiaries = relation("IR_BEN_R")
    known = beneficiaries.filter(beneficiaries.BEN_NIR_PSA.notnull() & beneficiaries.BEN_RNG_GEM.notnull())
    return known.mutate(person=_person(known))


def identities(bucket: int, buckets: int) -> ir.Table:
    """One row for each identity: its person, and how many persons share its BEN_NIR_PSA, which tells its bucket."""
    known = in_bucket(_beneficiaries(), bucket, buckets, "BEN_NIR_PSA")
    mapped = known.group_by(list(BENEFICIARY_KEYS)).agg(BEN_IDT_ANO=known.BEN_IDT_ANO.min(), person=known.person.min())
    shared = mapped.group_by("BEN_NIR_PSA").agg(sharing=mapped.person.nunique())
    return mapped.join(shared, "BEN_NIR_PSA").select(*IDENTITIES)


def people(bucket: int, buckets: int) -> ir.Table:
    """One row for each person of a bucket, as their latest identity describes them; dead if any identity is."""
    known = in_bucket(_beneficiaries(), bucket, buckets)
    latest = ibis.row_number().over(
        group_by=known.person,
        order_by=[
            known.BEN_DTE_MAJ.desc(nulls_first=False),
            known.BEN_NIR_PSA.desc(),
            known.BEN_RNG_GEM.desc(),
        ],
    )
    dead = ibis.date(NO_EARLIER_DEATH) <= known.BEN_DCD_DTE
    died = dead.ifelse(known.BEN_DCD_DTE, ibis.null("date")).min().over(group_by=known.person)
    first = known.mutate(rank=latest, died=died).filter(ibis._.rank == 0)
    return first.select(
        person=first.person,
        birth_year=first.BEN_NAI_ANN,
        birth_month=first.BEN_NAI_MOI.try_cast("int64").coalesce(1),
        sex=first.BEN_SEX_COD,
        department=first.BEN_RES_DPT,
        died=first.died,
    )
