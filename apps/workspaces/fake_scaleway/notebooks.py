"""For demonstrations: the JupyterLab of each imitated server really runs, as a sandbox on this machine, behind a TLS
front with a certificate of its own that lets the gateway in and nobody else, as on a real server. It may read what
the server read from its bucket.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import structlog

from apps.workspaces import probe
from apps.workspaces.fake_scaleway import agent
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World
from apps.workspaces.identities import Identity, new_identity
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable, RunState, WorkspaceSpec
from apps.workspaces.providers.local import LocalProvider

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
LOOK_EVERY = 1.0
STOP_WITHIN = 10.0
_CHUNK = 64 * 1024
_ALIVE = frozenset({RunState.STARTING, RunState.RUNNING})


@dataclass(frozen=True)
class Front:
    """What listens for one server, and the clients' certificates that it asks for."""

    listener: asyncio.Server
    gateways: str


class SandboxedNotebooks:
    """Follows the servers of the world: one that has its keys gets a sandbox and a front, one that stops loses both,
    one that is deleted loses its disk. Port and certificate are those of a start, over a restart of this process too.
    """

    def __init__(self, world: World, provider: LocalProvider) -> None:
        self._world, self._provider = world, provider
        self._fronts: dict[str, Front] = {}
        self._answering: set[str] = set()
        self._idle: dict[str, float] = {}

    # ---- what the agent asks ----------------------------------------------------------------------------------------

    def front(self, server: Record) -> tuple[int, str] | None:
        """Port and certificate of a server's JupyterLab, once it has them."""
        known = server.hidden.get("front")
        return (known["port"], known["sha256"]) if known and server.id in self._fronts else None

    def answers(self, server: Record) -> bool:
        return server.id in self._answering

    def idle_seconds(self, server: Record) -> int:
        """As JupyterLab said when it was last asked; 0 where it said nothing."""
        return int(self._idle.get(server.id, 0))

    def mount(self, server: Record, files: Mapping[str, bytes]) -> None:
        """Show the sandbox these files at /data, and no other."""
        root = self._data(server.id)
        wanted = {name: content for name, content in files.items() if _stays_inside(name)}
        for name, content in wanted.items():
            path = root / name
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o644)
        for path in [one for one in root.rglob("*") if one.is_file()]:
            if str(path.relative_to(root)) not in wanted:
                path.unlink()

    # ---- following the world ----------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Follow until cancelled; then stop everything."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            for server_id in list(self._fronts):
                await self._close(server_id)

    async def look(self) -> None:
        """Make the sandboxes those of the servers as they are now."""
        wanted = {one.id: one for one in self._world.store.all("server") if agent.has_keys(self._world, one)}
        for server in wanted.values():
            try:
                await self._follow(server)
            except (ProviderUnavailable, ProviderRefused, OSError) as error:
                log.warning("notebook_not_started", server=server.id, why=str(error))
        for server_id in self._fronts.keys() - wanted.keys():
            await self._close(server_id)
        for room in await asyncio.to_thread(self._provider.list_all):
            if self._world.store.get("server", str(room)) is None:
                with contextlib.suppress(ProviderUnavailable):
                    await asyncio.to_thread(self._provider.destroy, room)

    async def _follow(self, server: Record) -> None:
        boot = server.hidden.get("running_since")
        if server.id in self._fronts and server.hidden["front"]["boot"] != boot:
            await self._close(server.id)
        if server.id not in self._fronts:
            await asyncio.to_thread(self._start, server.id)
            self._fronts[server.id] = await self._open(server, boot)
        elif self._fronts[server.id].gateways != agent.gateways(server):
            self._fronts[server.id].listener.close()
            self._fronts[server.id] = await self._open(server, boot)
        if server.id not in self._answering and await asyncio.to_thread(probe.answers, self._socket(server.id)):
            self._answering.add(server.id)
        elif server.id in self._answering:
            idle = await asyncio.to_thread(probe.idle_seconds, self._socket(server.id), datetime.now(UTC))
            self._idle[server.id] = idle or 0.0

    def _start(self, server_id: str) -> None:
        data = self._data(server_id)
        data.mkdir(mode=0o755, parents=True, exist_ok=True)
        spec = WorkspaceSpec(UUID(server_id), data)
        self._provider.provision(spec)
        self._provider.start(spec)

    async def _open(self, server: Record, boot: Any) -> Front:
        known, gateways = server.hidden.get("front", {}), agent.gateways(server)
        if known.get("boot") != boot:
            made = new_identity(server.id)
            known = {"boot": boot, "identity": (made.key, made.certificate), "sha256": made.sha256, "port": 0}
        key, certificate = known["identity"]
        context = Identity(key, certificate, known["sha256"]).as_server(gateways)
        passing = partial(_pass_on, self._socket(server.id))
        listener = await asyncio.start_server(passing, HOST, known["port"], ssl=context)
        server.hidden["front"] = {**known, "port": listener.sockets[0].getsockname()[1]}
        return Front(listener, gateways)

    async def _close(self, server_id: str) -> None:
        self._fronts.pop(server_id).listener.close()
        self._answering.discard(server_id)
        self._idle.pop(server_id, None)
        workspace_id = UUID(server_id)
        self._provider.stop(workspace_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                while self._provider.observe(workspace_id).state in _ALIVE:
                    await asyncio.sleep(0.05)

    def _socket(self, server_id: str) -> Path:
        return self._provider.endpoint(UUID(server_id))

    def _data(self, server_id: str) -> Path:
        return self._provider.store.workspaces / "mounted" / server_id


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


async def _pass_on(path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join a TLS connection with the sandbox's socket until either side ends."""
    try:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        writer.close()
        return
    tasks = [asyncio.create_task(_pump(reader, inner_writer)), asyncio.create_task(_pump(inner_reader, writer))]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for end in (inner_writer, writer):
        end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
