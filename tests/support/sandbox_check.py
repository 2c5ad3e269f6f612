"""Check a copy of the local provider with the user who runs this; `weaker` opens one of its walls on purpose.

Stand-alone, so that it can be run by an ordinary user: `sandbox_check.py PLACE [WEAKER]`. Prints one JSON object.
"""

import json
import sys
from pathlib import Path
from unittest import mock

PLACE, WEAKER = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
sys.path.insert(0, str(PLACE))

from apps.workspaces.providers.base import Observation  # noqa: E402
from apps.workspaces.providers.local import LocalProvider, checks, provider, sandbox  # noqa: E402

ALLOW_EVERYTHING = b"\x06\x00\x00\x00\x00\x00\xff\x7f"
_options = sandbox.Sandbox.options


def weaker_options(self: sandbox.Sandbox) -> list[str]:
    """bubblewrap's options with one wall missing."""
    options = _options(self)
    if WEAKER in {"host_network", "host_processes"}:
        options.remove("--unshare-net" if WEAKER == "host_network" else "--unshare-pid")
    if WEAKER == "writable_data":
        options[options.index("/data") - 2] = "--bind"
    if WEAKER == "host_files":
        place = options.index("--remount-ro", options.index("/data"))
        options[place:place] = ["--bind", "/tmp", "/tmp"]  # noqa: S108
    return options


def main() -> None:
    local = LocalProvider(
        workspaces=PLACE / "work/w", sockets=PLACE / "work/s", image=PLACE / "image", tools=PLACE / "docker/workspace"
    )
    seen: list[Observation] = []
    judge = checks._judge

    def remember(one: Observation, log: Path) -> tuple[checks.Problem, ...]:
        seen.append(one)
        return judge(one, log)

    filter_of = (lambda: ALLOW_EVERYTHING) if WEAKER == "no_filter" else provider.filter_bytes
    with (
        mock.patch.object(sandbox.Sandbox, "options", weaker_options),
        mock.patch.object(checks, "_judge", remember),
        mock.patch.object(provider, "filter_bytes", filter_of),
    ):
        problems = local.check()
    test = seen[0].self_test if seen else None
    answer = {
        "problems": [one.cause for one in problems],
        "attempts": test.attempts if test else 0,
        "escapes": list(test.escapes) if test else [],
        "user": seen[0].facts.get("host_user", "") if seen else "",
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
