"""A campaign: people work, the nemesis strikes, everything heals, the checker judges."""

import json
import os
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.stack import Stack
from tests.faults import checker
from tests.faults.checker import Scene, Violation
from tests.faults.clients import Crowd
from tests.faults.ledger import ACKNOWLEDGED, Ledger, read
from tests.faults.nemesis import FAULTS, Fault, Nemesis
from tests.support.portal import Portal

SEED = int(os.environ.get("HDH_FAULT_SEED", "2027"))
READY_WITHIN = 240.0
HISTORIES = REPOSITORY / "var" / "faults"


@dataclass
class Report:
    """What a campaign did and found."""

    seed: int
    faults: list[str] = field(default_factory=list)
    attempts: int = 0
    acknowledged: int = 0
    answers_503: int = 0
    seconds: float = 0.0
    healed_after: float = 0.0
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        return json.dumps({**asdict(self), "violations": [str(one) for one in self.violations]}, ensure_ascii=False)


@contextmanager
def running(folder: Path) -> Iterator[Portal]:
    """A whole portal on a data folder of its own, wiped at the end."""
    stack = Stack(folder / "var")
    try:
        with stack:
            yield Portal(stack)
    finally:
        stack.wipe()


def scene_of(stack: Stack) -> Scene:
    """Where the traces of a stack are."""
    extract, web, provision = stack.env("extract"), stack.env("web"), stack.env("provision")
    return Scene(
        database_url=stack.layout.migration_url,
        checkpoints=Path(web["HDH_CHECKPOINTS_DIR"]),
        public_key=Path(web["HDH_AUDIT_PUBLIC_KEY_FILE"]),
        media=Path(web["HDH_MEDIA_DIR"]),
        delivery=Path(extract["HDH_DELIVERY_DIR"]),
        workspaces=Path(provision["HDH_WORKSPACES_DIR"]),
        mark=str(stack.var),
    )


def new_ledger(name: str) -> Ledger:
    """A ledger kept under var/faults/ with the histories of other runs."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return Ledger(HISTORIES / f"{at}-{os.getpid()}-{name}" / "ledger.jsonl")


def run(
    portal: Portal,
    *,
    name: str,
    seconds: float,
    pause: float,
    faults: Sequence[Fault] = FAULTS,
    seed: int = SEED,
    approvals: int = 1,
) -> Report:
    """Let people work for so many seconds, with a fault every `pause` seconds or so, then heal and check."""
    report = Report(seed)
    ledger = new_ledger(name)
    print(f"campaign {name}: HDH_FAULT_SEED={seed}, history in {ledger.file.parent}", flush=True)
    nemesis = Nemesis(portal.stack, random.Random(seed))
    crowd = Crowd(portal, ledger, seed=seed, approvals=approvals)
    with crowd.at_work():
        crowd.wait_until_ready(READY_WITHIN)
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            crowd.stopping.wait(nemesis.rng.uniform(pause / 2, pause * 1.5))
            nemesis.strike(faults)
        nemesis.heal()
    report.faults, report.seconds = nemesis.done, round(time.monotonic() - begun, 1)
    healed = time.monotonic()
    report.violations = judge(portal, ledger)
    report.healed_after = round(time.monotonic() - healed, 1)
    attempts = read(ledger.file)
    report.attempts = len(attempts)
    report.acknowledged = sum(attempt.outcome == ACKNOWLEDGED for attempt in attempts)
    report.answers_503 = sum("503" in attempt.detail for attempt in attempts)
    (ledger.file.parent / "report.json").write_text(str(report))
    print(report, flush=True)
    return report


def judge(portal: Portal, ledger: Ledger | None = None) -> list[Violation]:
    """What does not hold once everything runs again; the logs are kept beside the ledger when something does not."""
    ledger = ledger or new_ledger("alone")
    found = checker.violations(scene_of(portal.stack), ledger.file)
    if found:
        shutil.copytree(portal.stack.layout.log, ledger.file.parent / "log", dirs_exist_ok=True)
    return found
