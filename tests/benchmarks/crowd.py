"""Volume: copies of real dossiers with all that hangs on them, made in the database by a few statements a table.

What is copied was made by the portal's own services (the world of the permission matrix); only identifiers, unique
values and dates differ. Whatever model is added later and hangs on a dossier by a foreign key is copied too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import connection, models

from apps.accounts import grants
from apps.accounts.models import Person
from apps.applications.models import Application, Member
from apps.audit.models import Event
from apps.projects.models import Membership, Project

# A number for each copy of each template, of which there may be so many.
TEMPLATES = 20
_COUNT = f"lpad((n * {TEMPLATES} + rank() OVER (PARTITION BY n ORDER BY t.id))::text, 6, '0')"
# Copied as they are: what a unique column of text becomes in the copy numbered n.
NUMBERED = {
    "applications_application.number": f"'HDH-2020-' || {_COUNT}",
    "applications_application.search_text": f"t.search_text || ' hdh-2020-' || {_COUNT}",
    "audit_event.dossier_id": "md5(t.dossier_id::text || n)::uuid",
}


# A busy person works on a hundredth of all dossiers: the people of the templates' teams have so many doubles less one.
DOUBLES = 100
IN_TEAMS = frozenset({"applications_member", "projects_membership"})


@dataclass(frozen=True)
class Copies:
    """Copies numbered `first` to `last` of the template dossiers, each once for every number; the teams of the copies
    are in turn those of the templates and their doubles, of which there may be one only: the templates' own people."""

    templates: tuple[str, ...]
    first: int
    last: int
    with_events: bool = False
    doubles: int = DOUBLES

    def make(self) -> None:
        """Insert them all. Checks by triggers are left out: what is copied had passed them. Raises AssertionError when
        a dossier was not copied.
        """
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(_doubles_statement(self.doubles), [list(self.templates)])
            for model, condition in self.tables:
                cursor.execute(self._statement(model, condition), [list(self.templates)])
                copies = len(self.templates) * (self.last - self.first + 1)
                assert model is not Application or cursor.rowcount == copies, f"{cursor.rowcount} of {copies} dossiers"
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute("ANALYZE")

    @cached_property
    def tables(self) -> list[tuple[type[models.Model], str]]:
        """The models to copy, each with the condition that finds the templates' own rows."""
        found: dict[type[models.Model], str] = {Application: "t.id = ANY(%s::uuid[])"}
        waiting: list[type[models.Model]] = [Application]
        while waiting:
            parent = waiting.pop(0)
            if not isinstance(parent._meta.pk, models.UUIDField):
                continue  # rows without a lasting identifier of their own cannot be pointed at by a copy
            for model, column in _pointing_at(parent):
                if model not in found:
                    inner = f"SELECT t.{_pk(parent)} FROM {_table(parent)} t WHERE {found[parent]}"
                    found[model] = f"t.{column} IN ({inner})"
                    waiting.append(model)
        events = [(Event, "t.dossier_id = ANY(%s::uuid[])")] if self.with_events else []
        return [*found.items(), *events]

    def _statement(self, model: type[models.Model], condition: str) -> str:
        copied = {known for known, _ in self.tables}
        columns, values = [], []
        for field in model._meta.concrete_fields:
            if isinstance(field, models.AutoField | models.BigAutoField):
                continue
            columns.append(f'"{field.column}"')
            values.append(_value(model, field, copied, self.doubles))
        numbers = f"generate_series({self.first}, {self.last}) n"
        return (
            f"INSERT INTO {_table(model)} ({', '.join(columns)}) "
            f"SELECT {', '.join(values)} FROM {_table(model)} t, {numbers} WHERE {condition} ON CONFLICT DO NOTHING"
        )


def _value(model: type[models.Model], field: Any, copied: set[type[models.Model]], doubles: int) -> str:
    name = f"{model._meta.db_table}.{field.column}"
    own = f't."{field.column}"'
    if name in NUMBERED:
        return NUMBERED[name]
    target = field.related_model if field.is_relation else None
    if target is Person and (model._meta.db_table in IN_TEAMS or field.column == "user_id"):
        return f"CASE WHEN mod(n, {doubles}) = 0 THEN {own} ELSE {_double(own, f'mod(n, {doubles})')} END"
    points_at_a_copy = target in copied and isinstance(target._meta.pk, models.UUIDField)
    if (isinstance(field, models.UUIDField) and (field.primary_key or field.unique)) or points_at_a_copy:
        return f"md5({own}::text || n)::uuid"
    if field.unique and isinstance(field, models.CharField | models.TextField):
        return f"left(md5({own} || n), {field.max_length or 32})"
    if isinstance(field, models.DateTimeField):
        return f"{own} - make_interval(mins => n)"
    return own


def _double(person: str, number: str) -> str:
    return f"md5({person}::text || 'double' || {number})::uuid"


def _doubles_statement(doubles: int) -> str:
    """The doubles of everybody in the templates' teams, each once."""
    columns = {field.column: f't."{field.column}"' for field in Person._meta.concrete_fields}
    columns |= {"id": _double("t.id", "n"), "email": "n || t.email"}
    names = ", ".join(f'"{name}"' for name in columns)
    team = f"SELECT person_id FROM {_table(Member)} WHERE application_id = ANY(%s::uuid[])"
    return (
        f"INSERT INTO {_table(Person)} ({names}) SELECT {', '.join(columns.values())} FROM {_table(Person)} t, "
        f"generate_series(1, {doubles - 1}) n WHERE t.id IN ({team}) ON CONFLICT DO NOTHING"
    )


def _pointing_at(parent: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is parent:
                yield model, str(field.column)


def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'


def _pk(model: type[models.Model]) -> str:
    key = model._meta.pk
    return str(key.column) if key else ""


def crowd_join(templates: Iterable[str], members: int) -> None:
    """Give each template dossier, and its project, so many members more, with their grants: rows that every copy
    repeats.
    """
    people = [
        Person(email=f"foule{number}@exemple.fr", given_name="Foule", family_name=f"N{number}")
        for number in range(members)
    ]
    Person.objects.bulk_create(people)
    for application in Application.objects.filter(pk__in=list(templates)):
        team = {"organisation_id": application.organisation_id, "added_by_id": application.created_by_id}
        Member.objects.bulk_create(Member(application=application, person=one, **team) for one in people)
        _granted(people, "view_application", application)
        for project in Project.objects.filter(application=application):
            Membership.objects.bulk_create(Membership(project=project, person=one, role="member") for one in people)
            _granted(people, "view_project", project)


def _granted(people: Iterable[Person], codename: str, about: models.Model) -> None:
    for person in people:
        grants.grant(person, codename, about)
