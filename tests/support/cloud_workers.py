"""Workers driven by hand against the imitated cloud in this process: the engine, the outbox and the provider are real;
time is the fake's and follows what the rows ask for."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import transaction
from django.utils import timezone

from apps.core.models import OutboxItem
from apps.core.outbox import outbox_retry, run_item
from apps.workspaces import reconcile, sweeping
from apps.workspaces.fake_scaleway.persistence import KEPT
from apps.workspaces.models import CloudRequest, CloudResource, Operation, Workspace
from apps.workspaces.plans import THINGS
from apps.workspaces.providers.scaleway.base_parts import FORMER, NEXT
from apps.workspaces.providers.scaleway.provider import ScalewayProvider
from tests.support.cloud_in_process import Hooks, new_world, provider_in

STEP_LIMIT = 400


class Killed(BaseException):
    """The worker dies here: what it had not committed is gone, its lease is still held."""


class Bench:
    """A world, the provider on it, and one workspace's operations brought forward by hand."""

    def __init__(self) -> None:
        self.world, self.hooks = new_world(), Hooks()
        self.provider: ScalewayProvider = provider_in(self.world, self.hooks)

    @contextmanager
    def configured(self) -> Iterator["Bench"]:
        """The portal's workers use this provider."""
        with (
            mock.patch.object(reconcile, "configured_provider", lambda name="": self.provider),
            mock.patch.object(sweeping, "configured_provider", lambda name="": self.provider),
        ):
            yield self

    # ---- snapshots --------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        kept = {name: getattr(self.world, name) for name in (*KEPT, "random")}
        return pickle.dumps((kept, self.world.clock.now()))

    def restore(self, snapshot: bytes) -> None:
        kept, moment = pickle.loads(snapshot)  # noqa: S301  made by `snapshot`  # noqa: S301  made by `snapshot`
        for name, value in kept.items():
            setattr(self.world, name, value)
        self.world.clock._now = moment  # type: ignore[attr-defined]
        self.world.faults.clear()
        self.world.lag = 0.0

    @contextmanager
    def undone(self, snapshot: bytes) -> Iterator[None]:
        """Whatever happens in the block, rows and world are as before afterwards."""
        try:
            with transaction.atomic():
                self.restore(snapshot)
                yield
                transaction.set_rollback(True)
        finally:
            self.restore(snapshot)

    # ---- work -------------------------------------------------------------------------------------------------------

    def item(self, workspace: Workspace) -> OutboxItem | None:
        return OutboxItem.objects.filter(status="pending", key__startswith=f"workspace:{workspace.pk}:").first()

    def deliver(self, item: OutboxItem) -> None:
        """One message to one worker, when it is due and nobody's lease holds any more."""
        now = timezone.now()
        wait = (item.not_before - now).total_seconds()
        self.world.clock.advance(max(wait, 0.5))
        OutboxItem.objects.filter(pk=item.pk).update(not_before=now, lease_until=None)
        try:
            run_item(item.pk)
        except Killed:
            OutboxItem.objects.filter(pk=item.pk).update(lease_until=now - timedelta(seconds=1))

    def step(self, workspace: Workspace) -> bool:
        """Deliver what is due; False when nothing is. What needs a person is retried by one."""
        item = self.item(workspace)
        if item is None:
            return self._as_an_operator(workspace)
        self.deliver(item)
        return True

    def _as_an_operator(self, workspace: Workspace) -> bool:
        stopped = OutboxItem.objects.filter(status="needs_human", key__startswith=f"workspace:{workspace.pk}:").first()
        return stopped is not None and outbox_retry(stopped.pk)

    def current(self, workspace: Workspace) -> str:
        """The name of the step to be made next; empty when the operation is over."""
        operation = workspace.operations.order_by("-generation")[0]
        step = operation.steps.exclude(status__in=["done", "skipped"]).first()
        return step.name if step else ""

    def finish_step(self, workspace: Workspace) -> None:
        """Work until the operation has left its current step."""
        name = self.current(workspace)
        for _ in range(STEP_LIMIT):
            if self.current(workspace) != name:
                return
            assert self.step(workspace), f"{name} stopped"
        raise AssertionError(f"{name} never ended")

    def finish(self, workspace: Workspace) -> Workspace:
        """Work until nothing is due."""
        for _ in range(STEP_LIMIT * 10):
            if not self.step(workspace):
                return Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)
        raise AssertionError(f"{self.current(workspace)} never ended")

    # ---- what must hold ---------------------------------------------------------------------------------------------

    def of_workspace(self, workspace: Workspace) -> dict[str, list[str]]:
        """Everything that exists for the workspace in the cloud, by kind of the fake's."""
        found: dict[str, list[str]] = {}
        mark = f"hdh-{workspace.pk.hex}"
        project = next((one.id for one in self.world.store.where("project", name=mark)), "-")
        for kind in self.world.store.kinds():
            for record in self.world.store.all(kind):
                named = str(record.body.get("name") or record.body.get("description") or record.id).startswith(mark)
                if (named or record.project == project) and not _is_leaving(record) and not record.hidden.get("seeded"):
                    found.setdefault(kind, []).append(record.id)
        return found

    def secrets(self) -> set[str]:
        """Every value that must not be found anywhere but in the cloud itself."""
        store, found = (
            self.world.store,
            {self.world.secret_key, *self.world.hub.values()}
            - {
                self.world.hub["project"],
                self.world.hub["vpc"],
                self.world.hub["stranger_access_key"],
            },
        )
        found |= {one.hidden["secret_key"] for one in store.all("api_key")}
        found |= {version["data"] for one in store.all("secret") for version in one.hidden["versions"]}
        for server in store.all("server"):
            memory = server.hidden.get("agent") or {}
            found |= {memory[name] for name in ("secret_key", "objects", "volume") if name in memory}
        return found


def _is_leaving(record: Any) -> bool:
    return bool(record.body.get("deletion_requested_at"))


def written_anywhere() -> str:
    """All that operators, logs and pages could show of the work."""
    rows: list[Any] = list(CloudRequest.objects.values_list("path", "answer", "code"))
    rows += Operation.objects.values_list("steps__waiting_for", "steps__external_id")
    rows += Workspace.objects.values_list("reason")
    rows += OutboxItem.objects.values_list("reason", "key")
    rows += [
        {name: text for name, text in observed.items() if not name.startswith("_")}
        for observed in CloudResource.objects.values_list("observed", flat=True)
    ]
    return repr(rows)


def ledger_of(workspace: Workspace) -> dict[str, str]:
    """What the ledger holds of the parts."""
    held = CloudResource.objects.filter(workspace=workspace, removed_at=None, kind__in=(*THINGS, NEXT, FORMER))
    return dict(held.values_list("kind", "external_id"))


def fresh(workspace: Workspace) -> Workspace:
    return Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)


def record(bench: Bench, kind: str, workspace: Workspace) -> Any:
    """What the imitated cloud keeps of a part that the ledger holds."""
    wanted = ledger_of(workspace)[kind]
    return next(one for name in bench.world.store.kinds() for one in bench.world.store.all(name) if one.id == wanted)
