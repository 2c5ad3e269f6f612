"""Starting a child that is the first of its own session and does not outlive us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hdh_portal.devstack.places import Account, become

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Make every descendant whose parent dies our own child, so that none escapes the stop of the stack."""
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    folder: Path = Path("/"),
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, its output appended to a log; the kernel signals it should we be killed."""
    parent = os.getpid()
    drop = become(account)

    def prepare() -> None:
        drop()
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)  # after the change of account, which clears it
        if os.getppid() != parent:
            os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  commands are our own
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509  it only makes system calls
        )
