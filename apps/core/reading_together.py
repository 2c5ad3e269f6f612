"""Several reads in one statement: a page that needs many small lists asks the database once.

Each queryset becomes a sub-select that gives its rows as JSON; they come back as if each had been evaluated by itself.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet

Convert = Callable[[Any], Any]
# What JSON does not keep, by the kind of column.
_FROM_JSON: tuple[tuple[type[Any], Convert], ...] = (
    (models.UUIDField, UUID),
    (models.DateTimeField, datetime.fromisoformat),
    (models.DateField, date.fromisoformat),
    (models.TimeField, time.fromisoformat),
    (models.DecimalField, Decimal),
    (models.FloatField, float),
    (models.BinaryField, lambda text: bytes.fromhex(text[2:])),
)


def read_together(*querysets: "QuerySet[Any, Any]") -> None:
    """Evaluate all of them, in one statement; those that were evaluated before are left alone.

    What a queryset prefetches takes its own statements, as ever.
    """
    parts = [part for part in map(_part, querysets) if part]
    if parts:
        statement = ", ".join(part.sql for part in parts)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {statement}", [value for part in parts for value in part.parameters])
            for part, found in zip(parts, cursor.fetchone(), strict=True):
                part.keep(json.loads(found, parse_float=Decimal))


class _Part:
    """One of the querysets: its sub-select, and how its rows become what it would have given."""

    def __init__(self, queryset: "QuerySet[Any, Any]") -> None:
        self._queryset = queryset
        self._compiler: Any = queryset.query.get_compiler(using=queryset.db)
        inner, self.parameters = self._compiler.as_sql()
        fields = [_kind(column[0].output_field) for column in self._compiler.select]
        self._names = [f"c{number}" for number in range(len(fields))]
        self._converts = [_from_json(field) for field in fields]
        # Django reads the text of a JSON column itself.
        shown = ", ".join(
            f"{name}::text AS {name}" if isinstance(field, models.JSONField) else name
            for name, field in zip(self._names, fields, strict=True)
        )
        rows = f"SELECT {shown} FROM ({inner}) AS one({', '.join(self._names)})"  # noqa: S608  Django's own SQL
        self.sql = f"(SELECT coalesce(json_agg(found), '[]')::text FROM ({rows}) AS found)"  # noqa: S608  as above

    def keep(self, rows: list[dict[str, Any]]) -> None:
        """Have the queryset make of these rows what it would have made of its own."""
        query: Any = self._queryset.query
        self._compiler.execute_sql = lambda *_asked, **_how: iter([list(self._rows(rows))])
        query.get_compiler = lambda *_asked, **_how: self._compiler
        try:
            len(self._queryset)
        finally:
            del query.get_compiler

    def _rows(self, rows: list[dict[str, Any]]) -> Iterator[Sequence[Any]]:
        for row in rows:
            yield [
                convert(row[name]) if convert and row[name] is not None else row[name]
                for name, convert in zip(self._names, self._converts, strict=True)
            ]


def _part(queryset: "QuerySet[Any, Any]") -> _Part | None:
    """None for a queryset that needs no reading: evaluated already, or of nothing."""
    if queryset._result_cache is not None:
        return None
    try:
        return _Part(queryset)
    except EmptyResultSet:
        return None


def _kind(field: Any) -> Any:
    """The field itself, for a foreign key that of the column it points at."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


def _from_json(field: Any) -> Convert | None:
    if isinstance(field, ArrayField):
        inner = _from_json(_kind(field.base_field))
        return (lambda values: [inner(value) for value in values]) if inner else None
    return next((convert for kind, convert in _FROM_JSON if isinstance(field, kind)), None)
