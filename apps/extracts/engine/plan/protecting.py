"""Coarser and shifted values, as expressions."""

import ibis.expr.types as ir
from ibis import null

from apps.extracts.engine.catalogue import Column, Family, Link, Table, Type
from apps.extracts.engine.protection import BIRTH_CLASS, Level, Protection


def protected(column: Column, table: Table, rows: ir.Table, protection: Protection) -> ir.Value:
    """A column as it is delivered: its date shifted, its value made coarser."""
    value = rows[column.name]
    if column.type is Type.DATE and table.link is not Link.NOBODY:
        return protected_day(value, rows, protection, column.family)
    level = protection.level(column.family)
    return value if level is None else _coarser(column, value, level)


def protected_day(day: ir.DateValue, rows: ir.Table, protection: Protection, family: Family | None) -> ir.Value:
    """A date of somebody: days from the index date, which no shift would change; or shifted, then made coarser."""
    level = protection.level(family)
    if level is Level.DAYS_FROM_INDEX:
        return day.delta(rows.index_day, unit="day").cast("int64")
    shifted = _day(day + rows.shift.as_interval("D")) if protection.shift else day
    return shifted if level is None else _day(shifted.truncate("M" if level is Level.MONTH else "Y"))


def _coarser(column: Column, value: ir.Value, level: Level) -> ir.Value:
    match column.type, level:
        case Type.INTEGER, _ if column.family is Family.BIRTH:
            return (value // BIRTH_CLASS[level] * BIRTH_CLASS[level]).cast("int64")
        case _, Level.MONTH:
            return value
        case _, Level.YEAR if column.family is Family.DEATH_DATE:
            return value.left(4)
        case _:
            return null("string")


def _day(moment: ir.Value) -> ir.Value:
    """A date, for the engine as for Ibis, which would leave out a cast that it holds for useless."""
    return moment.cast("timestamp").cast("date")
