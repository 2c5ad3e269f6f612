"""The rows and columns that are delivered, and what is counted on the way."""

from collections.abc import Sequence

import ibis  # type: ignore[import-untyped]
import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CLAIM_KEYS, STAY_KEYS, Link, Table
from apps.extracts.engine.definition import Definition

from .relations import MEMBERS, identifier, relation
from .rows import ald_hits, dated_care, linked_stays, mask, under_way, within


def members() -> ir.Table:
    """The identities of the persons of the cohort, with their pseudonym."""
    return relation("identities").join(relation("patients"), "person").select(*MEMBERS)


def claims(definition: Definition) -> ir.Table:
    """Care lines of the cohort in the period, once each, with their filter mask and what their pseudonym is made of."""
    care = dated_care(definition.scope.period, definition.filters)
    linked = care.join(relation("members"), list(BENEFICIARY_KEYS))
    return _once(linked, CLAIM_KEYS)


def stays(definition: Definition) -> ir.Table:
    """Stays of the cohort that begin in the period, once each, in the same form as ``claims``."""
    known = relation("members").select("BEN_NIR_PSA", "sharing", "PATIENT_ID").distinct()
    linked = linked_stays(definition.scope.period, definition.filters, known)
    return _once(linked, STAY_KEYS)


def _once(linked: ir.Table, keys: Sequence[str]) -> ir.Table:
    found = linked.group_by([*keys, "PATIENT_ID", "removed"]).agg(rows=linked.count())
    return found.mutate(identifier=identifier(found, keys))


def selected(definition: Definition, table: Table) -> ir.Table:
    """The rows of a table that are delivered, every column, with the pseudonyms that belong to it."""
    source, period = relation(table.name), definition.scope.period
    if table.link is Link.CLAIM:
        return _selected_claims(definition, table, source)
    if table.link is Link.STAY:
        return source.join(relation("stays"), list(STAY_KEYS))
    if table.link is Link.DEATH:
        dead = source.filter(within(source.BEN_DCD_DTE, period))
        return dead.join(relation("members").select("BEN_IDT_ANO", "PATIENT_ID").distinct(), "BEN_IDT_ANO")
    if table.link is Link.BENEFICIARY:
        rows = _kept_conditions(definition, source) if table.name == "IR_IMB_R" else source
        return rows.join(relation("members").select(*BENEFICIARY_KEYS, "PATIENT_ID"), list(BENEFICIARY_KEYS))
    return source


def _selected_claims(definition: Definition, table: Table, source: ir.Table) -> ir.Table:
    if table.name != "ER_PRS_F":
        return source.join(relation("claims"), list(CLAIM_KEYS))
    care = dated_care(definition.scope.period, definition.filters)
    kept = care.filter(care.removed == 0).drop("removed")
    known = relation("members").select(*BENEFICIARY_KEYS, "PATIENT_ID")
    return kept.join(known, list(BENEFICIARY_KEYS)).join(relation("claims"), [*CLAIM_KEYS, "PATIENT_ID"])


def _kept_conditions(definition: Definition, source: ir.Table) -> ir.Table:
    found = source.filter(under_way(source, definition.scope.period))
    return found.filter(mask(ald_hits(found), definition.filters) == 0)


def removed_conditions(definition: Definition) -> ir.Table:
    """How many rows of IR_IMB_R each combination of filters removed from the delivery."""
    source = relation("IR_IMB_R")
    found = source.filter(under_way(source, definition.scope.period))
    found = found.mutate(removed=mask(ald_hits(found), definition.filters))
    linked = found.join(relation("members").select(*BENEFICIARY_KEYS), list(BENEFICIARY_KEYS))
    return linked.group_by("removed").agg(rows=linked.count())


def delivered_columns(definition: Definition, table: Table) -> tuple[str, ...]:
    """The columns of a delivered table, in order: pseudonyms first, then those asked for, as in the catalogue."""
    asked = definition.scope.tables[table.name]
    return (*table.surrogates, *(column.name for column in table.columns if column.name in asked))


def asked_surrogates(definition: Definition, table: Table) -> tuple[tuple[str, str], ...]:
    """Pairs (column of the pseudonym, column of the source) that the definition asks for in a table."""
    asked = definition.scope.tables[table.name]
    return tuple(
        (column.name, column.surrogate_of) for column in table.columns if column.surrogate_of and column.name in asked
    )


def distinct_values(definition: Definition, table: Table, column: str) -> ir.Table:
    """The distinct values of a column of the delivered rows, for pseudonyms to be made of them."""
    rows = selected(definition, table)
    return rows.filter(rows[column].notnull()).select(value=rows[column]).distinct()


def delivery(definition: Definition, table: Table) -> ir.Table:
    """One partition of a table as it is delivered. Pseudonyms of a column come from the relation of its name."""
    rows = selected(definition, table)
    for name, source in asked_surrogates(definition, table):
        made = ibis.table({"value": "string", name: "uuid"}, name=name)
        rows = rows.left_join(made, rows[source] == made["value"]).drop("value")
    return rows.select(*delivered_columns(definition, table))
