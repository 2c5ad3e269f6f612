"""What is tried from inside the workspace, by a real kernel."""

import asyncio
import time
from collections.abc import Callable

import aiohttp

from tests.support.workspace_visitor import WorkspaceVisitor

SCRIPT = """
import json, os, pathlib, socket
reached, written = [], []
for family, address in ((socket.AF_INET, ("1.1.1.1", 443)), (socket.AF_INET, ("127.0.0.1", 8000)),
                        (socket.AF_INET, ("169.254.42.42", 80)), (socket.AF_INET6, ("2606:4700::1111", 443))):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            client.connect(address)
            reached.append(str(address))
    except OSError:
        pass
try:
    socket.getaddrinfo("www.health-data-hub.fr", 443)
    reached.append("dns")
except OSError:
    pass
for place in ("/data/x", "/data/manifest.json", "/usr/x", "/etc/x"):
    try:
        with open(place, "a") as file:
            file.write("x")
        written.append(place)
    except OSError:
        pass
import duckdb
manifest = json.loads(pathlib.Path("/data/manifest.json").read_text())
one = lambda query: duckdb.sql(query).fetchall()[0][0]
rows = sum(one(f"SELECT count(*) FROM read_parquet('/data/{file['path']}')") for file in manifest["files"])
persons = one("SELECT count(DISTINCT PATIENT_ID) FROM read_parquet('/data/IR_BEN_R/*.parquet')")
interfaces = [name for _, name in socket.if_nameindex()]
print(json.dumps({"reached": reached, "written": written, "rows": rows, "persons": persons, "interfaces": interfaces}))
"""


def run(guest: WorkspaceVisitor, code: str) -> str:
    """Start a kernel and run code in it; gives what it printed."""
    kernel = guest.new_kernel()

    async def execute() -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            channel = await guest.kernel_socket(client, kernel)
            try:
                return await guest.execute(channel, code)
            finally:
                await channel.close()

    return asyncio.run(execute())


def seconds_until_cut(guest: WorkspaceVisitor, act: Callable[[], object]) -> float:
    """Open a kernel's socket, act, and count the seconds from the act's answer until the socket is closed."""
    kernel = guest.new_kernel()

    async def wait() -> float:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
            channel = await guest.kernel_socket(client, kernel)
            assert "2" in await guest.execute(channel, "print(1 + 1)"), "the kernel answers before"
            closed = asyncio.create_task(_until_closed(channel))
            await asyncio.to_thread(act)
            answered = time.monotonic()
            return max(0.0, await asyncio.wait_for(closed, 30) - answered)

    return asyncio.run(wait())


async def _until_closed(channel: aiohttp.ClientWebSocketResponse) -> float:
    async for _ in channel:
        pass
    return time.monotonic()
