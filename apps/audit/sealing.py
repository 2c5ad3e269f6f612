"""The sealer: gives committed events their positions, and signs and publishes a checkpoint over each batch.

A row is due once its transaction is older than every transaction still at work: from then on no row can appear before
it in the order of transaction and row number, so that nothing is left out and nothing taken twice, however long
transactions last. A transaction that writes and stays open therefore holds the seal back: verification tells.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.audit import selectors
from apps.audit.canonical import utc_text
from apps.audit.keys import signing_key
from apps.audit.models import Checkpoint
from apps.audit.publication import PublishedFolder
from apps.audit.standalone import verify_audit
from apps.audit.standalone.verify_audit import NO_CHECKPOINT, SIGNING_PREFIX, fingerprint, tree_root

ADVISORY_LOCK = 0x68_64_68_5F_73_65_61_6C
BATCH = 20_000

LOCK = "SELECT pg_try_advisory_xact_lock(%s), pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
DUE = """
SELECT id, xid::text::bigint, leaf FROM audit_event
WHERE (xid, id) > (%s::text::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT %s
"""
NUMBER = """
INSERT INTO audit_seal (position, event_id)
SELECT %s + number - 1, event FROM unnest(%s::bigint[]) WITH ORDINALITY AS due (event, number)
"""


class RolledBackError(Exception):
    """The database was put back to an earlier state, or into a server that counts transactions anew."""


@dataclass(frozen=True)
class Sealer:
    """What sealing needs: a key, a folder, and how many events a checkpoint covers at most."""

    key: Ed25519PrivateKey
    published: PublishedFolder
    batch: int = BATCH

    def run(self) -> int:
        """Seal and publish everything that is due; returns how many events. Any number of sealers may run at once.

        Raises RolledBackError or ConflictError, and seals nothing, when the published checkpoints contradict the
        database; OSError when the folder cannot be written: what was sealed is then published by the next run.
        """
        sealed = 0
        while checkpoint := self.seal_batch():
            sealed += checkpoint.last - checkpoint.first + 1
            self.publish()
            if checkpoint.last - checkpoint.first + 1 < self.batch:
                break
        self.publish()
        return sealed

    def seal_batch(self) -> Checkpoint | None:
        """Give positions to the events that are due, at most a batch, and sign them; None when nothing is due."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LOCK, [ADVISORY_LOCK])
            is_mine, next_xid = cursor.fetchone()
            if not is_mine:
                return None
            before = selectors.last_checkpoint()
            self._refuse_rolled_back(before, next_xid)
            cursor.execute(DUE, [*((before.mark_xid, before.mark_event) if before else (0, 0)), self.batch])
            due = cursor.fetchall()
            if not due:
                return None
            checkpoint = self._checkpoint(before, due)
            cursor.execute(NUMBER, [checkpoint.first, [event for event, _, _ in due]])
            checkpoint.save(force_insert=True)
        return checkpoint

    def publish(self) -> None:
        """Publish, in order, every checkpoint of the database that is not published yet."""
        for checkpoint in Checkpoint.objects.filter(sequence__gt=self.published.latest()).order_by("sequence"):
            self.published.put(checkpoint.sequence, checkpoint.signed)

    def _refuse_rolled_back(self, before: Checkpoint | None, next_xid: int) -> None:
        if before and before.mark_xid >= next_xid:
            raise RolledBackError(f"transactions begin again at {next_xid}, and {before.mark_xid} is sealed already")
        known, latest = before.sequence if before else 0, self.published.latest()
        if latest > known:
            raise RolledBackError(f"checkpoint {latest} was published, and the database ends at {known}")

    def _checkpoint(self, before: Checkpoint | None, due: list[tuple[int, int, bytes]]) -> Checkpoint:
        first = before.last + 1 if before else 1
        now = timezone.now()
        content = verify_audit.Checkpoint(
            sequence=before.sequence + 1 if before else 1,
            first=first,
            last=first + len(due) - 1,
            root=tree_root([bytes(leaf) for _, _, leaf in due]).hex(),
            previous=before.signed_part.hash if before else NO_CHECKPOINT,
            at=utc_text(now),
            key=fingerprint(self.key.public_key()),
            mark_xid=due[-1][1],
            mark_event=due[-1][0],
        )
        return Checkpoint(
            sequence=content.sequence,
            first=content.first,
            last=content.last,
            root=content.root,
            previous=content.previous,
            at=now,
            key=content.key,
            mark_xid=content.mark_xid,
            mark_event=content.mark_event,
            signature=self.key.sign(SIGNING_PREFIX + content.content),
        )


def configured_sealer() -> Sealer:
    """The sealer of this process. Raises KeyMissingError without its key, OSError without its folder."""
    folder = settings.CHECKPOINTS_DIR
    if folder is None:
        raise FileNotFoundError("HDH_CHECKPOINTS_DIR names no folder to publish checkpoints in")
    return Sealer(signing_key(), PublishedFolder(folder))
