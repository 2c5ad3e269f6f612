"""The processes of the stack: command lines, zones, and how each is asked to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hdh_portal.devstack.broker import Broker
from hdh_portal.devstack.places import PYTHON, REPOSITORY, Account
from hdh_portal.devstack.postgres import SERVER_ENVIRONMENT, Postgres
from hdh_portal.devstack.zones import CLOCK, MARK, Layout, environment

QUEUES = ("default", "extract", "provision")


@dataclass(frozen=True)
class Program:
    """A process to keep alive."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    folder: Path = REPOSITORY
    account: Account | None = None
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 5


def _server_environment(layout_mark: str) -> dict[str, str]:
    clock = {name: os.environ[name] for name in CLOCK if name in os.environ}
    return {**SERVER_ENVIRONMENT, **clock, MARK: layout_mark}


def postgres_program(server: Postgres, layout_mark: str) -> Program:
    """The embedded PostgreSQL; its interrupt is a fast and clean shutdown."""
    return Program(
        name="postgres",
        command=server.command(),
        environment=_server_environment(layout_mark),
        folder=Path("/"),
        account=server.account,
        prepare=server.prepare,
        stop_signal=signal.SIGINT,
        stop_seconds=15,
    )


def broker_program(broker: Broker, layout_mark: str) -> Program:
    """The embedded Valkey."""
    return Program(
        name="valkey",
        command=broker.command(),
        environment=_server_environment(layout_mark),
        folder=Path("/"),
        account=broker.account,
        prepare=broker.prepare,
    )


def cloud_program(layout: Layout) -> Program:
    """The imitated cloud, with its account and its ledger in the data folder, on the machine's clock."""
    state, ledger = layout.var / "cloud.state", layout.var / "cloud.ledger"
    options = ["--port", str(layout.cloud_port), "--state", str(state), "--ledger", str(ledger)]
    options += ["--speed", os.environ.get("HDH_FAKE_SPEED") or "1", "--notebooks"]
    return Program("cloud", manage("fake_scaleway", *options), environment(layout, "cloud"), stop_seconds=15)


def portal_programs(layout: Layout) -> tuple[Program, ...]:
    """The portal's own processes, each in its zone, in the order in which they start."""
    return (
        Program("portal", _gunicorn(layout.portal_port), environment(layout, "web")),
        *(Program(queue, _worker(queue), environment(layout, queue)) for queue in QUEUES),
        Program("beat", _beat(layout), environment(layout, "beat")),
        Program("gateway", manage("run_gateway", "--port", str(layout.gateway_port)), environment(layout, "gateway")),
    )


def manage(*words: str) -> list[str]:
    """A command line of Django's."""
    return [str(PYTHON), "manage.py", *words]


def _gunicorn(port: int) -> list[str]:
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--no-control-socket"]
    return [str(PYTHON), "-m", "gunicorn", "hdh_portal.wsgi", *options, "--graceful-timeout", "3"]


def _worker(queue: str) -> list[str]:
    options = ["-Q", queue, "-n", f"{queue}@hdh", "--concurrency", "2", "--without-gossip", "--without-mingle"]
    return [*_celery(), "worker", *options, "--loglevel", "WARNING"]


def _beat(layout: Layout) -> list[str]:
    return [
        *_celery(),
        "beat",
        "--schedule",
        str(layout.var / "beat-schedule"),
        "--pidfile",
        "",
        "--loglevel",
        "WARNING",
    ]


def _celery() -> list[str]:
    return [str(PYTHON), "-m", "celery", "-A", "hdh_portal"]
