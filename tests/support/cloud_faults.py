"""Every fault at every boundary of every step, enumerated from the step table itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings

from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.workspaces import notebook, reconcile, sweeping
from apps.workspaces.fake_scaleway.faults import ANSWERS
from apps.workspaces.models import CloudResource, Workspace
from apps.workspaces.plans import PLANS, THINGS
from apps.workspaces.providers.scaleway.base_parts import FORMER, NEXT
from apps.workspaces.rules import Kind
from tests.support.cloud_workers import Bench, Killed, ledger_of, written_anywhere

LAG = 20.0
# The fake's name for each part of a workspace.
IN_THE_FAKE = {
    "bucket_extract": "bucket",
    "bucket_work": "bucket",
    "bucket_airlock": "bucket",
    "connector": "vpc_connector",
    "connector_back": "vpc_connector",
    "volume": "volume_sbs",
    "nic": "private_nic",
    NEXT: "key",
    FORMER: "key",
}


@dataclass(frozen=True)
class Scenario:
    """One fault in one step: `what` happens at the call number `call` (of those that change something where the fault
    says so), or to the operation `operation` of the cloud."""

    kind: Kind
    step: str
    what: str
    operation: str = ""
    call: int = 0

    def __str__(self) -> str:
        return f"{self.kind}/{self.step}: {self.what} {self.operation}{self.call or ''}".strip()


def scenarios(kind: Kind, step: str, operations: list[str], calls: int) -> Iterator[Scenario]:
    """What may happen during a step that asks for these operations, in `calls` calls."""
    for call in range(1, calls + 1):
        yield Scenario(kind, step, "kill before the call", call=call)
        yield Scenario(kind, step, "kill after the call", call=call)
    for what in ("kill before commit", "kill after commit", "duplicate delivery", "late delivery"):
        yield Scenario(kind, step, what)
    for call in range(1, calls + 1):
        yield Scenario(kind, step, "overtaken before the call", call=call)
    for operation in sorted(set(operations)):
        for answer in ANSWERS:
            yield Scenario(kind, step, answer, operation)
        yield Scenario(kind, step, "lag, reset_after", operation)


@dataclass
class Trace:
    """The operations that a step asked the cloud for."""

    operations: list[str]
    calls: int


def trace(bench: Bench, workspace: Workspace, snapshot: bytes) -> Trace:
    """What the current step asks for when nothing goes wrong."""
    with bench.undone(snapshot):
        before = bench.world.ledger.count()
        bench.finish_step(workspace)
        rows = bench.world.ledger.latest(bench.world.ledger.count() - before)
    changing = [row for row in rows if row["method"] not in {"GET", "HEAD"}]
    return Trace([row["operation"] for row in rows], len(changing))


# ---- making them happen ---------------------------------------------------------------------------------------------


@contextmanager
def happening(bench: Bench, workspace: Workspace, scenario: Scenario) -> Iterator[None]:
    """The fault is in force until it has struck once."""
    if scenario.operation:
        if scenario.what.startswith("lag"):
            bench.world.lag = LAG
        answer = scenario.what.rpartition(", ")[2]
        bench.world.faults.add(operation=scenario.operation, answer=answer, times=1)
        yield
        return
    with _AT[scenario.what](bench, workspace, scenario):
        yield


@contextmanager
def _call(bench: Bench, workspace: Workspace, scenario: Scenario) -> Iterator[None]:
    count = [0]

    def strike(moment: str) -> Callable[[str, str, Any], None]:
        def at(method: str, path: str, status: Any = None) -> None:
            if method in {"GET", "HEAD"}:
                return
            count[0] += moment == "before"
            if count[0] == scenario.call and scenario.what == f"kill {moment} the call":
                count[0] += 1000
                raise Killed

        return at

    with (
        mock.patch.object(bench.hooks, "before", strike("before")),
        mock.patch.object(bench.hooks, "after", strike("after")),
        mock.patch.object(notebook.Notes, "write_exchanges", lambda *_: None),
    ):
        yield


@contextmanager
def _commit(bench: Bench, workspace: Workspace, scenario: Scenario) -> Iterator[None]:
    struck: list[bool] = []
    real = reconcile._record

    def record(*arguments: Any) -> Any:
        if struck:
            return real(*arguments)
        struck.append(True)
        if scenario.what == "kill after commit":
            real(*arguments)
        raise Killed

    with mock.patch.object(reconcile, "_record", record):
        yield


@contextmanager
def _twice(bench: Bench, workspace: Workspace, scenario: Scenario) -> Iterator[None]:
    """Every message of the step comes twice, at once or after the step was made."""
    real = bench.deliver

    def deliver(item: OutboxItem) -> None:
        real(item)
        if scenario.what == "duplicate delivery":
            run_item(item.pk)
        else:
            OutboxItem.objects.filter(pk=item.pk, status="pending").update(lease_until=None, not_before=item.created_at)
            run_item(item.pk)

    with mock.patch.object(bench, "deliver", deliver):
        yield


@contextmanager
def _overtaken(bench: Bench, workspace: Workspace, scenario: Scenario) -> Iterator[None]:
    """A worker is held up just before its call; another takes over with the expired lease and makes the whole step;
    then the first one wakes and its call goes out."""
    count = [0]

    def before(method: str, path: str) -> None:
        if method in {"GET", "HEAD"}:
            return
        count[0] += 1
        if count[0] == scenario.call:
            count[0] += 1000
            guard = bench.provider.cloud.transport.guard
            listener = bench.provider.cloud.transport.listener
            bench.finish_step(workspace)
            bench.provider.cloud.listen(listener, guard)

    with mock.patch.object(bench.hooks, "before", before):
        yield


_AT = {
    "kill before the call": _call,
    "kill after the call": _call,
    "kill before commit": _commit,
    "kill after commit": _commit,
    "duplicate delivery": _twice,
    "late delivery": _twice,
    "overtaken before the call": _overtaken,
}

# ---- what must hold afterwards --------------------------------------------------------------------------------------


def play(bench: Bench, workspace: Workspace, snapshot: bytes, scenario: Scenario) -> list[str]:
    """Let the fault happen, let the workers go on, and say what does not hold."""
    with bench.undone(snapshot):
        try:
            with happening(bench, workspace, scenario):
                bench.finish_step(workspace)
            bench.world.faults.clear()
            # A second API key, of a worker that was overtaken, goes when the keys are handed over.
            if scenario.step in {"api_key", "renew_api_key"} and scenario.what.startswith("overtaken"):
                bench.finish(workspace)
            _survey(bench, workspace, scenario)
            problems = wrong(bench, workspace, scenario.kind, scenario.step)
        except Exception as error:
            problems = [f"{type(error).__name__}: {error}"]
    return [f"{scenario} → {problem}" for problem in problems]


def _survey(bench: Bench, workspace: Workspace, scenario: Scenario) -> None:
    """The reconciler's looks, once the time in which answers may still arrive is over: unused copies go, and then what
    they leave behind."""
    if scenario.kind is Kind.DESTROY:
        return
    fresh = Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)
    for _ in range(2 if scenario.step == "server" else 1):
        bench.world.clock.advance(60)
        sweeping.remove_copies(bench.provider, fresh)


def wrong(bench: Bench, workspace: Workspace, kind: Kind, step: str) -> list[str]:
    """Differences between cloud, ledger and plan; and any secret that got where it must not be."""
    exists, ledger = bench.of_workspace(workspace), ledger_of(workspace)
    # A doubled message may already have begun the next removal: its part is on its way out of cloud and ledger.
    leaving = bench.current(workspace).removeprefix("remove_")
    ledger = {part: name for part, name in ledger.items() if part != leaving or name in exists.get(_named(part), [])}
    found = list(_unlike(exists, ledger))
    if step == "verify_delivery":
        found += _not_as_delivered(bench, workspace)
    if kind is Kind.DESTROY and not bench.current(workspace) and exists:
        found.append(f"left behind: {exists}")
    text = written_anywhere()
    found += ["a secret was written" for one in bench.secrets() if one in text]
    return found


def _not_as_delivered(bench: Bench, workspace: Workspace) -> Iterator[str]:
    """The server may read the extract that the row names now, whole, and no file of the one before."""
    bucket = bench.world.store.get("bucket", ledger_of(workspace)["bucket_extract"])
    objects = bucket.hidden["objects"] if bucket else {}
    there = {name: versions[-1].content for name, versions in objects.items()}
    extract_id = Workspace.objects.get(pk=workspace.pk).extract_id
    root = Path(str(settings.DELIVERY_DIR)) / str(extract_id)
    if there != {one.name: one.read_bytes() for one in root.iterdir()}:
        yield f"the server reads {sorted(there)}, otherwise than delivered"


def _named(part: str) -> str:
    """The fake's name for a kind of part."""
    return IN_THE_FAKE.get(part, part)


