"""Migrations only add: the former release's processes go on working on the new schema while a release is rolled out.

What takes away, renames or refuses what the former release writes goes in two releases: first the code stops using it,
then the schema loses it. A migration of the second kind says so in a sentence, `two_steps = "…"`. Until the first
release, 1.0, no process of a former release runs anywhere that would INSERT without a new column: from then on new
columns need a `db_default`.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

TAKES_AWAY = (migrations.RemoveField, migrations.DeleteModel, migrations.RenameField, migrations.RenameModel)
DESTRUCTIVE_SQL = re.compile(r"\bDROP\s+(TABLE|COLUMN)\b|\bRENAME\s+(TO|COLUMN)\b|\bSET\s+NOT\s+NULL\b|\bTYPE\s", re.I)
PROJECT = tomllib.loads((Path(__file__).parent.parent.parent / "pyproject.toml").read_text())["project"]
IS_RELEASED = not PROJECT["version"].startswith("0.")
# Long enough to be a reason.
SENTENCE = 30
CURE = (
    "Let the former release live with it (db_default=…, null=True, keep the column), or say in `two_steps` of the"
    " migration which earlier release stopped using it, or why no former release runs beside this one"
)


def ours() -> list[Migration]:
    """The portal's own migrations after the first of each app."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return [
        migration
        for (_, name), migration in sorted(loader.disk_migrations.items())
        if type(migration).__module__.startswith("apps.") and not name.startswith("0001_")
    ]


def refused(migration: Migration, *, is_released: bool = IS_RELEASED) -> Iterator[str]:
    """What the former release would stumble over, in words."""
    new = {op.name_lower for op in migration.operations if isinstance(op, migrations.CreateModel)}
    for operation in flat(migration.operations):
        model = getattr(operation, "model_name_lower", getattr(operation, "name_lower", ""))
        if isinstance(operation, TAKES_AWAY):
            yield operation.describe()
        elif is_released and model not in new and must_be_given(operation):
            yield f"{operation.describe()}: the former release does not give it a value"
        elif isinstance(operation, migrations.RunSQL) and DESTRUCTIVE_SQL.search(str(operation.sql)):
            yield operation.describe()


def flat(operations: list[Operation]) -> Iterator[Operation]:
    """Operations, those inside SeparateDatabaseAndState that touch the database included."""
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def must_be_given(operation: Operation) -> bool:
    """Whether it adds a column without which an INSERT fails: `default` is not in the database, `db_default` is."""
    if not isinstance(operation, migrations.AddField):
        return False
    field = operation.field
    return not (field.null or field.many_to_many or getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED)


@pytest.mark.parametrize("migration", ours(), ids=str)
def test_the_former_release_can_work_on_the_new_schema(migration: Migration) -> None:
    said = getattr(migration, "two_steps", "")
    found = list(refused(migration))
    assert not found or len(said) >= SENTENCE, f"{migration}: {'; '.join(found)}. {CURE}."


def _migration(*operations: Operation, two_steps: str = "") -> Migration:
    made = type("Migration", (Migration,), {"operations": list(operations), "two_steps": two_steps})
    return made("0002_planted", "planted")


def test_the_check_notices_what_takes_away_and_lets_pass_what_adds() -> None:
    from django.db import models

    bad = (
        migrations.RemoveField("thing", "name"),
        migrations.DeleteModel("Thing"),
        migrations.RenameField("thing", "name", "title"),
        migrations.AddField("thing", "size", models.IntegerField(default=0)),
        migrations.RunSQL("ALTER TABLE thing DROP COLUMN name"),
        migrations.SeparateDatabaseAndState([migrations.RunSQL("ALTER TABLE thing RENAME TO things")], []),
    )
    for operation in bad:
        assert list(refused(_migration(operation), is_released=True)), operation
    good = (
        migrations.AddField("thing", "size", models.IntegerField(db_default=0)),
        migrations.AddField("thing", "size", models.IntegerField(null=True)),
        migrations.CreateModel("Part", [("id", models.AutoField(primary_key=True))]),
        migrations.AddField("part", "size", models.IntegerField(default=0)),
        migrations.RunSQL("CREATE INDEX thing_name ON thing (name)"),
    )
    assert list(refused(_migration(*good), is_released=True)) == []
