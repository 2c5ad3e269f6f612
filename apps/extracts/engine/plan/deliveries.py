"""The rows and columns that are delivered, and what is counted on the way."""

from collections.abc import Callable, Mapping

import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CATALOGUE, CLAIM_KEYS, STAY_KEYS, Column, Kind, Link, Table
from apps.extracts.engine.definition import Definition

from .relations import CLAIMS, MEMBERS, STAYS, Query, compiled, pseudonym, relation
from .rows import ald_hits, dated_care, linked_stays, mask, masked_care, under_way, within


def members() -> ir.Table:
    """The identities of the persons of the cohort, with their pseudonym."""
    return relation("identities").join(relation("patients"), "person").select(*MEMBERS)


def _known() -> ir.Table:
    return relation("members").select(*BENEFICIARY_KEYS, "PATIENT_ID")


def _care(definition: Definition) -> ir.Table:
    """Care lines of the cohort in the period, with their filter mask."""
    linked = dated_care(definition.scope.period).join(_known(), list(BENEFICIARY_KEYS))
    return masked_care(linked, definition.filters)


def _named_care(definition: Definition) -> ir.Table:
    care = _care(definition)
    kept = care.filter(care.removed == 0)
    return kept.mutate(CLAIM_ID=pseudonym(Kind.CLAIM, *(kept[name] for name in CLAIM_KEYS)))


def claims(definition: Definition) -> ir.Table:
    """The care lines of the cohort that detail tables may join, once each and for each person."""
    return _named_care(definition).select(*CLAIMS).distinct()


def removed_care(definition: Definition) -> ir.Table:
    """How many care lines of the cohort each combination of filters removed."""
    found = _care(definition)
    return found.group_by("removed").agg(rows=found.count())


def stays(definition: Definition) -> ir.Table:
    """Stays of the cohort that begin in the period, once each, with their filter mask and their pseudonym."""
    known = relation("members").select("BEN_NIR_PSA", "sharing", "PATIENT_ID").distinct()
    found = linked_stays(definition.scope.period, definition.filters, known)
    named = found.mutate(STAY_ID=pseudonym(Kind.STAY, found.year, *(found[name] for name in STAY_KEYS)))
    return named.select(*STAYS).distinct()


def removed_stays() -> ir.Table:
    """How many stays of the cohort each combination of filters removed."""
    found = relation("stays")
    return found.group_by("removed").agg(rows=found.count())


def selected(definition: Definition, table: Table) -> ir.Table:
    """The rows of a table that are delivered, every column, with the pseudonyms that belong to it."""
    source, period = relation(table.name), definition.scope.period
    match table.link:
        case Link.CLAIM:
            if table.name == "ER_PRS_F":
                return _named_care(definition)
            return source.join(relation("claims"), list(CLAIM_KEYS))
        case Link.STAY:
            known = relation("stays")
            return source.join(known.filter(known.removed == 0), list(STAY_KEYS))
        case Link.DEATH:
            dead = source.filter(within(source.BEN_DCD_DTE, period))
            return dead.join(relation("members").select("BEN_IDT_ANO", "PATIENT_ID").distinct(), "BEN_IDT_ANO")
        case Link.BENEFICIARY:
            rows = _kept_conditions(definition, source) if table.name == "IR_IMB_R" else source
            return rows.join(_known(), list(BENEFICIARY_KEYS))
        case _:
            return source


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


def delivery(definition: Definition, table: Table) -> ir.Table:
    """One partition of a table as it is delivered."""
    rows = selected(definition, table)
    columns = [table.column(name) for name in delivered_columns(definition, table)[len(table.surrogates) :]]
    values = {column.name: _value(column, rows) for column in columns if column is not None}
    return rows.select(*table.surrogates, **values)


def _value(column: Column, rows: ir.Table) -> ir.Value:
    """A column, or the pseudonym of another one."""
    if column.kind is None:
        return rows[column.name]
    return pseudonym(column.kind, rows[column.surrogate_of])


SHARED: Mapping[Link, tuple[str, Callable[[Definition], ir.Table]]] = {
    Link.CLAIM: ("claims", claims),
    Link.STAY: ("stays", stays),
}
"""What the tables of a partition that are tied to people in the same way all join, and how it is made."""


def shared(name: str, definition: Definition) -> Query | None:
    """The query of a shared relation; ``None`` when the name is that of another."""
    return next((compiled(build, definition) for known, build in SHARED.values() if known == name), None)


def removed(definition: Definition, table: Table) -> Query | None:
    """What counts the rows that filters removed, asked for by the first table of the scope that has this link."""
    first = min(name for name in definition.scope.tables if CATALOGUE.tables[name].link is table.link)
    if table.name == "IR_IMB_R":
        return compiled(removed_conditions, definition)
    if table.name != first or table.link not in SHARED:
        return None
    return compiled(removed_care, definition) if table.link is Link.CLAIM else compiled(removed_stays)


def source_tables(definition: Definition, table: Table) -> tuple[str, ...]:
    """The tables of the source that the delivery of a table reads."""
    queries = [compiled(delivery, definition, table), removed(definition, table)]
    found = {name for query in queries if query is not None for name in query.relations}
    below = [query for name in found if (query := shared(name, definition)) is not None]
    return tuple(sorted({*found, *(name for query in below for name in query.relations)} & set(CATALOGUE.tables)))
