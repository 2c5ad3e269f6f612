"""Starting and stopping the fake as a process: options, files, signals."""

import asyncio
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from apps.workspaces.fake_scaleway import persistence
from apps.workspaces.fake_scaleway.clock import RealClock, VirtualClock
from apps.workspaces.fake_scaleway.control import account_of, add_controls, described_fault
from apps.workspaces.fake_scaleway.ledger import Ledger
from apps.workspaces.fake_scaleway.notebooks import SandboxedNotebooks
from apps.workspaces.fake_scaleway.seeds import seed, seed_hub
from apps.workspaces.fake_scaleway.server import application
from apps.workspaces.fake_scaleway.world import World
from apps.workspaces.providers.local import LocalProvider

JSON = Any
HOST = "127.0.0.1"
SAVE_EVERY = 2.0


@dataclass(frozen=True)
class Options:
    """How the fake runs. `speed` divides every delay; `state` keeps the account between runs, `ledger` the requests;
    `notebooks` is where the JupyterLab of each server really runs."""

    port: int
    clock: str = "real"
    faults: Path | None = None
    ledger: Path | None = None
    state: Path | None = None
    speed: float = 1.0
    lag: float = 0.0
    notebooks: LocalProvider | None = None
    access_key: str | None = None
    secret_key: str | None = None


def read_setup(path: Path) -> dict[str, JSON]:
    """A list of faults, or an object with faults, quotas, stock and lag; ValueError when it is neither."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        found = {"faults": value} if isinstance(value, list) else dict(value)
        found["faults"] = [described_fault(fields) for fields in found.get("faults", [])]
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path}: not a fault file ({problem})") from None
    return found


def world_of(options: Options) -> World:
    """The account as the options describe it: loaded from its file, else as on its first day."""
    world = World(
        clock=RealClock() if options.clock == "real" else VirtualClock(),
        ledger=Ledger(options.ledger),
        speed=options.speed,
        lag=options.lag,
    )
    if options.state is None or not persistence.load(world, options.state):
        seed(world, access_key=options.access_key, secret_key=options.secret_key)
    seed_hub(world)
    if options.faults is not None:
        setup = read_setup(options.faults)
        world.faults.load(setup["faults"])
        world.limits.quotas.update(setup.get("quotas", {}))
        world.limits.stock.update(setup.get("stock", {}))
        world.lag = float(setup.get("lag", world.lag))
    return world


async def _save_now_and_then(world: World, path: Path) -> None:
    written = -1
    while True:
        await asyncio.sleep(SAVE_EVERY)
        if world.ledger.count() != written:
            written = world.ledger.count()
            persistence.save(world, path)


async def serve(options: Options, announce: Any = print) -> None:
    """Listen on the loopback interface until SIGINT or SIGTERM; `announce` gets one line of JSON once it listens."""
    world = world_of(options)
    runner = web.AppRunner(application(world, add_controls), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, options.port).start()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    tasks = [asyncio.create_task(_save_now_and_then(world, options.state))] if options.state else []
    if options.notebooks is not None:
        world.notebooks = notebooks = SandboxedNotebooks(world, options.notebooks)
        tasks.append(asyncio.create_task(notebooks.keep()))
    (address,) = runner.addresses
    announce(json.dumps({"api_url": f"http://{HOST}:{address[1]}", **account_of(world)}))
    await stopped.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if options.state is not None:
        persistence.save(world, options.state)
    await runner.cleanup()
    world.ledger.close()
