"""The rows and columns that are delivered, and what is counted on the way."""

from collections.abc import Callable, Mapping, Sequence

import ibis
import ibis.expr.types as ir

from apps.extracts.engine.catalogue import (
    BENEFICIARY_KEYS,
    CATALOGUE,
    CLAIM_KEYS,
    STAY_KEYS,
    Column,
    Family,
    Kind,
    Link,
    Table,
)
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.protection import Level

from .protecting import protected, protected_day
from .relations import MEMBERS, Query, compiled, pseudonym, relation
from .rows import ald_hits, dated_care, linked_stays, mask, masked_care, under_way, within


def members() -> ir.Table:
    """The identities of the persons of the cohort, with their pseudonym."""
    return relation("identities").join(relation("patients"), "person").select(*MEMBERS)


def _person_columns(definition: Definition) -> tuple[str, ...]:
    """What delivered rows need to know of their person."""
    shifted = ("shift",) if definition.protection.shift else ()
    return ("PATIENT_ID", *shifted, *(("index_day",) if definition.counts_from_index else ()))


def _known(definition: Definition) -> ir.Table:
    return relation("members").select(*BENEFICIARY_KEYS, *_person_columns(definition))


def _around(definition: Definition, rows: ir.Table, start: ir.DateValue, end: ir.DateValue) -> ir.Table:
    """The rows of what took place, from a day to another, in the window of care of their person, if there is one."""
    care = definition.design.care
    if care is None:
        return rows
    begins, ends = (day.delta(rows.index_day, unit="day") for day in (start, end))
    return rows.filter((begins <= care.after) & (ends >= -care.before).fill_null(True))


def _read(definition: Definition, table: Table) -> tuple[str, ...]:
    """The columns of the source that what is delivered of a table is made of."""
    columns = (table.column(name) for name in definition.scope.tables.get(table.name, ()))
    return tuple(dict.fromkeys(column.surrogate_of or column.name for column in columns if column is not None))


def _asked(definition: Definition) -> tuple[str, ...]:
    """The columns of ER_PRS_F that the delivery needs besides the nine keys."""
    return tuple(name for name in _read(definition, CATALOGUE.tables["ER_PRS_F"]) if name not in CLAIM_KEYS)


def lines(definition: Definition) -> ir.Table:
    """Care lines of the cohort in the period, with what is delivered of them and their filter mask."""
    asked = _asked(definition)
    linked = dated_care(definition.scope.period, *asked).join(_known(definition), list(BENEFICIARY_KEYS))
    linked = _around(definition, linked, linked.EXE_SOI_DTD, linked.EXE_SOI_DTD)
    found = masked_care(linked, definition.filters)
    return found.select(*CLAIM_KEYS, *_person_columns(definition), "removed", *asked)


def care(definition: Definition, of_most: bool) -> ir.Table:
    """The same lines with their pseudonym.

    ``of_most``: the cohort is most of the people, and all is done in one pass. Otherwise the lines are written down
    before, so that the keyed function is called on full batches, not on the few rows of each that a join lets through.
    """
    found = lines(definition) if of_most else relation("lines")
    columns = (*CLAIM_KEYS, *_person_columns(definition), "removed", *_asked(definition))
    named = pseudonym(Kind.CLAIM, *(found[name] for name in CLAIM_KEYS))
    return found.select(*columns, kept=found.removed == 0, CLAIM_ID=named)


def _kept(name: str) -> ir.Table:
    """What the filters keep of a shared relation.

    A comparison of booleans, which DuckDB holds for true of half of the rows; it would hold a mask of 0 for rare, and
    keep the many lines at hand to look for the few details rather than the other way round: a third more work.
    """
    found = relation(name)
    return found.filter(found.kept == ibis.literal(True))


def removed_care() -> ir.Table:
    """How many care lines of the cohort each combination of filters removed."""
    found = relation("care")
    return found.group_by("removed").agg(rows=found.count())


def stays(definition: Definition) -> ir.Table:
    """Stays of the cohort that begin in the period, once each, with their filter mask and their pseudonym."""
    columns = _person_columns(definition)
    known = relation("members").select("BEN_NIR_PSA", "sharing", *columns).distinct()
    found = linked_stays(definition.scope.period, definition.filters, known)
    found = _around(definition, found, found.EXE_SOI_DTD, found.EXE_SOI_DTD)
    named = found.mutate(STAY_ID=pseudonym(Kind.STAY, found.year, *(found[name] for name in STAY_KEYS)))
    return named.select(*STAY_KEYS, *columns, "STAY_ID", "removed", kept=named.removed == 0).distinct()


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


_LINKING: Mapping[Link, Sequence[str]] = {Link.CLAIM: CLAIM_KEYS, Link.STAY: STAY_KEYS, Link.NOBODY: ()}
_LINKING_OF: Mapping[str, Sequence[str]] = {
    "KI_CCI_R": ("BEN_IDT_ANO", "BEN_DCD_DTE"),
    "IR_IMB_R": (*BENEFICIARY_KEYS, "IMB_ETM_NAT", "IMB_ALD_DTD", "IMB_ALD_DTF"),
}


