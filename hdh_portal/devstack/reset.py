"""`make reset`: the data of the stack is wiped; what was installed stays."""

from __future__ import annotations

import shutil
from pathlib import Path

from hdh_portal.devstack.console import say
from hdh_portal.devstack.places import REPOSITORY, service_account, service_home, socket_home
from hdh_portal.devstack.preflight import only_stack

# What `make setup` installed into the checkout's own data folder, and what must not be wiped under the lock.
KEPT = {"image", "static", "setup", "lock", "bench"}


def reset(var: Path) -> None:
    """Wipe a data folder. Raises StackError while a stack runs on it."""
    if not var.is_dir():
        say("There is nothing to wipe.")
        return
    with only_stack(var):
        account = service_account()
        elsewhere = {service_home(var, account), socket_home(var, account)} - {var}
        for folder in sorted(elsewhere):
            shutil.rmtree(folder, ignore_errors=True)
        kept = KEPT if var == REPOSITORY / "var" else {"lock"}
        for entry in var.iterdir():
            if entry.name not in kept:
                _remove(entry)
    say(f"The data in {var} is wiped. `make run` starts afresh.")


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()
