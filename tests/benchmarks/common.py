"""What every benchmark shares: a database of its own, bars, the machine, and where results are kept."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

REPOSITORY = Path(__file__).resolve().parents[2]
RESULTS = REPOSITORY / "var" / "bench"
Bar = dict[str, Any]


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database, dropped afterwards."""
    with ExitStack() as stack:
        server = os.environ.get("DATABASE_URL") or stack.enter_context(_embedded())
        name = f"hdh_bench_{uuid4().hex[:8]}"
        with psycopg.connect(_named(server, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            stack.callback(_drop, server, name)
            yield _named(server, name)


def _embedded() -> Any:
    from tests.support.database import embedded_database

    return embedded_database(durable=True)


def _drop(server: str, name: str) -> None:
    with psycopg.connect(_named(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _named(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def bar(name: str, value: float, limit: float, unit: str, *, at_most: bool = False) -> Bar:
    """A measured value beside what it has to be."""
    holds = value <= limit if at_most else value >= limit
    return {"name": name, "value": round(value, 3), "bar": limit, "unit": unit, "holds": holds}


def machine() -> dict[str, Any]:
    """What the figures were measured on; the load tells whether others were at work."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def keep(name: str, bars: list[Bar], details: dict[str, Any]) -> int:
    """Keep the result as var/bench/<name>.json, print it as the last line; 0 when every bar holds."""
    result = {"bars": bars, "machine": machine(), "details": details}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result))
    return 0 if all(one["holds"] for one in bars) else 1
