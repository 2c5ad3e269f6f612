"""The operators' commands, and the gateway as a process of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import OperationalError

from apps.workspaces.gateway.live import Live
from apps.workspaces.probe import answers
from apps.workspaces.providers.base import ProviderRefused, RunState, WorkspaceSpec
from apps.workspaces.providers.local.provider import LocalProvider
from apps.workspaces.rules import Status
from hdh_portal.devstack.places import REPOSITORY
from tests.factories import workspaces as made
from tests.integration.workspaces.gateway import serving
from tests.support.sandbox import deliver, local_in
from tests.support.workspace_visitor import WorkspaceVisitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.sandbox
def test_stopping_everything_leaves_homes_and_rows(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    local = local_in(places)
    spec = WorkspaceSpec(uuid4(), places / "d" / str(deliver(places / "d")))
    local.provision(spec)
    local.start(spec)

    call_command("workspaces_stop_local")

    assert "1 sandbox(es) stopped." in capsys.readouterr().out
    assert local.observe(spec.id).state is RunState.STOPPED
    call_command("workspaces_stop_local")
    assert "0 sandbox(es)" in capsys.readouterr().out


@pytest.mark.sandbox
def test_the_check_command_answers(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("workspace_check")
    assert "can be isolated" in capsys.readouterr().out

    refused = (mock.Mock(cause="No.", fix="Do this."),)
    with mock.patch.object(LocalProvider, "check", lambda _: refused), pytest.raises(CommandError, match="Do this"):
        call_command("workspace_check")


@pytest.mark.parametrize("command", ["workspaces_stop_local", "workspace_check"])
def test_without_directories_the_commands_say_which_are_missing(command: str, settings: Any) -> None:
    settings.WORKSPACES_DIR = None

    with pytest.raises(CommandError, match="HDH_WORKSPACES_DIR"):
        call_command(command)


def test_the_gateway_says_which_directory_is_missing(settings: Any) -> None:
    settings.SOCKETS_DIR = None

    with pytest.raises(CommandError, match="HDH_SOCKETS_DIR"):
        call_command("run_gateway", port=1)


def test_the_gateway_is_a_process_that_stops_when_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    environment = {**os.environ, "DATABASE_URL": url, "HDH_SOCKETS_DIR": str(tmp_path), "HDH_ZONE": "gateway"}
    command = [sys.executable, "manage.py", "run_gateway", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY, stderr=subprocess.DEVNULL) as gateway:
        try:
            assert _health(port) == 200
        finally:
            gateway.terminate()
        assert gateway.wait(10) == 0


def _health(port: int) -> int:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
                return int(answer.status)
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_with_the_database_away_nobody_passes(tmp_path: Path) -> None:
    workspace = made.at_status(Status.RUNNING)
    with serving(tmp_path) as port:
        visitor = WorkspaceVisitor(port, workspace.pk, cookie="__Host-hdh-workspace=x")
        with mock.patch("apps.workspaces.sessions._find_statement", side_effect=OperationalError("away")):
            status, page = visitor.ask("GET", "/lab")
        assert status == 503
        assert "Rien n’est perdu" in page.decode()
        assert visitor.ask("GET", "/lab")[0] == 403


def test_a_workspace_whose_application_is_away_is_not_ready(tmp_path: Path) -> None:

    member = made.PersonFactory.create()
    workspace = made.at_status(Status.RUNNING, investigator=member)
    with serving(tmp_path) as port:
        visitor = WorkspaceVisitor(port, workspace.pk)
        assert visitor.enter(made.entry(workspace, member).ticket) == 303
        assert visitor.ask("GET", "/")[0] == 302
        assert visitor.ask("GET", "/lab")[0] == 502
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Key": "x" * 22 + "=="}
        assert visitor.ask("GET", "/api/events/subscribe", Origin=visitor.origin, **upgrade)[0] == 502
        made.Workspace.objects.filter(pk=workspace.pk).update(status="starting", route_open=False)
        assert visitor.ask("GET", "/lab")[0] == 503
        made.Workspace.objects.filter(pk=workspace.pk).update(status="running", route_open=False)
        assert visitor.ask("GET", "/lab")[0] == 403
        assert visitor.ask("GET", "/_enter")[0] == 404
        assert visitor.ask("POST", "/_enter", data={"ticket": "x" * 5000}, Origin="http://localhost:8000")[0] == 403


def test_blind_for_too_long_the_gateway_cuts_everyone() -> None:
    import asyncio

    from apps.workspaces.gateway.database import DatabaseAway

    class Away:
        async def ask(self, *_: Any, **__: Any) -> Any:
            raise DatabaseAway

    async def look() -> tuple[int, int]:
        live, transport, session = Live(Away()), mock.Mock(), uuid4()  # type: ignore[arg-type]
        with live.connection(session, transport):
            live.count(session, bytes_out=5)
            await live._look()
            early = transport.abort.call_count
            live._confirmed_at -= 10
            await live._look()
            await live.write_counts()
        assert live._counts[session].bytes_out == 5
        return early, transport.abort.call_count

    assert asyncio.run(look()) == (0, 1)


def test_a_socket_with_too_long_a_path_is_refused_in_words() -> None:
    with pytest.raises(ProviderRefused, match="too long"):
        answers(Path("/") / ("x" * 120))
    assert not answers(Path("/nothing-listens-here.sock"))