def _linking(table: Table) -> Sequence[str]:
    """The columns of a table that tell whose its rows are, and whether they are delivered."""
    return _LINKING_OF.get(table.name) or _LINKING.get(table.link, BENEFICIARY_KEYS)


def selected(definition: Definition, table: Table, repeated: bool) -> ir.Table:
    """The rows of a table that are delivered, with the pseudonyms that belong to it.

    ``repeated``: care lines may repeat the keys of others, and are reduced to one before details join them.
    """
    source = relation(table.name, *_linking(table), *_read(definition, table))
    match table.link:
        case Link.CLAIM if table.name == "ER_PRS_F":
            return _kept("care")
        case Link.CLAIM:
            claims = _kept("care").select(*CLAIM_KEYS, *_person_columns(definition), "CLAIM_ID")
            return source.join(claims.distinct() if repeated else claims, list(CLAIM_KEYS))
        case Link.STAY:
            return source.join(_kept("stays"), list(STAY_KEYS))
        case Link.NOBODY:
            return source
        case _:
            return _LINKED.get(table.name, _linked_beneficiaries)(definition, source)


def _linked_beneficiaries(definition: Definition, source: ir.Table) -> ir.Table:
    return source.join(_known(definition), list(BENEFICIARY_KEYS))


def _linked_deaths(definition: Definition, source: ir.Table) -> ir.Table:
    dead = source.filter(within(source.BEN_DCD_DTE, definition.scope.period))
    known = relation("members").select("BEN_IDT_ANO", *_person_columns(definition)).distinct()
    rows = dead.join(known, "BEN_IDT_ANO")
    return _around(definition, rows, rows.BEN_DCD_DTE, rows.BEN_DCD_DTE)


def _kept_conditions(definition: Definition, source: ir.Table) -> ir.Table:
    found = _linked_conditions(definition, source)
    return found.filter(found.removed == 0).drop("removed")


_LINKED: Mapping[str, Callable[[Definition, ir.Table], ir.Table]] = {
    "KI_CCI_R": _linked_deaths,
    "IR_IMB_R": _kept_conditions,
}


def _linked_conditions(definition: Definition, source: ir.Table) -> ir.Table:
    """Conditions of the cohort under way in the period, with their filter mask."""
    found = source.filter(under_way(source, definition.scope.period))
    found = found.mutate(removed=mask(ald_hits(found), definition.filters))
    linked = found.join(_known(definition), list(BENEFICIARY_KEYS))
    return _around(definition, linked, linked.IMB_ALD_DTD, linked.IMB_ALD_DTF)


def removed_conditions(definition: Definition) -> ir.Table:
    """How many rows of IR_IMB_R each combination of filters removed from the delivery."""
    conditions = CATALOGUE.tables["IR_IMB_R"]
    linked = _linked_conditions(definition, relation(conditions.name, *_linking(conditions)))
    return linked.group_by("removed").agg(rows=linked.count())


def delivered_columns(definition: Definition, table: Table) -> tuple[str, ...]:
    """The columns of a delivered table, in order: pseudonyms first, then those asked for, as in the catalogue."""
    asked = definition.scope.tables[table.name]
    return (*table.surrogates, *(column.name for column in table.columns if column.name in asked))


PATIENT, CASE, INDEX_DATE = "PATIENT_ID", "CASE_ID", "INDEX_DATE"


def designed_columns(definition: Definition) -> tuple[str, ...]:
    """What is told of each person: whose control it is, and the index date where dates of care are delivered."""
    asked = [
        CATALOGUE.tables[name].column(column) for name, columns in definition.scope.tables.items() for column in columns
    ]
    dated = any(column is not None and column.family is Family.CARE_DATE for column in asked)
    as_days = definition.protection.level(Family.CARE_DATE) is Level.DAYS_FROM_INDEX
    told = definition.index is not None and dated and not as_days
    return (PATIENT, *((CASE,) if definition.design.controls else ()), *((INDEX_DATE,) if told else ()))


def designed(definition: Definition) -> ir.Table:
    """One row for each person, a case being its own control; the index date as protected as dates of care."""
    rows = relation("patients")
    columns = designed_columns(definition)
    day = protected_day(rows.index_day, rows, definition.protection, Family.CARE_DATE)
    return rows.select(*columns[:-1], INDEX_DATE=day) if INDEX_DATE in columns else rows.select(*columns)


def designed_beside(definition: Definition, people: Table | None) -> ir.Table:
    """The same with what is delivered of who people are, if anything is: what their exposure is counted on."""
    rows = designed(definition).select(PATIENT, INDEX_DATE)
    if people is None:
        return rows
    told = delivery(definition, people)
    asked = [name for name in told.columns if name in definition.scope.tables[people.name]]
    return rows.join(told.select(PATIENT, *asked), PATIENT)


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
