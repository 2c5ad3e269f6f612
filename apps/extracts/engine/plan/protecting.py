"""Coarser and shifted values, as expressions."""

import ibis.expr.types as ir  # type: ignore[import-untyped]
from ibis import null

from apps.extracts.engine.catalogue import Column, Family, Link, Table, Type
from apps.extracts.engine.protection import BIRTH_CLASS, Level, Protection


def protected(column: Column, table: Table, rows: ir.Table, protection: Protection) -> ir.Value:
    """A column as it is delivered: its date shifted, its value made coarser."""
    value = rows[column.name]
    if column.type is Type.DATE and protection.shift and table.link is not Link.NOBODY:
        value = _day(value + rows.shift.as_interval("D"))
    level = protection.level(column.family)
    return value if level is None else _coarser(column, value, level)


def _coarser(column: Column, value: ir.Value, level: Level) -> ir.Value:
    match column.type, level:
        case Type.DATE, Level.MONTH | Level.YEAR:
            return _day(value.truncate("M" if level is Level.MONTH else "Y"))
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