def _unlike(exists: dict[str, list[str]], ledger: dict[str, str]) -> Iterator[str]:
    wanted: dict[str, set[str]] = {}
    for kind in (*THINGS, NEXT, FORMER):
        if kind in ledger:
            wanted.setdefault(_named(kind), set()).add(ledger[kind])
    for kind in {_named(one) for one in THINGS}:
        there, known = set(exists.get(kind, [])), wanted.get(kind, set())
        extra = there - known
        if kind == "volume_sbs":  # the server's first disk comes and goes with the server
            extra = set(sorted(extra)[1:]) if "volume" in ledger else extra
        if extra:
            yield f"{kind}: {len(extra)} that the ledger does not know"
        if known - there:
            yield f"{kind}: {len(known - there)} that the cloud does not have"
    keys = CloudResource.objects.filter(kind="api_key", removed_at=None).count()
    if len(exists.get("api_key", [])) > keys:
        yield "api_key: more than the ledger knows"


def enumerate_all(
    bench: Bench, workspace: Workspace, kind: Kind, chosen: Callable[[Scenario], bool], *, reading: bool = True
) -> tuple[int, list[str]]:
    """Play every chosen scenario of every step of an operation that was just begun; gives how many, and what failed.
    Without `reading`, steps that change nothing in the cloud are left out."""
    count, failed = 0, []
    for _ in PLANS["scaleway"][kind]:
        step = bench.current(workspace)
        if not step:
            break
        snapshot = bench.snapshot()
        seen = trace(bench, workspace, snapshot)
        played = scenarios(kind, step, seen.operations, seen.calls) if reading or seen.calls else ()
        for scenario in filter(chosen, played):
            count += 1
            failed += play(bench, workspace, snapshot, scenario)
        bench.finish_step(workspace)
    return count, failed
