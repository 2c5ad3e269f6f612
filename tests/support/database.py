"""The PostgreSQL of the tests: DATABASE_URL when set, else an embedded server in a temporary folder."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hdh_portal.devstack.places import make_directory, service_account
from hdh_portal.devstack.postgres import SERVER_ENVIRONMENT, Postgres
from hdh_portal.devstack.spawn import spawn

START_SECONDS = 30


@contextmanager
def database_copied(connection: Any, name: str) -> Iterator[None]:
    """Work in a copy of the connection's database for the length of the block; nobody else may be connected to it."""
    original = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def embedded_database(*, durable: bool = False) -> Iterator[str]:
    """A fresh server for the length of the block, forgetful unless `durable`; gives the URL of its database `hdh`."""
    account = service_account()
    home = Path(tempfile.mkdtemp(prefix="hdh-tests-"))
    make_directory(home, mode=0o755)
    server = Postgres(home=home, sockets=home / "run", account=account, durable=durable)
    server.prepare()
    log = home / "postgres.log"
    process = spawn(
        server.command(),
        environment=SERVER_ENVIRONMENT,
        log=log,
        account=account,
        death_signal=signal.SIGINT,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The embedded PostgreSQL does not start:\n{log.read_text()}")
            time.sleep(0.02)
        yield server.url("hdh")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        shutil.rmtree(home, ignore_errors=True)
