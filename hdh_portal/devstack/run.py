"""`make run`: every process of the portal under one supervisor, until somebody stops it."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from hdh_portal.devstack import family
from hdh_portal.devstack.broker import Broker
from hdh_portal.devstack.console import say
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.existing import ensure_database, require_broker, require_database
from hdh_portal.devstack.health import answers_ok, content_of
from hdh_portal.devstack.places import Account, make_directory, service_account, service_home, socket_home
from hdh_portal.devstack.postgres import Postgres
from hdh_portal.devstack.preflight import chosen_port, only_stack, require_sandbox
from hdh_portal.devstack.preparation import prepare_data
from hdh_portal.devstack.programs import (
    QUEUES,
    Program,
    broker_program,
    cloud_program,
    manage,
    portal_programs,
    postgres_program,
)
from hdh_portal.devstack.secret_files import secret, write_private
from hdh_portal.devstack.state import State, read_state
from hdh_portal.devstack.supervisor import StopRequestedError, Supervisor
from hdh_portal.devstack.welcome import welcome
from hdh_portal.devstack.zones import MARK, Layout, cloud_account_file, environment, workspace_sockets

SERVICE_SECONDS = 60
READY_SECONDS = 120
LEFTOVER_SECONDS = 5


@dataclass(frozen=True)
class Services:
    """The embedded servers of a stack, None where an existing one is used instead, and the home of their data."""

    home: Path
    postgres: Postgres | None
    broker: Broker | None


def run(*, var: Path, port: int, gateway_port: int | None) -> None:
    """Run the portal until it is asked to stop. Raises StackError when it cannot start, with nothing left running."""
    with only_stack(var):
        layout, services = _plan(var, port, gateway_port)
        RunningStack(layout, services).run()


def _plan(var: Path, port: int, gateway_port: int | None) -> tuple[Layout, Services]:
    account = service_account()
    home, sockets = service_home(var, account), socket_home(var, account)
    database_url, broker_url = os.environ.get("DATABASE_URL"), os.environ.get("CELERY_BROKER_URL")
    postgres = None if database_url else _postgres(var, home, sockets, account)
    broker = None if broker_url else Broker(home=home, sockets=sockets / "valkey", account=account)
    end_leftovers(var, postgres)
    require_sandbox()
    portal = chosen_port(port, "PORT")
    wanted = gateway_port if gateway_port is not None else (port + 1 if port else 0)
    in_the_cloud = os.environ.get("HDH_WORKSPACE_PROVIDER") == "scaleway"
    layout = Layout(
        var=var,
        sockets=sockets,
        portal_port=portal,
        gateway_port=chosen_port(wanted, "GATEWAY_PORT"),
        database_url=postgres.application_url(secret(var, "database_app")) if postgres else database_url or "",
        migration_url=postgres.url() if postgres else os.environ.get("HDH_MIGRATION_DATABASE_URL", ""),
        worker_url=postgres.worker_url(secret(var, "database_worker")) if postgres else _given_to_workers(),
        broker_url=broker.url if broker else broker_url or "",
        cloud_port=chosen_port(0, "the imitated cloud") if in_the_cloud else 0,
    )
    return layout, Services(home, postgres, broker)


def _given_to_workers() -> str:
    return os.environ.get("HDH_WORKER_DATABASE_URL", "")


def end_leftovers(var: Path, postgres: Postgres | None) -> None:
    """End what a stack that was killed left running on this data folder."""
    if postgres:
        postgres.end_leftover()
    mark = str(var)
    if family.marked(MARK, mark):
        say("Ending what an earlier run left behind…")
        family.end(lambda: family.marked(MARK, mark), LEFTOVER_SECONDS)


def _postgres(var: Path, home: Path, sockets: Path, account: Account | None) -> Postgres:
    return Postgres(home=home, sockets=sockets / "pg", account=account, password=secret(var, "database_owner"))


class RunningStack:
    """The life of a stack: start, watch, stop."""

    def __init__(self, layout: Layout, services: Services) -> None:
        self._layout = layout
        self._services = services
        self._ready = False
        self._opened = False
        former = read_state(layout.var)
        self._was_killed = former is not None and bool(former.processes)
        if services.home != layout.var:
            if former is None:
                # A new data folder where one was removed: what its services left elsewhere fits no secret any more.
                shutil.rmtree(services.home, ignore_errors=True)
            make_directory(services.home, mode=0o755)
        make_directory(layout.sockets, mode=0o755)
        make_directory(layout.log, mode=0o700)
        make_directory(workspace_sockets(layout), mode=0o700)
        self._supervisor = Supervisor(layout.log, self._write_state)

    def run(self) -> None:
        """Start, say so, and watch until the stop; whatever happens, stop everything at the end."""
        begun = time.monotonic()
        try:
            self._start()
            self._ready = True
            self._write_state()
            say(welcome(self._layout, time.monotonic() - begun))
            self._supervisor.watch()
        except StopRequestedError:
            say("Stopping…")
        finally:
            self._stop()
        say("Everything is stopped.")

    def _start(self) -> None:
        self._start_services()
        self._start_cloud()
        prepare_data(self._supervisor, self._layout, embedded=self._services.postgres is not None)
        if self._was_killed:
            self._command("provision", "workspaces_stop_local")
        self._opened = True
        say("Starting the portal, its workers and the gateway…")
        for program in portal_programs(self._layout):
            self._supervisor.start(program)
        self._supervisor.wait_until(
            lambda: answers_ok(self._layout.portal_port, "/readyz"), "The portal", READY_SECONDS
        )
        self._supervisor.wait_until(
            lambda: answers_ok(self._layout.gateway_port, "/healthz"), "The gateway", READY_SECONDS
        )
        self._command("default", "worker_health", "--wait", str(READY_SECONDS))

    def _start_services(self) -> None:
        mark = str(self._layout.var)
        if postgres := self._services.postgres:
            self._supervisor.start(postgres_program(postgres, mark))
            self._supervisor.wait_until(postgres.answers, "PostgreSQL", SERVICE_SECONDS)
            ensure_database(postgres.url("postgres"), "hdh")
        else:
            require_database(self._layout.migration_url or self._layout.database_url)
        if broker := self._services.broker:
            self._supervisor.start(broker_program(broker, mark))
            self._supervisor.wait_until(broker.answers, "Valkey", SERVICE_SECONDS)
        else:
            require_broker(self._layout.broker_url)

    def _start_cloud(self) -> None:
        """The imitated cloud and, once it answers, its account for the workers that provision."""
        if not self._layout.cloud_port:
            return
        self._supervisor.start(cloud_program(self._layout))
        self._supervisor.wait_until(
            lambda: answers_ok(self._layout.cloud_port, "/_fake/api/account"), "The imitated cloud", SERVICE_SECONDS
        )
        account = content_of(self._layout.cloud_port, "/_fake/api/account")
        write_private(cloud_account_file(self._layout), account)

    def _command(self, zone: str, *words: str) -> None:
        self._supervisor.run(Program(words[0], manage(*words), environment(self._layout, zone)))

    def _stop(self) -> None:
        """Doors first, then the workers, the workspaces, and the services that all of them used."""
        self._ready = False
        supervisor = self._supervisor
        supervisor.begin_stop()
        supervisor.stop(("gateway", "portal", "beat", *QUEUES))
        if self._opened:
            self._stop_workspaces()
        supervisor.stop(("cloud", "valkey", "postgres"))
        supervisor.end_descendants(LEFTOVER_SECONDS)
        self._write_state()

    def _stop_workspaces(self) -> None:
        """End the sandboxes in an orderly way; those that this misses are our descendants, and end with the rest."""
        try:
            self._command("provision", "workspaces_stop_local")
        except StackError as error:
            say(str(error))

    def _write_state(self) -> None:
        processes = {name: (child.process.pid, child.starts) for name, child in self._supervisor.children.items()}
        State(self._layout, os.getpid(), self._ready, processes).write()
