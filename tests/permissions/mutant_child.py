"""What a forked process does with a copy of the portal: make the world, learn who passes where, judge one mutant."""

import ast
import contextlib
import json
import logging
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage

NOTICED, UNNOTICED, UNREACHED = 0, 1, 2
URLS = "tests.permissions.urls"
OURS = ("apps", "hdh_portal", "tests")
# Enough to pass through every guard that stands on the way of an address.
TRACED_VISITORS = (
    "anonymous",
    "one_factor",
    "investigator",
    "stranger",
    "signatory",
    "steward",
    "operator",
    "auditor",
    "committee_member",
    "committee_secretary",
)
TRACED_POSITIONS = ("", "own", "foreign", "missing")


def become(place: Path) -> None:
    """Forget the portal's modules and import them from the copy at `place`."""
    os.chdir(place)
    sys.path[:] = [str(place), *(entry for entry in sys.path if entry and Path(entry).resolve() != _root())]
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    os.environ["DJANGO_SETTINGS_MODULE"] = "hdh_portal.settings.test"
    import django
    from django.conf import settings

    from tests.permissions.particulars import IDENTITY_PROVIDER

    settings.ROOT_URLCONF = URLS
    settings.IDENTITY_PROVIDER = IDENTITY_PROVIDER
    settings.ALLOWED_HOSTS = ["*"]
    django.setup()
    logging.disable()


def _root() -> Path:
    return Path(__file__).resolve().parent.parent.parent


def prepare(home: Path) -> int:
    """Make a database with the world in it; note which functions each address passes through."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    name = f"{settings.DATABASES['default']['NAME']}_mutants"
    _database_recreate(connection, name)
    _use(name)
    call_command("migrate", verbosity=0)
    (home / "media").mkdir()
    from django.db import transaction

    from tests.factories.applications import documents_kept_in
    from tests.permissions.world import world_made

    with documents_kept_in(home / "media"), transaction.atomic():
        world = world_made()
    (home / "world").write_bytes(pickle.dumps(vars(world)))
    (home / "database").write_text(name)
    with _ready(home) as matrix:
        (home / "functions").write_text(json.dumps(_functions_by_address(matrix)))
    return 0


def _database_recreate(connection: Any, name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}"')


def _use(name: str) -> None:
    from django.conf import settings
    from django.db import connection

    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextlib.contextmanager
def _ready(home: Path) -> Iterator[Any]:
    """The matrix of the world."""
    from tests.factories.applications import documents_kept_in
    from tests.permissions.asking import documents_unprinted, watch_files
    from tests.permissions.matrix import Matrix
    from tests.permissions.world import World

    world = World(**pickle.loads((home / "world").read_bytes()))  # noqa: S301  written by this very run
    with documents_kept_in(home / "media"), documents_unprinted():
        watch_files(str(home / "media"))
        yield Matrix(world, quick=True)


def _functions_by_address(matrix: Any) -> dict[str, list[str]]:
    """The functions of the portal that run when an address is asked, as "file:name"."""
    from tests.permissions.addresses import addresses

    measured = coverage.Coverage(data_file=None, source=[str(Path.cwd() / "apps")], messages=False)
    measured.start()
    for address in addresses():
        measured.switch_context(address.name)
        for visitor in (matrix.world.visitors[name] for name in TRACED_VISITORS):
            for position in (one for one in matrix.positions(address) if one in TRACED_POSITIONS):
                for method in matrix.methods(address):
                    call = matrix.call(address, method, visitor, position)
                    if call and (problems := list(matrix.judge(call))):
                        raise AssertionError(f"The portal itself does not fit the table: {call}: {problems}")
    measured.stop()
    found: dict[str, set[str]] = {address.name: set() for address in addresses()}
    for file in measured.get_data().measured_files():
        for name, function in _ran_in(Path(file), measured.get_data().contexts_by_lineno(file)):
            found[name].add(function)
    return {name: sorted(functions) for name, functions in found.items()}


def _ran_in(file: Path, asked: dict[int, list[str]]) -> Iterator[tuple[str, str]]:
    """Which addresses ran a line of which function of the file."""
    known = file.relative_to(Path.cwd())
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef):
            body = range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
            for name in {name for line in body for name in asked.get(line, []) if name}:
                yield name, f"{known}:{node.name}"


def judge(home: Path, names: list[str]) -> int:
    """Ask these addresses until one answers wrongly."""
    from tests.permissions.addresses import addresses

    _use((home / "database").read_text())
    by_name = {address.name: address for address in addresses()}
    with _ready(home) as matrix:
        for name in names:
            if any(True for _ in matrix.problems(by_name[name])):
                return NOTICED
    return UNNOTICED


def drop(home: Path) -> int:
    """Remove the database."""
    from django.db import connection

    name = (home / "database").read_text()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    return 0
