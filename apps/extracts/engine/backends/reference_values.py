"""The oracle of single values: codes and periods, pseudonyms, shifted dates, coarser values."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from apps.extracts.engine.catalogue import Family, Table, Type
from apps.extracts.engine.criteria import Period
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.protection import Level
from apps.extracts.engine.pseudonyms import ProjectKey


def begins(value: str | None, codes: Sequence[str]) -> bool:
    """Whether a value is one of the codes or stands below one of them."""
    return value is not None and value.startswith(tuple(codes))


def within(day: date | None, period: Period) -> bool:
    """Whether a day is known and in the period."""
    return day is not None and period.start <= day <= period.end


def under_way(condition: Mapping[str, Any], period: Period) -> bool:
    """Whether a long-term condition covers a day of the period; without an end it goes on."""
    start, end = condition["IMB_ALD_DTD"], condition["IMB_ALD_DTF"]
    return start is not None and start <= period.end and (end is None or end >= period.start)


def delivered_value(table: Table, row: Mapping[str, Any], name: str, key: ProjectKey, definition: Definition) -> Any:
    """The value of a delivered column: a pseudonym of another column, or the column itself, shifted and coarser."""
    column = table.column(name)
    value = row[column.surrogate_of if column and column.kind else name]
    if column is None or value is None:
        return value
    if column.kind is not None:
        return key.pseudonym(column.kind, str(value))
    if column.type is Type.DATE and definition.protection.level(column.family) is Level.DAYS_FROM_INDEX:
        return (value - row["_index"]).days
    if column.type is Type.DATE and definition.protection.shift and row["_person"]:
        value += timedelta(days=key.shift(row["_person"], definition.protection.shift))
    return _coarser(value, column.family, definition.protection.level(column.family))


def _coarser(value: Any, family: Family | None, level: Level | None) -> Any:
    if level is None:
        return value
    if isinstance(value, date):
        return value.replace(day=1) if level is Level.MONTH else value.replace(day=1, month=1)
    if isinstance(value, int):
        width = {Level.YEAR: 1, Level.FIVE_YEARS: 5, Level.TEN_YEARS: 10}[level]
        return value - value % width
    if level is Level.MONTH:
        return value
    return value[:4] if family is Family.DEATH_DATE and level is Level.YEAR else None
