"""The outbox: PostgreSQL rows are the queue of record, the broker is only a doorbell.

A service enqueues an item in the transaction of its change; the commit rings. A worker takes a lease on the item (with
a fencing number), performs **one** step by the handler of its kind, and records the outcome. Whatever a dead worker, a
flushed broker or a duplicate message does, the sweep rings again for every due item that nobody holds.

Every date here is read from the database's clock: a worker whose own clock is wrong takes nobody's lease and keeps none
for longer than the others expect. Should that clock itself be put back, leases and bells of a time to come hold nobody.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.db.utils import Error as DatabaseError
from django.db.utils import OperationalError as OperationalDatabaseError
from kombu.exceptions import OperationalError

from apps.core.models import OutboxItem

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
LONGEST_BACK_OFF = timedelta(seconds=60)
SWEEP_AT_MOST = 500
# A bell rung and not answered for this long is rung again: the message may be lost, or the worker only busy.
RING_AGAIN_AFTER = timedelta(seconds=5)
LONGEST_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Done:
    """The effect is complete."""


@dataclass(frozen=True)
class Again:
    """One step was made; the next is due after this time."""

    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class NeedsHuman:
    """The machine cannot go on; the reason, in words and without personal data, goes to the stewards' list."""

    reason: str


Outcome = Done | Again | NeedsHuman


class LeaseLost(Exception):
    """Another worker took the item over: whatever this one was about to write must not be written."""


class UnknownKind(Exception):
    """This process has no handler for the item's kind."""


@dataclass(frozen=True)
class Lease:
    """The right to work on one item until `lease_until`, proven by its fencing number."""

    item_id: int
    subject_id: str
    fence: int
    duration: timedelta

    def hold(self) -> None:
        """Lock the item for the rest of the transaction. Raises LeaseLost when another worker has taken it over."""
        held = OutboxItem.objects.select_for_update().filter(pk=self.item_id, fence=self.fence, status="pending")
        if not held.exists():
            raise LeaseLost(str(self.item_id))

    def renew(self) -> None:
        """Extend the lease from now. Raises LeaseLost when another worker has taken it over."""
        kept = OutboxItem.objects.filter(pk=self.item_id, fence=self.fence, status="pending").update(
            lease_until=Now() + self.duration
        )
        if not kept:
            raise LeaseLost(str(self.item_id))


@dataclass(frozen=True)
class Handler:
    """How items of one kind are worked on: by which queue, for how long at a time, and what follows a give-up."""

    run: Callable[[Lease], Outcome]
    queue: str
    lease: timedelta
    given_up: Callable[[str, str], None] | None


_handlers: dict[str, Handler] = {}


def outbox_handler(
    kind: str,
    *,
    queue: str,
    lease: timedelta = timedelta(seconds=15),
    given_up: Callable[[str, str], None] | None = None,
) -> Callable[[Callable[[Lease], Outcome]], Callable[[Lease], Outcome]]:
    """Register the function that performs one step of items of this kind.

    While the function runs, its lease is renewed by a heartbeat, so that a lease may be shorter than the longest step
    and a dead worker's item is taken over soon. `given_up(subject_id, reason)` runs in the transaction that moves the
    item to the stewards' list, so that the subject's own status can say so too. Raises ValueError for a lease longer
    than LONGEST_LEASE.
    """
    if lease > LONGEST_LEASE:
        raise ValueError(f"{kind} asks for a lease of {lease}; at most {LONGEST_LEASE}")

    def register(run: Callable[[Lease], Outcome]) -> Callable[[Lease], Outcome]:
        _handlers[kind] = Handler(run=run, queue=queue, lease=lease, given_up=given_up)
        return run

    return register


def outbox_enqueue(*, kind: str, key: str, subject_id: str, not_before: datetime | None = None) -> OutboxItem:
    """Write an item once per key, and ring when the transaction commits. Raises KeyError for an unknown kind."""
    item, _ = OutboxItem.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "queue": _handlers[kind].queue,
            "subject_id": subject_id,
            "not_before": not_before or Now(),
        },
    )
    _ring_on_commit(item.pk)
    return item


