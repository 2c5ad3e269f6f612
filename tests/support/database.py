"""The PostgreSQL of the tests: DATABASE_URL when set, else an embedded server in a temporary folder."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hdh_portal.devstack.places import make_directory, service_account
from hdh_portal.devstack.postgres import SERVER_ENVIRONMENT, Postgres
from hdh_portal.devstack.spawn import spawn

START_SECONDS = 30


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
