"""The commands of the stack and their exit codes: 0 done, 1 refused in a sentence."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import time

from hdh_portal.devstack.console import say
from hdh_portal.devstack.errors import StackError
from hdh_portal.devstack.places import REPOSITORY, var_directory

STOP_SECONDS = 60


def command(words: list[str]) -> int:
    """Run one command of the stack; its exit code."""
    options = _parser().parse_args(words)
    try:
        return int(COMMANDS[options.command](options))
    except StackError as error:
        say(str(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hdh_portal.devstack")
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="install what the portal needs")
    setup.add_argument("--talkative", action="store_true", help="say so when everything is in place")
    run = commands.add_parser("run", help="start the whole portal and watch over it")
    run.add_argument("--port", type=int, default=8000, help="the portal's port; 0 for any free one")
    run.add_argument("--gateway-port", type=int, help="the gateway's port; by default the portal's plus one")
    code = commands.add_parser("code", help="the one-time code of a demonstration account")
    code.add_argument("who", help="the account's e-mail address")
    commands.add_parser("check", help="formatting, lint, types, layers, migrations, documents, translations")
    lock = commands.add_parser("lock", help="renew the locked requirements")
    lock.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    commands.add_parser("spark", help="install Apache Spark for the extract engine")
    commands.add_parser("stop", help="stop the portal that runs on the data folder")
    commands.add_parser("reset", help="wipe the data")
    return parser


# Each command imports what it needs when it runs: `setup` must work before any package is installed.


def _setup(options: argparse.Namespace) -> int:
    from hdh_portal.devstack.setup import setup

    setup(talkative=options.talkative)
    return 0


def _spark(_options: argparse.Namespace) -> int:
    from hdh_portal.devstack.environments import SPARK

    SPARK.ensure()
    return 0


def _run(options: argparse.Namespace) -> int:
    from hdh_portal.devstack.run import run

    run(var=var_directory(), port=options.port, gateway_port=options.gateway_port)
    return 0


def _code(options: argparse.Namespace) -> int:
    from hdh_portal.devstack.programs import manage
    from hdh_portal.devstack.state import running_state
    from hdh_portal.devstack.zones import environment

    layout = running_state(var_directory()).layout
    asked = [*manage("demo_code"), options.who]
    return subprocess.run(asked, env=environment(layout, "web"), cwd=REPOSITORY, check=False).returncode  # noqa: S603


def _stop(_options: argparse.Namespace) -> int:
    from hdh_portal.devstack.preflight import is_running
    from hdh_portal.devstack.state import read_state

    var = var_directory()
    state = read_state(var)
    if state is None or not is_running(var):
        say("The portal is not running.")
        return 0
    os.kill(state.supervisor, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(var):
        if time.monotonic() > deadline:
            raise StackError(f"The portal (process {state.supervisor}) still runs after {STOP_SECONDS} s.")
        time.sleep(0.1)
    say("Everything is stopped.")
    return 0


def _reset(_options: argparse.Namespace) -> int:
    from hdh_portal.devstack.reset import reset

    reset(var_directory())
    return 0


def _check(_options: argparse.Namespace) -> int:
    from hdh_portal.devstack.checks import check

    check()
    return 0


def _lock(options: argparse.Namespace) -> int:
    from hdh_portal.devstack.lock import lock

    lock(upgrade=options.upgrade)
    return 0


COMMANDS = {
    "setup": _setup,
    "spark": _spark,
    "run": _run,
    "code": _code,
    "stop": _stop,
    "reset": _reset,
    "check": _check,
    "lock": _lock,
}