def outbox_reopen(*, kind: str, key: str, subject_id: str) -> OutboxItem:
    """Write an item, or put one that was finished or given up back to work with fresh attempts."""
    item = outbox_enqueue(kind=kind, key=key, subject_id=subject_id)
    OutboxItem.objects.filter(pk=item.pk).exclude(status="pending").update(
        status="pending",
        attempts=0,
        reason="",
        finished_at=None,
        not_before=Now(),
        lease_until=None,
        fence=F("fence") + 1,
    )
    return item


def outbox_wake(key: str) -> bool:
    """Make a waiting item due now. False when there is none pending under this key."""
    item = OutboxItem.objects.filter(key=key, status="pending").only("pk").first()
    if item is None or not OutboxItem.objects.filter(pk=item.pk, status="pending").update(not_before=Now()):
        return False
    _ring_on_commit(item.pk)
    return True


def outbox_retry(item_id: int) -> bool:
    """Put an item that needed a person back to work with fresh attempts. False when it no longer needs one."""
    retried = OutboxItem.objects.filter(pk=item_id, status="needs_human").update(
        status="pending", attempts=0, reason="", not_before=Now(), lease_until=None, fence=F("fence") + 1
    )
    if retried:
        _ring_on_commit(item_id)
    return bool(retried)


def outbox_cancel(key: str) -> bool:
    """End a pending item without doing it: its fence moves, so that a worker in its midst cannot record it."""
    return bool(
        OutboxItem.objects.filter(key=key)
        .exclude(status="done")
        .update(status="done", reason="cancelled", finished_at=Now(), lease_until=None, fence=F("fence") + 1)
    )


def _ring_on_commit(item_id: int) -> None:
    OutboxItem.objects.filter(pk=item_id).update(rung_at=Now())
    queue = OutboxItem.objects.values_list("queue", flat=True).get(pk=item_id)
    transaction.on_commit(lambda: ring(item_id, queue))


