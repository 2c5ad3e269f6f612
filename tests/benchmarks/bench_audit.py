"""`make bench-audit`: what the audit log costs, how late its seal is, how fast it is verified, and what it finds.

Runs on a database of its own, made and dropped on the server of DATABASE_URL or on an embedded one that writes to disk
what it promises. The last line printed is the result in JSON, kept as var/bench/audit.json as well.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.common import bar, database, keep


def main() -> int:
    """Measure, print, keep; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=24, help="under load, for each kind of transaction")
    parser.add_argument("--events", type=int, default=100_000, help="in the log whose verification is timed")
    parser.add_argument("--tampers", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    options = parser.parse_args()
    with database() as url, tempfile.TemporaryDirectory() as place:
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hdh_portal.settings.test")
        bars, details = _measure(options, Path(place))
    return keep("audit", bars, {"seed": options.seed, **details})


def _measure(options: argparse.Namespace, place: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", "audit", verbosity=0)
    from tests.benchmarks.audit_load import overhead, verification_speed
    from tests.benchmarks.audit_tampering import tampering
    from tests.factories.audit import new_log

    log = new_log(place)
    load = overhead(log, options.seconds)
    print(f"load: {load}", file=sys.stderr)
    speed = verification_speed(log, options.events)
    print(f"verification: {speed}", file=sys.stderr)
    tried = tampering(log, options.tampers, options.seed)
    bars = [
        bar("throughput against a plain append table", load["ratio"], 0.85, "x"),
        bar("p95 of a transaction above the plain one", load["p95_added_ms"], 5, "ms", at_most=True),
        bar("seal lag p99", load["seal_lag_p99_s"], 5, "s", at_most=True),
        bar("verification", speed["events_per_core_second"], 50_000, "events/s/core"),
        bar("tampers found", tried["found"], options.tampers, "of the tampers tried"),
        bar("false alarms", tried["false_alarms"], 0, "of as many controls", at_most=True),
    ]
    return bars, {"load": load, "verification": speed, "tampering": tried}


if __name__ == "__main__":
    sys.exit(main())
