"""The gateway in front of a real sandbox with a real JupyterLab and a real kernel."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts.models import Person
from apps.audit.models import Event
from apps.projects.models import Membership
from apps.workspaces import probe
from apps.workspaces.models import GatewaySession, Ticket, Workspace
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_suspend
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory
from tests.integration.workspaces.gateway import serving
from tests.support.sandbox import local_in
from tests.support.workspace_visitor import PORTAL, WorkspaceVisitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]


@dataclass
class Scene:
    workspace: Workspace
    member: Person
    port: int

    def visitor(self) -> WorkspaceVisitor:
        return WorkspaceVisitor(self.port, self.workspace.pk)

    def inside(self) -> WorkspaceVisitor:
        visitor = self.visitor()
        assert visitor.enter(made.entry(self.workspace, self.member).ticket) == 303
        return visitor


@pytest.fixture
def scene(standing: tuple[UUID, Path]) -> Iterator[Scene]:
    member = PersonFactory.create()
    workspace = made.at_status(Status.RUNNING, pk=standing[0], investigator=member)
    with serving(standing[1] / "s") as port:
        yield Scene(workspace, member, port)


async def in_kernel(visitor: WorkspaceVisitor, kernel: str, code: str) -> str:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        return await visitor.execute(await visitor.kernel_socket(client, kernel), code)


def test_a_member_enters_and_computes_on_the_extract(scene: Scene) -> None:
    visitor = scene.inside()

    status, page = visitor.ask("GET", "/lab")
    said = asyncio.run(
        in_kernel(visitor, visitor.new_kernel(), "import pandas; print(pandas.read_csv('/data/people.csv').age.sum())")
    )

    assert (status, b"jupyter-config-data" in page) == (200, True)
    assert said.strip() == "90"
    events = set(Event.objects.filter(object_id=str(scene.workspace.pk)).values_list("action", flat=True))
    assert {"workspace.ticket_issued", "workspace.session_opened", "workspace.kernel_started"} <= events


def test_jupyterlab_says_while_it_computes_and_for_how_long_it_did_not(
    scene: Scene, standing: tuple[UUID, Path]
) -> None:
    socket = local_in(standing[1]).endpoint(standing[0])
    visitor = scene.inside()
    kernel = visitor.new_kernel()

    async def while_computing() -> float | None:
        computing = asyncio.create_task(in_kernel(visitor, kernel, "import time; time.sleep(2)"))
        await asyncio.sleep(1)
        said = await asyncio.to_thread(probe.idle_seconds, socket, timezone.now())
        await computing
        return said

    assert asyncio.run(while_computing()) == 0
    assert (probe.idle_seconds(socket, timezone.now() + timedelta(hours=1)) or 0) > 3000


def test_revocation_cuts_open_sockets_within_two_seconds(scene: Scene) -> None:
    visitor = scene.inside()
    kernel = visitor.new_kernel()
    taken = asyncio.run(_seconds_to_cut(scene, visitor, kernel))

    assert taken < 2
    print(f"cut after {taken:.3f} s")
    status, page = visitor.ask("GET", "/lab")
    assert status == 403
    assert b"suspendu" in page
    session = GatewaySession.objects.get(workspace=scene.workspace)
    assert session.end == "suspended"


def _suspend(workspace: Workspace) -> None:
    """In a thread of its own, as another process would."""
    try:
        workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)
    finally:
        connections.close_all()


async def _seconds_to_cut(scene: Scene, visitor: WorkspaceVisitor, kernel: str) -> float:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        socket = await visitor.kernel_socket(client, kernel)
        assert await visitor.execute(socket, "print(1)") == "1\n"
        await asyncio.to_thread(_suspend, scene.workspace)
        started = time.monotonic()
        while not socket.closed:
            message = await socket.receive(timeout=5)
            if message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE}:
                break
        return time.monotonic() - started


def test_losing_membership_ends_the_visit(scene: Scene) -> None:
    visitor = scene.inside()
    assert visitor.ask("GET", "/api/status")[0] == 200

    Membership.objects.filter(person=scene.member).delete()

    assert visitor.ask("GET", "/api/status")[0] == 403


def test_a_ticket_works_once_and_for_a_moment(scene: Scene) -> None:
    ticket = made.entry(scene.workspace, scene.member).ticket
    assert scene.visitor().enter(ticket) == 303
    assert scene.visitor().enter(ticket) == 403

    late = made.entry(scene.workspace, scene.member).ticket
    Ticket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert scene.visitor().enter(late) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_ticket_is_taken_from_the_portal_only(scene: Scene, origin: str) -> None:
    ticket = made.entry(scene.workspace, scene.member).ticket

    assert scene.visitor().enter(ticket, origin=origin) == 403
    assert scene.visitor().enter(ticket) == 303


def test_a_ticket_opens_its_own_workspace_only(scene: Scene) -> None:
    other = made.at_status(Status.RUNNING, investigator=PersonFactory.create())
    ticket = made.entry(scene.workspace, scene.member).ticket

    assert WorkspaceVisitor(scene.port, other.pk).enter(ticket) == 403


def test_the_cookie_is_bound_to_its_host_and_hidden_from_the_workspace(scene: Scene) -> None:
    visitor = scene.inside()
    cookie = visitor.last_headers["Set-Cookie"]

    assert cookie.startswith("__Host-")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    code = "import glob; print([1 for f in glob.glob('/proc/[0-9]*/environ') if 'hdh' in open(f).read().lower()])"
    assert asyncio.run(in_kernel(visitor, visitor.new_kernel(), code)).strip() == "[]"


@pytest.mark.parametrize(
    "path",
    [
        "/files/people.csv",
        "/lab/../files/bienvenue.ipynb",
        "/nbconvert/html/bienvenue.ipynb",
        "/api/nbconvert",
        "/api/shutdown",
        "/%66iles/x",
        "/lab/api/extensions",
        "/metrics",
        "/login",
    ],
)
def test_downloads_and_the_servers_own_doors_are_closed(scene: Scene, path: str) -> None:
    status, _ = scene.inside().ask("GET", path)

    assert status == 404


def test_answers_carry_the_gateways_policy_and_nothing_of_the_applications(scene: Scene) -> None:
    visitor = scene.inside()
    visitor.ask("GET", "/lab")

    policy = visitor.last_headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-scripts" in policy
    assert "allow-downloads" not in policy
    assert "allow-popups" not in policy
    assert "Set-Cookie" not in visitor.last_headers


@pytest.mark.parametrize("origin", [PORTAL, "http://evil.example", None])
def test_unsafe_requests_and_sockets_must_come_from_the_workspaces_own_pages(scene: Scene, origin: str | None) -> None:
    visitor = scene.inside()
    said = {"Origin": origin} if origin else {}

    assert visitor.ask("POST", "/api/kernels", data="{}", **said)[0] == 403
    assert visitor.ask("GET", "/api/events/subscribe", Upgrade="websocket", Connection="Upgrade", **said)[0] == 403


def test_somebody_without_a_session_learns_nothing(scene: Scene) -> None:
    known, unknown = scene.visitor(), WorkspaceVisitor(scene.port, UUID(int=99))

    assert known.ask("GET", "/lab") == unknown.ask("GET", "/lab")
    assert known.ask("GET", "/lab")[0] == 403
    assert known.ask("GET", "/lab", Accept_Language="en")[1].count(b"Your visit is over") >= 1


def test_health_and_unknown_hosts(scene: Scene) -> None:
    visitor = scene.visitor()

    assert visitor.ask("GET", "/healthz")[0] == 200
    assert visitor.ask("GET", "/lab", Host="localhost")[0] == 404
    assert visitor.ask("GET", "/lab", Host=f"ws-{'0' * 31}g.localhost:{scene.port}")[0] == 404


def test_bytes_that_passed_are_counted(scene: Scene) -> None:
    visitor = scene.inside()
    visitor.ask("GET", "/lab")

    deadline = time.monotonic() + 6
    while time.monotonic() < deadline and not GatewaySession.objects.filter(bytes_out__gt=1000).exists():
        time.sleep(0.1)
    assert GatewaySession.objects.get().bytes_out > 1000
