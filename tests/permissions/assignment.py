"""Sending more than a form asks for: every column of the portal by name, with values that can be found again."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from django.apps import apps
from django.conf import settings
from django.db import connection, models

from tests.permissions.addresses import Address
from tests.permissions.asking import ask, tables_touched, taken_back
from tests.permissions.expectation import Expected
from tests.permissions.matrix import Call, Matrix
from tests.permissions.payloads import Payload

MARK = "3e7a9c51"
MARKS: dict[type[models.Field], str] = {
    models.UUIDField: f"{MARK}-0000-4000-8000-000000000000",
    models.EmailField: f"{MARK}@exemple.fr",
    models.DateTimeField: "1987-06-05T04:03:02+00:00",
    models.DateField: "1987-06-05",
    models.IntegerField: "987654321",
    models.BooleanField: "true",
}
FOUND_AGAIN = (MARK, "1987-06-05", "987654321")


@cache
def portal_models() -> tuple[type[models.Model], ...]:
    labels = {name.rpartition(".")[2] for name in settings.PORTAL_APPS}
    return tuple(model for model in apps.get_models() if model._meta.app_label in labels)


@cache
def hostile() -> dict[str, str]:
    """A value for the name of every column of the portal."""
    found: dict[str, str] = {}
    for model in portal_models():
        for field in model._meta.concrete_fields:
            value = next((mark for kind, mark in MARKS.items() if isinstance(field, kind)), MARK)
            choices = [str(choice) for choice, _ in field.flatchoices]
            found[field.name] = found[field.attname] = choices[-1] if choices else value
    return found


def assignment_problems(matrix: Matrix, address: Address) -> Iterator[str]:
    """What a well-formed call changes beyond its own fields when it sends all the others too."""
    for visitor in matrix.world.visitors.values():
        for position in matrix.positions(address):
            call = matrix.call(address, "POST", visitor, position)
            if call and call.expected is Expected.ALLOWED:
                yield from _problems(matrix, call)


def _problems(matrix: Matrix, call: Call) -> Iterator[str]:
    with taken_back():
        payload = matrix.payload(call)
        plain = _after(call, payload)
    with taken_back():
        payload = matrix.payload(call)
        more = {name: value for name, value in hostile().items() if name not in payload.data}
        laden = _after(call, replace(payload, data={**payload.data, **more}))
    for what in sorted(set(plain) | set(laden)):
        one, other = (held.get(what, _at_rest().get(what)) for held in (plain, laden))
        if one != other:
            yield f"{call}: {what} is {other}, and {one} without the fields nobody asked for"


def _after(call: Call, payload: Payload) -> dict[str, str]:
    """The call's status, where marks are found, and how the values of every choice are spread, once it was made."""
    answer = ask(call.visitor, "POST", call.address.path(call.ids), payload)
    found = {"status": str(answer.status)}
    touched = set(tables_touched())
    for model in portal_models():
        if model._meta.db_table in touched:
            found |= _held_by(model)
    return found


@cache
def _at_rest() -> dict[str, str]:
    """What the tables hold that no call touches: every call is taken back."""
    return {what: held for model in portal_models() for what, held in _held_by(model).items()}


def _held_by(model: type[models.Model]) -> dict[str, str]:
    """How many rows of the table hold a mark, and how many each value of a choice."""
    table, found = model._meta.db_table, dict[str, str]()
    likes = " OR ".join(f"t::text LIKE '%{mark}%'" for mark in FOUND_AGAIN)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE {likes}')
        found[f"marked rows of {table}"] = str(cursor.fetchone()[0])
        for field in model._meta.concrete_fields:
            if isinstance(field, models.BooleanField) or field.flatchoices:
                cursor.execute(f'SELECT "{field.column}"::text, count(*) FROM "{table}" GROUP BY 1 ORDER BY 1')
                found[f"{table}.{field.column}"] = str(cursor.fetchall())
    return found
