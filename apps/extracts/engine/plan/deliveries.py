"""The rows and columns that are delivered, and what is counted on the way."""

import ibis.expr.types as ir  # type: ignore[import-untyped]

from apps.extracts.engine.catalogue import BENEFICIARY_KEYS, CATALOGUE, CLAIM_KEYS, STAY_KEYS, Column, Kind, Link, Table
from apps.extracts.engine.definition import Definition

from .protecting import protected
from .relations import CLAIMS, MEMBERS, STAYS, Query, compiled, pseudonym, relation
from .rows import ald_hits, dated_care, linked_stays, mask, masked_care, under_way, within


def members() -> ir.Table:
    """The identities of the persons of the cohort, with their pseudonym."""
    return relation("identities").join(relation("patients"), "person").select(*MEMBERS)


def _known() -> ir.Table:
    return relation("members").select(*BENEFICIARY_KEYS, "PATIENT_ID", "shift")


def _asked(definition: Definition) -> tuple[str, ...]:
    """The columns of ER_PRS_F that the delivery needs besides the nine keys."""
    table = CATALOGUE.tables["ER_PRS_F"]
    columns = (table.column(name) for name in definition.scope.tables.get("ER_PRS_F", ()))
    found = dict.fromkeys(column.surrogate_of or column.name for column in columns if column is not None)
    return tuple(name for name in found if name not in CLAIM_KEYS)


def lines(definition: Definition) -> ir.Table:
    """Care lines of the cohort in the period, with what is delivered of them and their filter mask."""
    asked = _asked(definition)
    linked = dated_care(definition.scope.period, *asked).join(_known(), list(BENEFICIARY_KEYS))
    found = masked_care(linked, definition.filters)
    return found.select(*CLAIM_KEYS, "PATIENT_ID", "shift", "removed", *asked)


def care(definition: Definition, of_most: bool) -> ir.Table:
    """The same lines with their pseudonym.

    ``of_most``: the cohort is most of the people, and all is done in one pass. Otherwise the lines are written down
    before, so that the keyed function is called on full batches, not on the few rows of each that a join lets through.
    """
    found = lines(definition) if of_most else relation("lines")
    columns = (*CLAIM_KEYS, "PATIENT_ID", "shift", "removed", *_asked(definition))
    return found.select(*columns, CLAIM_ID=pseudonym(Kind.CLAIM, *(found[name] for name in CLAIM_KEYS)))


def _kept(name: str) -> ir.Table:
    """What the filters keep of a shared relation."""
    found = relation(name)
    return found.filter(found.removed == 0)


def removed_care() -> ir.Table:
    """How many care lines of the cohort each combination of filters removed."""
    found = relation("care")
    return found.group_by("removed").agg(rows=found.count())


def stays(definition: Definition) -> ir.Table:
    """Stays of the cohort that begin in the period, once each, with their filter mask and their pseudonym."""
    known = relation("members").select("BEN_NIR_PSA", "sharing", "PATIENT_ID", "shift").distinct()
    found = linked_stays(definition.scope.period, definition.filters, known)
    named = found.mutate(STAY_ID=pseudonym(Kind.STAY, found.year, *(found[name] for name in STAY_KEYS)))
    return named.select(*STAYS).distinct()


def removed_stays() -> ir.Table:
    """How many stays of the cohort each combination of filters removed."""
    found = relation("stays")
    return found.group_by("removed").agg(rows=found.count())


def repeated_claims() -> ir.Table:
    """One row: how many care lines that are kept have the nine keys of another."""
    found = _kept("care")
    return found.aggregate(repeated=found.count() - found.CLAIM_ID.nunique())


def joins_claims(table: Table) -> bool:
    """Whether the rows of a table are found by the care lines that they belong to."""
    return table.link is Link.CLAIM and table.name != "ER_PRS_F"


def selected(definition: Definition, table: Table, repeated: bool) -> ir.Table:
    """The rows of a table that are delivered, every column, with the pseudonyms that belong to it.

    ``repeated``: care lines may repeat the keys of others, and are reduced to one before details join them.
    """
    source, period = relation(table.name), definition.scope.period
    match table.link:
        case Link.CLAIM:
            if table.name == "ER_PRS_F":
                return _kept("care")
            claims = _kept("care").select(*CLAIMS)
            return source.join(claims.distinct() if repeated else claims, list(CLAIM_KEYS))
        case Link.STAY:
            return source.join(_kept("stays"), list(STAY_KEYS))
        case Link.DEATH:
            dead = source.filter(within(source.BEN_DCD_DTE, period))
            return dead.join(relation("members").select("BEN_IDT_ANO", "PATIENT_ID", "shift").distinct(), "BEN_IDT_ANO")
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


def delivery(definition: Definition, table: Table, repeated: bool = True) -> ir.Table:
    """One partition of a table as it is delivered; ``repeated`` as in ``selected``."""
    rows = selected(definition, table, repeated)
    columns = [table.column(name) for name in delivered_columns(definition, table)[len(table.surrogates) :]]
    values = {column.name: _value(column, table, rows, definition) for column in columns if column is not None}
    return rows.select(*table.surrogates, **values)


def _value(column: Column, table: Table, rows: ir.Table, definition: Definition) -> ir.Value:
    """A column as it is protected, or the pseudonym of another one."""
    if column.kind is None:
        return protected(column, table, rows, definition.protection)
    return pseudonym(column.kind, rows[column.surrogate_of])


def shared(name: str, definition: Definition, *, of_most: bool = False) -> Query | None:
    """The query of what tables of a partition join, computed once for all of them; ``None`` for another relation."""
    match name:
        case "lines":
            return compiled(lines, definition)
        case "care":
            return compiled(care, definition, of_most)
        case "stays":
            return compiled(stays, definition)
        case _:
            return None


def removed(definition: Definition, table: Table) -> Query | None:
    """What counts the rows that filters removed, asked for by the first table of the scope that has this link."""
    if table.name == "IR_IMB_R":
        return compiled(removed_conditions, definition)
    first = min(name for name in definition.scope.tables if CATALOGUE.tables[name].link is table.link)
    counts = {Link.CLAIM: removed_care, Link.STAY: removed_stays}
    return compiled(counts[table.link]) if table.name == first and table.link in counts else None


def source_tables(definition: Definition, table: Table) -> tuple[str, ...]:
    """The tables of the source that the delivery of a table reads, by itself or through what it shares."""
    found: set[str] = set()
    waiting = [query for query in (compiled(delivery, definition, table), removed(definition, table)) if query]
    while waiting:
        new = set(waiting.pop().relations) - found
        found |= new
        waiting += [query for name in new if (query := shared(name, definition)) is not None]
    return tuple(sorted(found & set(CATALOGUE.tables)))
