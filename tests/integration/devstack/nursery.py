"""A supervisor with small programs, run as a process of its own by test_supervisor.py."""

import sys
from pathlib import Path

from hdh_portal.devstack.programs import Program
from hdh_portal.devstack.supervisor import StopRequestedError, Supervisor

SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# A daemon leaves its parent and its session, as a workspace's sandbox does.
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open('daemon.pid', 'w').write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""
SCRIPTS = {"sleeper": SLEEPER, "stubborn": STUBBORN, "daemon": DAEMON, "broken": "raise SystemExit('out of order')"}


def main(folder: Path, names: list[str]) -> None:
    """Keep programs alive until told to stop."""

    def write() -> None:
        lines = [f"{name} {child.process.pid} {child.starts}" for name, child in supervisor.children.items()]
        (folder / "children").write_text("\n".join(lines))

    supervisor = Supervisor(folder, write)
    try:
        for name in names:
            command = [sys.executable, "-c", SCRIPTS[name]]
            supervisor.start(Program(name, command, {"HDH_NURSERY": str(folder)}, folder, stop_seconds=0.5))
        print("watching", flush=True)
        supervisor.watch()
    except StopRequestedError:
        supervisor.begin_stop()
        supervisor.stop(names)
        supervisor.end_descendants(2)
        print("stopped", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
