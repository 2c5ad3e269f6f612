"""The gateway in front of a workspace in the cloud: the address and the certificate are the ledger's, all else is as
for a workspace on this host. The server is a process on loopback that speaks TLS."""

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from django.db import connections

from apps.accounts.models import Person
from apps.workspaces.identities import Identity, new_identity
from apps.workspaces.ledger import resource_keep
from apps.workspaces.models import CloudResource, Workspace
from apps.workspaces.plans import UPSTREAM
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_suspend
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory
from tests.integration.workspaces.gateway import serving
from tests.support.workspace_visitor import WorkspaceVisitor

pytestmark = pytest.mark.django_db(transaction=True)
GATEWAY = new_identity("gateway")


@dataclass
class Server:
    """A stand-in for a server's JupyterLab: notes what reaches it, echoes on its socket, tries to set a cookie. It lets
    in whoever holds one of the certificates `believed`."""

    identity: Identity
    believed: str = GATEWAY.certificate
    port: int = 0
    heard: list[dict[str, str]] = field(default_factory=list)

    async def page(self, request: web.Request) -> web.Response:
        self.heard.append(dict(request.headers))
        answer = web.Response(text=f"lab {request.rel_url.raw_query_string}", content_type="text/html")
        answer.headers["X-Inside"] = "1"
        answer.set_cookie("inside", "1")
        return answer

    async def echo(self, request: web.Request) -> web.WebSocketResponse:
        self.heard.append(dict(request.headers))
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            await answer.send_str(f"echo {message.data}")
        return answer


@contextmanager
def listening(server: Server) -> Iterator[Server]:
    app = web.Application()
    app.router.add_get("/api/kernels/{kernel}/channels", server.echo)
    app.router.add_get("/{any:.*}", server.page)
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.identity.as_server(server.believed)).start()
        return int(runner.addresses[0][1])

    async def stop() -> None:
        await runner.cleanup()
        await asyncio.sleep(0.1)  # transports of TLS close a moment after their connections

    server.port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@dataclass
class Scene:
    workspace: Workspace
    member: Person
    port: int

    def lives_at(self, server: Server, *, certificate: str = "") -> None:
        """What the step `upstream` writes into the ledger."""
        facts = {"certificate": certificate or server.identity.sha256}
        resource_keep(self.workspace, UPSTREAM, f"127.0.0.1:{server.port}", facts)

    def inside(self) -> WorkspaceVisitor:
        visitor = WorkspaceVisitor(self.port, self.workspace.pk)
        assert visitor.enter(made.entry(self.workspace, self.member).ticket) == 303
        return visitor


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    member = PersonFactory.create()
    workspace = made.at_status(Status.RUNNING, investigator=member)
    Workspace.objects.filter(pk=workspace.pk).update(provider="scaleway")
    workspace.refresh_from_db()
    with serving(tmp_path, identity=GATEWAY) as port:
        yield Scene(workspace, member, port)


@pytest.fixture
def server() -> Iterator[Server]:
    with listening(Server(new_identity("server"))) as one:
        yield one


def test_a_member_reaches_the_server_by_the_ledgers_address(scene: Scene, server: Server) -> None:
    scene.lives_at(server)
    visitor = scene.inside()

    status, page = visitor.ask("GET", "/lab?reset", Authorization="Bearer stolen", X_Forwarded_For="1.2.3.4")

    assert (status, page) == (200, b"lab reset")
    assert not {"Cookie", "Authorization", "X-Forwarded-For"} & set(server.heard[0])
    assert not {"Set-Cookie", "X-Inside"} & set(visitor.last_headers)
    assert "default-src 'none'" in visitor.last_headers["Content-Security-Policy"]


def test_sockets_pass_both_ways_and_a_suspension_cuts_them_within_two_seconds(scene: Scene, server: Server) -> None:
    scene.lives_at(server)

    taken = asyncio.run(_seconds_to_cut(scene, scene.inside()))

    assert taken < 2


async def _seconds_to_cut(scene: Scene, visitor: WorkspaceVisitor) -> float:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        kernel = await visitor.kernel_socket(client, "one")
        await kernel.send_str("hello")
        assert await kernel.receive_str(timeout=5) == "echo hello"
        await asyncio.to_thread(_suspend, scene.workspace)
        started = time.monotonic()
        while not kernel.closed:
            if (await kernel.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT:
                break
        return time.monotonic() - started


def _suspend(workspace: Workspace) -> None:
    try:
        workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)
    finally:
        connections.close_all()


def test_whoever_answers_with_another_certificate_hears_nothing(scene: Scene, server: Server) -> None:
    scene.lives_at(server, certificate=new_identity("another").sha256)
    visitor = scene.inside()

    status, page = visitor.ask("GET", "/lab")

    assert status == 502
    assert b"pas pr" in page  # "n'est pas prêt"
    assert server.heard == []


def test_a_server_that_started_again_is_known_by_its_new_certificate(scene: Scene, server: Server) -> None:
    scene.lives_at(server)
    visitor = scene.inside()
    assert visitor.ask("GET", "/lab")[0] == 200

    with listening(Server(new_identity("server"))) as again:
        scene.lives_at(again)

        assert visitor.ask("GET", "/lab?again")[1] == b"lab again"
        assert len(again.heard) == 1


def test_without_an_address_in_the_ledger_nobody_is_asked(scene: Scene, server: Server) -> None:
    scene.lives_at(server)
    CloudResource.objects.filter(kind=UPSTREAM).update(removed_at=scene.workspace.changed_at)

    assert scene.inside().ask("GET", "/lab")[0] == 502
    assert server.heard == []


@pytest.mark.parametrize("stranger", [new_identity("gateway"), None], ids=["another certificate", "no certificate"])
def test_a_gateway_that_the_server_was_not_told_of_gets_nothing(
    scene: Scene, server: Server, tmp_path: Path, stranger: Identity | None
) -> None:
    scene.lives_at(server)
    with serving(tmp_path, identity=stranger) as port:
        visitor = Scene(scene.workspace, scene.member, port).inside()

        assert visitor.ask("GET", "/lab")[0] == 502
    assert server.heard == []


def test_both_gateways_are_let_in_while_the_certificate_is_renewed(scene: Scene, tmp_path: Path) -> None:
    following = new_identity("gateway")
    told_of_both = Server(new_identity("server"), GATEWAY.certificate + following.certificate)
    with listening(told_of_both) as server, serving(tmp_path, identity=following) as port:
        scene.lives_at(server)

        assert scene.inside().ask("GET", "/lab")[0] == 200
        assert Scene(scene.workspace, scene.member, port).inside().ask("GET", "/lab")[0] == 200


def test_whoever_comes_by_the_network_alone_hears_nothing(server: Server) -> None:
    """Another machine of the gateway's network, past the access lists: it is spoken to in TLS and told no word."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain,
        anybody.wrap_socket(plain) as asking,
    ):
        answered = b""
        with contextlib.suppress(OSError):  # the refusal comes as an alert, as a reset, or as an end
            asking.sendall(b"GET /lab HTTP/1.1\r\nHost: lab\r\n\r\n")
            answered = asking.recv(1024)
    assert (answered, server.heard) == (b"", [])
