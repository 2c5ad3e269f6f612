"""`python -m hdh_portal.devstack <command>`: what the Makefile calls.

This module alone must load under any Python 3, so that it can refuse an unsuitable one in words.
"""

import os
import shutil
import subprocess
import sys

SUITABLE = ((3, 11), (3, 12))
INTERRUPTED = 130
CHECK = f"import sys; sys.exit(sys.version_info[:2] not in {SUITABLE})"


def main() -> int:
    """Run a command of the stack under a suitable Python; its exit code."""
    if sys.version_info[:2] not in SUITABLE:
        restart_with_suitable_python()
    try:
        from hdh_portal.devstack.commands import command

        return command(sys.argv[1:])
    except KeyboardInterrupt:
        print("Interrupted.")
        return INTERRUPTED


def restart_with_suitable_python() -> None:
    """Go on under Python 3.11 or 3.12 when this machine has one; otherwise exit with what to install."""
    for name in ("python3.11", "python3.12"):
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", CHECK], stderr=subprocess.DEVNULL) == 0:  # noqa: S603
            os.execv(path, [path, "-m", "hdh_portal.devstack", *sys.argv[1:]])  # noqa: S606
    sys.exit(
        f"The portal needs Python 3.11 or 3.12, and this machine's python3 is {sys.version.split()[0]}. "
        "On Debian 12: sudo apt-get install python3 python3-venv. "
        "Elsewhere, name one: make PYTHON=/path/to/python3.11 …"
    )


if __name__ == "__main__":
    sys.exit(main())
