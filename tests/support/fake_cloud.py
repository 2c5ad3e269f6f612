"""The fake cloud in a thread of the test process, and a small client that speaks HTTP to it."""

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from apps.workspaces.fake_scaleway.clock import VirtualClock
from apps.workspaces.fake_scaleway.control import add_controls
from apps.workspaces.fake_scaleway.seeds import seed
from apps.workspaces.fake_scaleway.server import application
from apps.workspaces.fake_scaleway.world import World

JSON = Any


@dataclass
class Answer:
    status: int
    body: JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeCloud:
    """A running fake: its world, and requests to it (as the owner unless another secret is given)."""

    world: World
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: JSON = None, *, secret: str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"X-Auth-Token": self.world.secret_key if secret is None else secret, **headers}
        if isinstance(body, (dict, list)):
            sent.setdefault("Content-Type", "application/json")
        content = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
        try:
            connection.request(method, path, content, sent)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        is_json = names.get("content-type", "").startswith("application/json") and text
        return Answer(response.status, json.loads(text) if is_json else text, names)

    def make(self, path: str, body: JSON, *, secret: str | None = None) -> JSON:
        """POST, and the body of a success."""
        answer = self.ask("POST", path, body, secret=secret)
        assert answer.status in (200, 201), answer
        return answer.body

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)


@contextmanager
def fake_cloud(world: World | None = None) -> Iterator[FakeCloud]:
    """A seeded fake with a clock that stands still, on a free port."""
    chosen = world or seed(World(clock=VirtualClock(per_request=0.0), seed=7))
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application(chosen, add_controls), access_log=None)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    port = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield FakeCloud(chosen, port)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
        chosen.ledger.close()
