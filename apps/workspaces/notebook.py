"""The notebook of a step in the database: the ledger, intents, and what was asked of the cloud."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.core.outbox import Lease
from apps.workspaces.ledger import resource_keep
from apps.workspaces.models import CloudRequest, CloudResource, Intent, Operation, Step, Workspace
from apps.workspaces.providers.base import Exchange, Known


class Notes:
    """Reads the ledger once; every write is a transaction that first proves the lease (None: nobody else can work)."""

    def __init__(self, workspace: Workspace, now: Callable[[], datetime], lease: Lease | None = None) -> None:
        self._workspace, self._lease, self._now = workspace, lease, now
        self._rows = {one.kind: one for one in CloudResource.objects.filter(workspace=workspace)}
        self._intents = dict(Intent.objects.filter(workspace=workspace).values_list("logical_name", "said_at"))
        self.exchanges: list[tuple[datetime, Exchange]] = []

    def known(self, kind: str) -> Known | None:
        row = self._rows.get(kind)
        return _known(row) if row is not None and row.removed_at is None else None

    def ever(self, kind: str) -> Known | None:
        row = self._rows.get(kind)
        return _known(row) if row is not None else None

    def keep(self, kind: str, external_id: str, facts: Mapping[str, str]) -> None:
        with self._held():
            self._rows[kind] = resource_keep(self._workspace, kind, external_id, facts, self._now())

    def forget(self, kind: str) -> None:
        row = self._rows.get(kind)
        if row is None or row.removed_at is not None:
            return
        with self._held():
            row.removed_at = timezone.now()
            row.save(update_fields=["removed_at"])

    def about_to(self, kind: str, now: datetime) -> None:
        with self._held():
            Intent.objects.update_or_create(
                logical_name=self._named(kind), defaults={"workspace": self._workspace, "said_at": now}
            )
        self._intents[self._named(kind)] = now

    def last_try(self, kind: str) -> datetime | None:
        said, known = self._intents.get(self._named(kind)), self.known(kind)
        return None if said is None or (known is not None and known.since >= said) else said

    def still_mine(self) -> None:
        if self._lease is not None:
            self._lease.renew()

    def heard(self, exchange: Exchange) -> None:
        self.exchanges.append((timezone.now(), exchange))

    def write_exchanges(self, operation: Operation, step: Step) -> None:
        """One statement for all; a question that gets the answer it got before is one row."""
        rows = {}
        for at, one in self.exchanges:
            said = f"{one.method} {one.path} {one.status} {one.code}"
            fingerprint = hashlib.sha256(said.encode()).hexdigest()
            rows[fingerprint] = CloudRequest(
                operation=operation, step=step, fingerprint=fingerprint, product=one.product[:40],
                method=one.method[:40], path=one.path[:300], status=one.status, code=one.code[:80],
                answer=one.answer, milliseconds=one.milliseconds, changes=one.changes, asked_at=at,
            )  # fmt: skip
        self.exchanges.clear()
        if rows:
            CloudRequest.objects.bulk_create(
                rows.values(),
                update_conflicts=True,
                unique_fields=["step", "fingerprint"],
                update_fields=["answer", "milliseconds", "asked_at"],
            )

    def _named(self, kind: str) -> str:
        return f"{self._workspace.pk}:{kind}"

    @contextmanager
    def _held(self) -> Iterator[None]:
        with transaction.atomic():
            if self._lease is not None:
                self._lease.hold()
            yield


def _known(row: CloudResource) -> Known:
    return Known(row.external_id, row.observed, row.kept_at)
