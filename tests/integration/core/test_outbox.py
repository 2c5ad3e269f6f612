"""The outbox: effectively once, whatever dies, rings twice or gets lost."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from apps.core import outbox
from apps.core.models import OutboxItem
from apps.core.outbox import Again, Done, Lease, LeaseLost, NeedsHuman, Outcome

pytestmark = pytest.mark.django_db(transaction=True)


class Recorder:
    """A handler that answers from a script and remembers how it was called."""

    def __init__(self) -> None:
        self.script: list[Outcome | Exception] = []
        self.leases: list[Lease] = []
        self.given_up: list[tuple[str, str]] = []

    def __call__(self, lease: Lease) -> Outcome:
        self.leases.append(lease)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def handler(monkeypatch):
    recorder = Recorder()
    monkeypatch.setitem(
        outbox._handlers,
        "test.effect",
        outbox.Handler(
            run=recorder,
            queue="default",
            lease=timedelta(seconds=30),
            given_up=lambda subject, reason: recorder.given_up.append((subject, reason)),
        ),
    )
    return recorder


@pytest.fixture
def bells(monkeypatch):
    rung: list[int] = []
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: rung.append(item_id))
    return rung


def enqueue(key: str = "effect:1") -> OutboxItem:
    return outbox.outbox_enqueue(kind="test.effect", key=key, subject_id="42")


def later(item: OutboxItem, **values) -> None:
    OutboxItem.objects.filter(pk=item.pk).update(**values)


def test_an_item_is_written_once_per_key_and_rings_only_after_the_commit(handler, bells):
    with transaction.atomic():
        first = enqueue()
        second = enqueue()
        assert first.pk == second.pk
        assert bells == []
    assert bells == [first.pk, first.pk]


def test_a_rolled_back_change_leaves_no_item_and_no_bell(handler, bells):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        enqueue()
        raise ZeroDivisionError
    assert not OutboxItem.objects.exists()
    assert bells == []


def test_an_unknown_kind_is_refused():
    with pytest.raises(KeyError):
        outbox.outbox_enqueue(kind="no.such", key="x", subject_id="1")


def test_done_ends_the_item_and_a_duplicate_message_does_nothing(handler, bells):
    item = enqueue()
    handler.script = [Done()]
    outbox.run_item(item.pk)
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "done"
    assert item.finished_at is not None
    assert len(handler.leases) == 1


def test_each_step_rings_for_the_next_and_forgets_failed_attempts(handler, bells):
    item = enqueue()
    handler.script = [Again(), Again(timedelta(seconds=40)), Done()]
    outbox.run_item(item.pk)
    assert bells == [item.pk, item.pk]
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert (item.attempts, item.lease_until) == (0, None)
    assert item.not_before > timezone.now() + timedelta(seconds=30)
    outbox.run_item(item.pk)
    assert len(handler.leases) == 2, "a step that is not due is not made"


def test_a_failure_waits_longer_each_time_and_ends_with_a_person(handler, bells):
    item = enqueue()
    handler.script = [ValueError("boom")] * outbox.MAX_ATTEMPTS
    for _ in range(outbox.MAX_ATTEMPTS):
        later(item, not_before=timezone.now())
        outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "needs_human"
    assert "ValueError" in item.reason
    assert "boom" not in item.reason
    assert handler.given_up == [("42", item.reason)]


def test_back_off_doubles_up_to_a_minute():
    assert [outbox.back_off(n).total_seconds() for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_worker_that_dies_every_time_is_noticed(handler, bells):
    """Given a step that kills its worker, the lease expires each time, and the item ends in the list."""
    item = enqueue()
    later(item, attempts=outbox.MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(seconds=1))
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "needs_human"
    assert handler.leases == []


def test_what_needs_a_person_says_why_and_can_be_put_back(handler, bells):
    item = enqueue()
    handler.script = [NeedsHuman("The source is away."), Done()]
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert (item.status, item.reason) == ("needs_human", "The source is away.")
    assert outbox.outbox_retry(item.pk)
    assert not outbox.outbox_retry(item.pk), "only once"
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "done"


def test_nobody_else_works_on_a_leased_item_until_the_lease_ends(handler, bells):
    item = enqueue()
    taken = outbox.take(item.pk)
    assert taken is not None
    assert outbox.take(item.pk) is None
    later(item, lease_until=timezone.now() - timedelta(seconds=1))
    again = outbox.take(item.pk)
    assert again is not None
    assert again[1].fence == taken[1].fence + 1


def test_a_worker_that_lost_its_lease_writes_nothing(handler, bells):
    item = enqueue()
    old = outbox.take(item.pk)[1]
    later(item, lease_until=timezone.now() - timedelta(seconds=1))
    new = outbox.take(item.pk)[1]
    with pytest.raises(LeaseLost), transaction.atomic():
        old.hold()
    with pytest.raises(LeaseLost):
        old.renew()
    with transaction.atomic():
        new.hold()
    new.renew()


def test_an_outcome_that_comes_after_the_lease_was_taken_over_is_dropped(handler, bells):
    item = enqueue()

    def slow(lease: Lease) -> Outcome:
        later(item, fence=lease.fence + 1)
        return Done()

    outbox._handlers["test.effect"] = outbox.Handler(slow, "default", timedelta(seconds=30), None)
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "pending"


def test_a_handler_that_notices_the_lost_lease_stops_quietly(handler, bells):
    item = enqueue()
    handler.script = [LeaseLost("1")]
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "pending"
    assert item.attempts == 1


def test_the_sweep_rings_for_due_items_whose_bell_was_lost_and_for_no_others(handler, bells):
    lost, fresh, held, future = (enqueue(f"effect:{n}") for n in range(4))
    long_ago = timezone.now() - timedelta(minutes=1)
    later(lost, rung_at=long_ago)
    later(held, rung_at=long_ago, lease_until=timezone.now() + timedelta(seconds=20))
    later(future, rung_at=None, not_before=timezone.now() + timedelta(minutes=1))
    bells.clear()
    assert outbox.sweep() == 1
    assert bells == [lost.pk]
    assert outbox.sweep() == 0, "a bell just rung is given time"
    assert fresh.pk not in bells


def test_a_database_clock_that_was_put_back_holds_nobody(handler, bells):
    rung, leased = enqueue("effect:0"), enqueue("effect:1")
    later(rung, rung_at=timezone.now() + timedelta(hours=1))
    later(leased, rung_at=None, lease_until=timezone.now() + timedelta(hours=1))
    bells.clear()
    assert outbox.sweep() == 2
    assert outbox.take(leased.pk) is not None
    assert outbox.take(leased.pk) is None, "the new lease is one of today"


def test_no_kind_may_hold_an_item_for_longer_than_the_longest_lease():
    with pytest.raises(ValueError, match="at most"):
        outbox.outbox_handler("test.long", queue="default", lease=timedelta(minutes=2))


def test_a_broker_that_is_away_does_not_hinder_the_change(handler, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.app.base.Celery.send_task", away)
    item = enqueue()
    assert OutboxItem.objects.filter(pk=item.pk, status="pending").exists()


def test_waking_makes_a_waiting_item_due_and_only_a_pending_one(handler, bells):
    item = enqueue()
    later(item, not_before=timezone.now() + timedelta(hours=1))
    assert outbox.outbox_wake(item.key)
    item.refresh_from_db()
    assert item.not_before <= timezone.now()
    handler.script = [Done()]
    outbox.run_item(item.pk)
    assert not outbox.outbox_wake(item.key)
    assert not outbox.outbox_wake("no such key")


def test_a_cancelled_item_is_never_done_even_by_the_worker_in_its_midst(handler, bells):
    item = enqueue()
    lease = outbox.take(item.pk)[1]
    assert outbox.outbox_cancel(item.key)
    with pytest.raises(LeaseLost), transaction.atomic():
        lease.hold()
    assert not outbox.outbox_cancel(item.key)


def test_the_oldest_wait_is_what_an_operator_watches(handler, bells):
    assert outbox.oldest_wait("default") == timedelta(0)
    item = enqueue()
    later(item, not_before=timezone.now() - timedelta(seconds=90))
    assert timedelta(seconds=85) < outbox.oldest_wait("default") < timedelta(seconds=100)


def test_a_step_longer_than_its_lease_keeps_it_by_the_heartbeat(handler, bells):
    item = enqueue()
    taken_over: list[object] = []

    def long_step(lease: Lease) -> Outcome:
        time.sleep(0.6)
        taken_over.append(outbox.take(item.pk))
        return Done()

    outbox._handlers["test.effect"] = outbox.Handler(long_step, "default", timedelta(seconds=0.3), None)
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert taken_over == [None]
    assert item.status == "done"


def test_the_heartbeat_stops_when_the_lease_is_lost(handler, bells):
    item = enqueue()
    lease = outbox.Lease(item_id=item.pk, subject_id="42", fence=99, duration=timedelta(seconds=0.03))
    with outbox.heartbeat(lease):
        time.sleep(0.2)
        alive = [thread.name for thread in threading.enumerate() if thread.name == f"heartbeat-{item.pk}"]
    assert alive == []


def test_an_item_whose_kind_no_worker_knows_ends_in_the_list(handler, bells, monkeypatch):
    """Given an item of a newer release, an older worker tries it as any step that fails, and does not forget it."""
    item = enqueue()
    monkeypatch.delitem(outbox._handlers, "test.effect")
    for _ in range(outbox.MAX_ATTEMPTS):
        later(item, not_before=timezone.now())
        outbox.run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "needs_human"
    assert "UnknownKind" in item.reason


def test_a_subject_that_cannot_be_told_does_not_keep_the_item_off_the_list(handler, bells):
    def untellable(subject: str, reason: str) -> None:
        raise LookupError(subject)

    item = enqueue()
    handler.script = [NeedsHuman("The source is away.")]
    outbox._handlers["test.effect"] = outbox.Handler(handler, "default", timedelta(seconds=30), untellable)
    outbox.run_item(item.pk)
    item.refresh_from_db()
    assert (item.status, item.reason) == ("needs_human", "The source is away.")


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_worker_whose_clock_is_wrong_neither_steals_nor_hoards(handler, bells, monkeypatch, hours):
    item = enqueue()
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(hours=hours))
    assert outbox.take(item.pk) is not None
    item.refresh_from_db()
    assert abs(item.lease_until - real()) < timedelta(minutes=1)
    assert outbox.take(item.pk) is None
