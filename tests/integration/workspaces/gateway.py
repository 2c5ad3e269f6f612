"""A gateway in a thread of the tests, and a browser-like visitor of it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from django.db import connections

from apps.workspaces.gateway.app import application
from apps.workspaces.identities import Identity
from tests.support.workspace_visitor import PORTAL

_FAREWELL = 35
"""Seconds; asyncio itself gives up a goodbye after thirty."""


@contextmanager
def serving(sockets: Path, *, portal: str = PORTAL, identity: Identity | None = None) -> Iterator[int]:
    """Serve the gateway on a free port; gives the port."""
    ready, box = threading.Event(), dict[str, Any]()

    def run() -> None:
        loop = asyncio.new_event_loop()
        box["loop"], box["stop"] = loop, asyncio.Event()
        loop.run_until_complete(_serve(sockets, portal, identity, box, ready))
        loop.close()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield box["port"]
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(_FAREWELL + 15)


async def _serve(
    sockets: Path, portal: str, identity: Identity | None, box: dict[str, Any], ready: threading.Event
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    box["port"] = listener.getsockname()[1]
    pattern = f"http://ws-{{id}}.localhost:{box['port']}"
    app = application(pattern=pattern, portal=portal, sockets=sockets, identity=identity)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    ready.set()
    await box["stop"].wait()
    await runner.cleanup()
    await _farewells()


async def _farewells() -> None:
    """Wait until no connection of this loop is open: a TLS side says goodbye and waits for the other's, which aiohttp
    gives no handle for; a loop closed before that leaves the socket to the collector, which fails whichever test runs.
    """
    transports = vars(asyncio.get_running_loop())["_transports"]
    async with asyncio.timeout(_FAREWELL):
        while any(vars(one)["_sock"] is not None for one in list(transports.values())):
            await asyncio.sleep(0.01)
