"""Who is connected now, how much has passed, and the watch that cuts them when their session no longer holds."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from apps.workspaces.gateway.database import Database, DatabaseAway
from apps.workspaces.sessions import kernel_started, session_count, sessions_still_in_force

LOOK_EVERY = 0.4
BLIND_AT_MOST = 2.0
"""Seconds for which connections may live without the database confirming their session."""
COUNT_EVERY = 2.0

log = structlog.get_logger(__name__)


@dataclass
class Counts:
    """Bytes that passed in a session since they were last written down."""

    bytes_in: int = 0
    bytes_out: int = 0


class Live:
    """Open connections by session."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[UUID, set[asyncio.Transport]] = defaultdict(set)
        self._counts: dict[UUID, Counts] = defaultdict(Counts)
        self._confirmed_at = time.monotonic()

    @contextmanager
    def connection(self, session_id: UUID, transport: asyncio.Transport) -> Iterator[None]:
        """Register a connection for as long as the block lasts."""
        self._open[session_id].add(transport)
        try:
            yield
        finally:
            self._open[session_id].discard(transport)
            if not self._open[session_id]:
                del self._open[session_id]

    def count(self, session_id: UUID, *, bytes_in: int = 0, bytes_out: int = 0) -> None:
        """Note what passed: `in` towards the workspace, `out` towards the browser."""
        counts = self._counts[session_id]
        counts.bytes_in += bytes_in
        counts.bytes_out += bytes_out

    async def kernel_started(self, session_id: UUID) -> None:
        """Record that a computation was started, before its answer leaves. Raises DatabaseAway."""
        await self._database.ask(kernel_started, session_id=session_id)

    async def watch(self) -> None:
        """Look again and again, for ever: cut whoever may no longer pass, and everyone when the database stays away."""
        counted_at = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look()
            if time.monotonic() - counted_at >= COUNT_EVERY:
                await self.write_counts()
                counted_at = time.monotonic()

    async def _look(self) -> None:
        known = list(self._open)
        try:
            allowed = await self._database.ask(sessions_still_in_force, known) if known else frozenset()
        except DatabaseAway:
            if time.monotonic() - self._confirmed_at > BLIND_AT_MOST:
                self._cut(known)
            return
        self._confirmed_at = time.monotonic()
        self._cut([session_id for session_id in known if session_id not in allowed])

    def _cut(self, session_ids: list[UUID]) -> None:
        for session_id in session_ids:
            for transport in list(self._open.get(session_id, ())):
                transport.abort()
            log.info("gateway_session_cut", session=str(session_id))

    async def write_counts(self) -> None:
        """Add what passed to the sessions' rows; kept for the next time if the database is away."""
        counts, self._counts = self._counts, defaultdict(Counts)
        for session_id, count in counts.items():
            passed = {"bytes_in": count.bytes_in, "bytes_out": count.bytes_out}
            try:
                await self._database.ask(session_count, session_id=session_id, **passed)
            except DatabaseAway:
                self.count(session_id, **passed)
