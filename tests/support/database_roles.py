"""The database roles of portal and workers, in a database of tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

PASSWORD = "a-password-of-tests"


@contextmanager
def portal_and_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The URLs of the tests' database for two new roles made by `audit_roles`: "app" the portal's, "worker"."""
    from django.core.management import call_command
    from django.db import connection

    made = {zone: f"hdh_{zone}_{uuid4().hex[:8]}" for zone in ("app", "worker")}
    for variable in ("HDH_APP_DATABASE_PASSWORD", "HDH_WORKER_DATABASE_PASSWORD"):
        monkeypatch.setenv(variable, PASSWORD)
    for _ in range(2):
        call_command("audit_roles", role=made["app"], workers_role=made["worker"])
    parts = urlsplit(os.environ["DATABASE_URL"])
    path, place = f"/{connection.settings_dict['NAME']}", parts.netloc.rpartition("@")[2]
    yield {zone: parts._replace(netloc=f"{role}:{PASSWORD}@{place}", path=path).geturl() for zone, role in made.items()}
    with connection.cursor() as cursor:
        for role in made.values():
            cursor.execute(f"DROP OWNED BY {role}")
            cursor.execute(f"DROP ROLE {role}")


@contextmanager
def in_the_role_of(url: str) -> Iterator[None]:
    """Django's own connection with the rights of another role."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {urlsplit(url).username}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")