def ring(item_id: int, queue: str) -> None:
    """Tell the workers of a queue that an item is due. A broker that is away costs nothing: the sweep rings later."""
    try:
        current_app.send_task("outbox.run", args=[item_id], queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("doorbell_failed", item=item_id, error=type(error).__name__)


def take(item_id: int) -> tuple[OutboxItem, Lease] | None:
    """Lease a due item that nobody holds, with a new fencing number; None when there is nothing to do."""
    with transaction.atomic():
        item = _due().select_for_update(skip_locked=True).filter(pk=item_id).first()
        if item is None:
            return None
        duration = _handler(item.kind).lease
        item.fence += 1
        item.attempts += 1
        OutboxItem.objects.filter(pk=item.pk).update(
            fence=item.fence, attempts=item.attempts, lease_until=Now() + duration
        )
    return item, Lease(item_id=item.pk, subject_id=item.subject_id, fence=item.fence, duration=duration)


def _due() -> QuerySet[OutboxItem]:
    """The items that somebody should be working on, and nobody is."""
    was_put_back = Q(lease_until__gt=Now() + LONGEST_LEASE)
    is_free = Q(lease_until=None) | Q(lease_until__lt=Now()) | was_put_back
    return OutboxItem.objects.filter(is_free, status="pending", not_before__lte=Now())


def _handler(kind: str) -> Handler:
    """The handler of a kind. A kind that this process does not know, as while a release is being rolled out, fails
    like any step: it is tried again, by newer workers if there are some, and ends in the stewards' list otherwise."""
    return _handlers.get(kind) or Handler(_unknown, queue="", lease=timedelta(seconds=15), given_up=None)


def _unknown(lease: Lease) -> Outcome:
    raise UnknownKind(str(lease.item_id))


def run_item(item_id: int) -> None:
    """Perform one step of an item and record its outcome. Safe to call at any time, any number of times."""
    taken = take(item_id)
    if taken is None:
        return
    item, lease = taken
    structlog.contextvars.bind_contextvars(outbox_kind=item.kind, subject=item.subject_id)
    try:
        with heartbeat(lease):
            outcome = _attempt(item, lease)
    except LeaseLost:
        log.warning("lease_lost", item=item.pk)
        return
    _record(item, lease, outcome)


@contextmanager
def heartbeat(lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread of its own, three times a lease, until the block ends or the lease is lost."""
    finished = threading.Event()

    def beat() -> None:
        try:
            while not finished.wait(lease.duration.total_seconds() / 3):
                lease.renew()
        except (LeaseLost, DatabaseError) as error:
            log.warning("heartbeat_stopped", item=lease.item_id, error=type(error).__name__)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat-{lease.item_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def _attempt(item: OutboxItem, lease: Lease) -> Outcome | timedelta:
    """The handler's outcome, or the time to wait before the next attempt when it failed."""
    if item.attempts > MAX_ATTEMPTS:
        return NeedsHuman(f"The worker died {MAX_ATTEMPTS} times in a row during this step.")
    try:
        return _handler(item.kind).run(lease)
    except LeaseLost:
        raise
    except Exception as error:  # a poison item must end in the list, whatever it raises
        log.error("outbox_attempt_failed", item=item.pk, attempt=item.attempts, error=type(error).__name__)
        if item.attempts >= MAX_ATTEMPTS:
            return NeedsHuman(f"The step failed {MAX_ATTEMPTS} times, the last time with {type(error).__name__}.")
        return back_off(item.attempts)


def back_off(attempts: int) -> timedelta:
    """1, 2, 4… seconds after the first, second, third… failure, at most a minute."""
    return min(timedelta(seconds=2 ** (attempts - 1)), LONGEST_BACK_OFF)


def _record(item: OutboxItem, lease: Lease, outcome: Outcome | timedelta) -> None:
    held = OutboxItem.objects.filter(pk=item.pk, fence=lease.fence, status="pending")
    with transaction.atomic():
        match outcome:
            case Done():
                held.update(status="done", finished_at=Now(), lease_until=None)
            case Again(after):
                again = held.update(attempts=0, not_before=Now() + after, lease_until=None, rung_at=None)
                if again and not after:
                    _ring_on_commit(item.pk)
            case NeedsHuman(reason):
                if held.update(status="needs_human", reason=reason, lease_until=None):
                    _tell_subject(item, reason)
            case _:
                held.update(not_before=Now() + outcome, lease_until=None, rung_at=None)


def _tell_subject(item: OutboxItem, reason: str) -> None:
    """Let the item's subject say too that it needs a person. One that cannot does not keep the item off the list."""
    given_up = _handler(item.kind).given_up
    if given_up is None:
        return
    try:
        with transaction.atomic():
            given_up(item.subject_id, reason)
    except OperationalDatabaseError:
        raise
    except Exception as error:
        log.error("outbox_subject_not_told", item=item.pk, error=type(error).__name__)


def sweep() -> int:
    """Ring for due items that nobody holds, and return how many. Finds whatever the bell missed."""
    unheard = _due().filter(Q(rung_at=None) | Q(rung_at__lt=Now() - RING_AGAIN_AFTER) | Q(rung_at__gt=Now()))
    found = list(unheard.order_by("not_before").values_list("pk", "queue")[:SWEEP_AT_MOST])
    OutboxItem.objects.filter(pk__in=[item_id for item_id, _ in found]).update(rung_at=Now())
    for item_id, queue in found:
        ring(item_id, queue)
    return len(found)


def oldest_wait(queue: str) -> timedelta:
    """For how long the oldest due item of a queue has been waiting for a worker; zero when none is."""
    due = OutboxItem.objects.filter(queue=queue, status="pending", not_before__lte=Now(), lease_until=None)
    waits = due.order_by("not_before").annotate(wait=Now() - F("not_before")).values_list("wait", flat=True)
    return waits.first() or timedelta(0)
