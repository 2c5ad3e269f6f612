"""A sealed log for tests: events, a sealer with a key of its own, a folder of published checkpoints."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction

from apps.audit import keys
from apps.audit.models import Event
from apps.audit.publication import PublishedFolder
from apps.audit.sealing import Sealer
from apps.audit.services import event_record
from apps.audit.standalone.verify_audit import Keys, fingerprint
from apps.audit.verification import Found, verify

PATIENCE = 240  # seconds: a test of another worker may hold the horizon back for as long as its transaction lasts


def recorded(number: int = 1, **fields: Any) -> list[Event]:
    """So many events, each in a transaction of its own."""
    return [_recorded_one({"object_id": str(n), **fields}) for n in range(number)]


def _recorded_one(fields: Mapping[str, Any]) -> Event:
    given = {"action": "test.done", "actor": "system:default", "object_kind": "thing", "data": {"count": 3}, **fields}
    with transaction.atomic():
        return event_record(**given)


@dataclass(frozen=True)
class Log:
    """The sealer and what verifies it."""

    key: Ed25519PrivateKey
    folder: Path

    @property
    def keys(self) -> Keys:
        return {fingerprint(self.key.public_key()): self.key.public_key()}

    @property
    def published(self) -> PublishedFolder:
        return PublishedFolder(self.folder)

    def sealer(self, batch: int = 20_000) -> Sealer:
        return Sealer(self.key, self.published, batch)

    def seal(self, batch: int = 20_000) -> int:
        """Seal everything in one run: first wait until every event stands below the horizon.

        Transactions of other tests, in other databases of the same server, hold the horizon back for a while.
        """
        deadline = time.monotonic() + PATIENCE
        while not _all_below_the_horizon():
            assert time.monotonic() < deadline, "transactions of others hold the horizon back"
            time.sleep(0.02)
        return self.sealer(batch).run()

    def verify(self, since: int = 1) -> Found:
        return verify(self.keys, self.published, since=since)


def _all_below_the_horizon() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(xid) < pg_snapshot_xmin(pg_current_snapshot()), true) FROM audit_event")
        return bool(cursor.fetchone()[0])


def new_log(place: Path) -> Log:
    """A log whose key lies in a file of `place`, and whose checkpoints are published in a folder of it."""
    keys.key_init(place / "audit.key")
    (place / "checkpoints").mkdir(exist_ok=True)
    key = keys.load_key(place / "audit.key")
    return Log(key, place / "checkpoints")


def unguarded(statement: str, parameters: list[Any] | None = None) -> int:
    """Run a statement as somebody whom no trigger stops, and return how many rows it touched."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
