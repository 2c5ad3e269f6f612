"""The gateway's application: who may pass, where to, and what is closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from aiohttp import web

from apps.workspaces import sessions
from apps.workspaces.gateway.database import Database, DatabaseAway
from apps.workspaces.gateway.live import Live
from apps.workspaces.gateway.pages import page
from apps.workspaces.gateway.policy import (
    COOKIE,
    ENTRANCE,
    HOME,
    METHODS,
    Origins,
    comes_from,
    path_is_open,
    protection,
)
from apps.workspaces.gateway.proxy import Upstreams, WorkspaceAway, pass_request, pass_socket
from apps.workspaces.identities import Identity
from apps.workspaces.rules import Status

log = structlog.get_logger(__name__)

_LARGEST_BODY = 64 * 1024 * 1024
_LARGEST_TICKET = 4096


class Refusal(Exception):
    """The request does not pass; `what` names the page that says why."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what)
        self.what, self.status = what, status


@dataclass
class Gateway:
    """Everything one gateway process holds."""

    origins: Origins
    sockets: Path
    database: Database
    live: Live
    upstreams: Upstreams

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request to any host."""
        try:
            if request.path == "/healthz":
                return await self._health()
            return await self._pass(request)
        except Refusal as refusal:
            return page(request, refusal.what, status=refusal.status, portal=self.origins.portal)
        except DatabaseAway:
            return page(request, "database", status=503, portal=self.origins.portal)
        except WorkspaceAway:
            return page(request, "starting", status=502, portal=self.origins.portal)

    async def _health(self) -> web.Response:
        await self.database.ask(sessions.workspace_status, UUID(int=0))
        return web.json_response({"status": "ok"})

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        workspace_id = self.origins.workspace_of(request.headers.get("Host", ""))
        if workspace_id is None:
            raise Refusal("unknown", 404)
        if request.path == ENTRANCE:
            return await self._enter(request, workspace_id)
        is_socket = request.headers.get("Upgrade", "").lower() == "websocket"
        self._check_request(request, workspace_id, is_socket=is_socket)
        found = await self._session(request, workspace_id)
        if request.path == "/":
            return web.Response(status=302, headers={"Location": HOME})
        transport = request.transport
        if transport is None:
            raise WorkspaceAway
        forward = pass_socket if is_socket else pass_request
        guard = protection(self.origins.socket_origin(workspace_id))
        with self.live.connection(found.session_id, transport):
            way = await self.upstreams.way(workspace_id, found.upstream)
            return await forward(request, way, found.session_id, self.live, guard)

    def _check_request(self, request: web.Request, workspace_id: UUID, *, is_socket: bool) -> None:
        path = request.raw_path.partition("?")[0]
        if not path_is_open(path) or request.method not in METHODS:
            raise Refusal("closed", 404)
        origin = self.origins.of(workspace_id)
        if not comes_from(request.headers, origin, method=request.method, is_socket=is_socket):
            raise Refusal("elsewhere", 403)

    async def _session(self, request: web.Request, workspace_id: UUID) -> sessions.Pass:
        secret = request.cookies.get(COOKIE, "")
        found = await self.database.ask(sessions.session_find, secret=secret, workspace_id=workspace_id)
        if found is None:
            raise await self._why_not(workspace_id, has_cookie=bool(secret))
        return found

    async def _why_not(self, workspace_id: UUID, *, has_cookie: bool) -> Refusal:
        """Somebody who never entered learns nothing about the workspace, not even whether it exists."""
        if not has_cookie:
            return Refusal("session", 403)
        status = await self.database.ask(sessions.workspace_status, workspace_id)
        if status == Status.SUSPENDED:
            return Refusal("suspended", 403)
        return Refusal("session", 403) if status == Status.RUNNING else Refusal("starting", 503)

    async def _enter(self, request: web.Request, workspace_id: UUID) -> web.Response:
        if request.method != "POST":
            raise Refusal("unknown", 404)
        if request.headers.get("Origin") != self.origins.portal_origin:
            raise Refusal("elsewhere", 403)
        if (request.content_length or _LARGEST_TICKET) >= _LARGEST_TICKET:
            raise Refusal("ticket", 403)
        ticket = str((await request.post()).get("ticket", ""))
        secret = await self.database.ask(sessions.session_open, ticket=ticket, workspace_id=workspace_id)
        if secret is None:
            raise Refusal("ticket", 403)
        response = web.Response(status=303, headers={"Location": HOME, "Cache-Control": "no-store"})
        response.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="Lax")
        return response


def application(*, pattern: str, portal: str, sockets: Path, identity: Identity | None = None) -> web.Application:
    """The whole gateway as an aiohttp application; it starts and stops its own watch. `identity`: by what servers in
    the cloud know it."""
    database = Database()
    gateway = Gateway(Origins(pattern, portal), sockets, database, Live(database), Upstreams(sockets, identity))
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{anything:.*}", gateway.handle)
    app.cleanup_ctx.append(lambda _: _lifetime(gateway))
    return app


async def _lifetime(gateway: Gateway) -> AsyncIterator[None]:
    watch = asyncio.create_task(gateway.live.watch())
    yield
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    await gateway.upstreams.close()
    await gateway.live.write_counts()
    await gateway.database.close()
