"""Passing requests and sockets on to a workspace's application, without holding anything back."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import aiohttp
from aiohttp import web

from apps.workspaces.gateway.live import Live
from apps.workspaces.gateway.policy import inward, outward, starts_kernel
from apps.workspaces.identities import Identity
from apps.workspaces.sessions import Upstream

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)
_LARGEST_MESSAGE = 256 * 1024 * 1024
_HEARTBEAT = 30.0


class WorkspaceAway(Exception):
    """The workspace's application does not answer, or what answers is not known by its certificate."""


@dataclass(frozen=True)
class Way:
    """How one workspace's application is reached: `base` is put before each path; `tls` is the gateway's own identity
    where it must prove itself."""

    client: aiohttp.ClientSession
    base: str
    upstream: Upstream | None = None
    tls: ssl.SSLContext | bool = True


class Upstreams:
    """One client per workspace: over the socket that stands outside of its sandbox on this host, or over TLS to the
    address that the ledger holds of a workspace in the cloud, whose certificate must be the one of the ledger.

    A socket is reached through the directory by the workspace's id alone. Servers in the cloud let in whoever has the
    gateway's identity; a gateway without one asks none of them.
    """

    def __init__(self, sockets: Path, identity: Identity | None) -> None:
        self._directory, self._tls = sockets, identity.as_client() if identity else None
        self._ways: dict[UUID, Way] = {}

    async def way(self, workspace_id: UUID, upstream: Upstream | None) -> Way:
        """The way to a workspace; a server that started again has another certificate, and gets another client."""
        former = self._ways.get(workspace_id)
        if former is not None and former.upstream == upstream:
            return former
        made = self._ways[workspace_id] = self._over_tls(upstream) if upstream else self._over_socket(workspace_id)
        if former is not None:
            await former.client.close()
        return made

    def _over_socket(self, workspace_id: UUID) -> Way:
        socket = str(self._directory / f"{workspace_id.hex}.sock")
        return Way(_client(aiohttp.UnixConnector(socket, force_close=True, limit=0)), "http://workspace")

    def _over_tls(self, upstream: Upstream) -> Way:
        """The certificate is its own issuer's: being the very one of the ledger is what is asked of it, before a byte
        of the request leaves. The connector holds that to it, whatever context a request brings."""
        if self._tls is None:
            raise WorkspaceAway
        pinned = aiohttp.Fingerprint(bytes.fromhex(upstream.certificate))
        client = _client(aiohttp.TCPConnector(ssl=pinned, limit=0))
        return Way(client, f"https://{upstream.address}", upstream, self._tls)

    async def close(self) -> None:
        for way in self._ways.values():
            await way.client.close()


def _client(connector: aiohttp.BaseConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector, timeout=_TIMEOUT, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
    )


async def pass_request(
    request: web.Request, way: Way, session_id: UUID, live: Live, protection: dict[str, str]
) -> web.StreamResponse:
    """Send the request on and stream the answer back. Raises WorkspaceAway before anything was answered."""
    body = _counted(request, session_id, live) if request.can_read_body else None
    try:
        answer = await way.client.request(
            request.method,
            way.base + request.raw_path,
            headers=inward(request.headers),
            data=body,
            allow_redirects=False,
            ssl=way.tls,
        )
    except (aiohttp.ClientError, OSError) as error:
        raise WorkspaceAway from error
    async with answer:
        if starts_kernel(request.method, request.path, answer.status):
            await live.kernel_started(session_id)
        response = web.StreamResponse(
            status=answer.status, headers=outward(answer.headers, path=request.path) | protection
        )
        await response.prepare(request)
        try:
            async for chunk in answer.content.iter_any():
                live.count(session_id, bytes_out=len(chunk))
                await response.write(chunk)
        except aiohttp.ClientError as error:  # half an answer must not look whole
            raise ConnectionResetError from error
        await response.write_eof()
    return response


async def _counted(request: web.Request, session_id: UUID, live: Live) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_any():
        live.count(session_id, bytes_in=len(chunk))
        yield chunk


async def pass_socket(
    request: web.Request, way: Way, session_id: UUID, live: Live, protection: dict[str, str]
) -> web.StreamResponse:
    """Join the browser's socket with the application's until either closes. Raises WorkspaceAway."""
    wanted = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if one.strip()]
    try:
        inner = await way.client.ws_connect(
            way.base + request.raw_path,
            protocols=wanted,
            max_msg_size=_LARGEST_MESSAGE,
            autoping=True,
            compress=0,
            ssl=way.tls,
        )
    except (aiohttp.ClientError, OSError) as error:
        raise WorkspaceAway from error
    async with inner:
        outer = web.WebSocketResponse(
            protocols=[inner.protocol] if inner.protocol else [],
            heartbeat=_HEARTBEAT,
            max_msg_size=_LARGEST_MESSAGE,
            compress=False,
        )
        outer.headers.update(protection)
        await outer.prepare(request)
        await _join(outer, inner, session_id, live)
    return outer


async def _join(
    outer: web.WebSocketResponse, inner: aiohttp.ClientWebSocketResponse, session_id: UUID, live: Live
) -> None:
    async def inwards() -> None:
        async for message in outer:
            live.count(session_id, bytes_in=len(message.data))
            await _forward(message, inner)

    async def outwards() -> None:
        async for message in inner:
            live.count(session_id, bytes_out=len(message.data))
            await _forward(message, outer)

    tasks = [asyncio.create_task(inwards()), asyncio.create_task(outwards())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if inner.close_code is not None and not outer.closed:
        await outer.close(code=inner.close_code)


async def _forward(message: aiohttp.WSMessage, to: web.WebSocketResponse | aiohttp.ClientWebSocketResponse) -> None:
    if message.type is aiohttp.WSMsgType.TEXT:
        await to.send_str(message.data)
    elif message.type is aiohttp.WSMsgType.BINARY:
        await to.send_bytes(message.data)
