"""Verifying the whole log against its seals, its signatures and the published checkpoints.

Everything is read in one snapshot, so that events and checkpoints written meanwhile cause no false alarm; the published
folder is looked at before the snapshot is taken, so that whatever was published by then must be in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from apps.audit import rules
from apps.audit.models import Checkpoint
from apps.audit.publication import PublishedFolder
from apps.audit.rows import AFTER_THE_SEAL, FETCH, SEALED, UNSEALED, Row, snapshot, stream
from apps.audit.standalone import verify_audit
from apps.audit.standalone.verify_audit import Keys, TamperedError, UncheckableError


@dataclass(frozen=True)
class Found:
    """What a verification went through without finding anything wrong."""

    since: int
    until: int
    events: int
    waiting: int


def verify(keys: Keys, published: PublishedFolder, *, since: int = 1) -> Found:
    """Verify the log from checkpoint `since` on, in a snapshot. Raises TamperedError at the first bad place.

    Raises UncheckableError when something needed is missing, and when events wait for their seal for too long.
    """
    latest = _latest(published)
    with snapshot():
        return verify_here(keys, published, latest, since=since)


def _latest(published: PublishedFolder) -> int:
    try:
        return published.latest()
    except OSError as error:
        raise UncheckableError(f"the published checkpoints are out of reach: {error}") from error


def verify_here(keys: Keys, published: PublishedFolder, latest: int, *, since: int = 1) -> Found:
    """As `verify`, on what the present transaction sees; `latest` was published before that transaction began."""
    before = _checkpoint_before(since)
    with stream(SEALED, [before.last + 1 if before else 1]) as sealed:
        events, last = _check_batches(sealed, keys, published, latest, before)
        if row := next(sealed, None):
            raise TamperedError(f"position {row.position}: no checkpoint covers it")
    known = last.sequence if last else 0
    if latest > known:
        raise TamperedError(f"checkpoint {known + 1}: it was published, and is gone from the database")
    waiting = _check_unsealed(last, whole=before is None)
    return Found(since=since, until=known, events=events, waiting=waiting)


def _checkpoint_before(since: int) -> verify_audit.Checkpoint | None:
    if since <= 1:
        return None
    row = Checkpoint.objects.filter(sequence=since - 1).first()
    if row is None:
        raise UncheckableError(f"there is no checkpoint {since - 1} to start after")
    return row.signed_part


def _check_batches(
    sealed: Iterator[Row],
    keys: Keys,
    published: PublishedFolder,
    latest: int,
    before: verify_audit.Checkpoint | None,
) -> tuple[int, verify_audit.Checkpoint | None]:
    events, mark = 0, (before.mark_xid, before.mark_event) if before else (0, 0)
    rows = Checkpoint.objects.filter(sequence__gt=before.sequence if before else 0).order_by("sequence")
    for checkpoint in rows.iterator(chunk_size=FETCH):
        content = checkpoint.signed_part
        verify_audit.check_link(before, content)
        verify_audit.check_signature(keys, content, bytes(checkpoint.signature))
        _check_published(published, latest, checkpoint)
        mark = _check_batch(sealed, content, mark)
        events, before = events + content.last - content.first + 1, content
    return events, before


def _check_published(published: PublishedFolder, latest: int, checkpoint: Checkpoint) -> None:
    if checkpoint.sequence > latest:
        waits = timezone.now() - checkpoint.at
        if waits > rules.LATEST_SEAL:
            raise UncheckableError(f"checkpoint {checkpoint.sequence} waits to be published for {_seconds(waits)}")
        return
    if published.get(checkpoint.sequence) != checkpoint.signed:
        raise TamperedError(f"checkpoint {checkpoint.sequence}: another one was published, or it was removed")


def _check_batch(sealed: Iterator[Row], checkpoint: verify_audit.Checkpoint, mark: tuple[int, int]) -> tuple[int, int]:
    leaves = []
    for position, row in enumerate(islice(sealed, checkpoint.last - checkpoint.first + 1), start=checkpoint.first):
        where = f"event {row.event_id} (position {position}, checkpoint {checkpoint.sequence})"
        if row.position != position:
            raise TamperedError(f"position {position} (checkpoint {checkpoint.sequence}): its seal is gone")
        leaves.append(row.check(where))
        if (here := (row.xid or 0, row.event_id)) <= mark:
            raise TamperedError(f"{where}: not in the order in which it was written")
        mark = here
    verify_audit.check_root(checkpoint, leaves)
    if mark != (checkpoint.mark_xid, checkpoint.mark_event):
        raise TamperedError(
            f"checkpoint {checkpoint.sequence}: ends at another event than the one that was sealed last"
        )
    return mark


def _check_unsealed(last: verify_audit.Checkpoint | None, *, whole: bool) -> int:
    mark = (last.mark_xid, last.mark_event) if last else (0, 0)
    waiting, oldest = 0, None
    with stream(UNSEALED, []) if whole else stream(AFTER_THE_SEAL, list(mark)) as rows:
        for row in rows:
            where = f"event {row.event_id} (not sealed yet)"
            row.check(where)
            if (row.xid or 0, row.event_id) <= mark:
                raise TamperedError(f"event {row.event_id}: inserted behind the seal")
            waiting, oldest = waiting + 1, min(oldest or row.content.at, row.content.at)
    if oldest:
        _refuse_late_seal(timezone.now() - datetime.fromisoformat(oldest), waiting)
    return waiting


def _refuse_late_seal(lag: timedelta, waiting: int) -> None:
    if rules.seal_is_late(lag):
        raise UncheckableError(f"{waiting} events wait for their seal, the oldest for {_seconds(lag)}")


def _seconds(lapse: timedelta) -> str:
    return f"{lapse.total_seconds():.0f} s"
