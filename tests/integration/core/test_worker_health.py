"""`manage.py worker_health`: sentences for a person, an exit code for a machine."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from celery import current_app
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.utils import OperationalError
from django.utils import timezone

from apps.core.management.commands import worker_health
from apps.core.models import OutboxItem

pytestmark = pytest.mark.django_db
ALL = {"default", "extract", "provision"}


def item(*, waiting: timedelta, **changes: object) -> OutboxItem:
    row = {"key": "k", "kind": "x", "queue": "default", "not_before": timezone.now() - waiting, **changes}
    return OutboxItem.objects.create(**row)


@pytest.fixture
def all_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_health, "served_queues", lambda: ALL)


def test_all_is_well_when_each_queue_is_served_and_nothing_waits(all_served: None) -> None:
    item(waiting=timedelta(seconds=5))
    said = StringIO()
    call_command("worker_health", stdout=said)
    assert said.getvalue() == "Workers answer on default, extract, provision; no due work waits.\n"


def test_without_any_worker_no_queue_is_served() -> None:
    assert worker_health.served_queues() == set()


def test_each_queue_without_a_worker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_health, "served_queues", lambda: {"default"})
    with pytest.raises(CommandError) as refused:
        call_command("worker_health")
    assert str(refused.value).splitlines() == [
        "No worker answers for the queue extract.",
        "No worker answers for the queue provision.",
    ]


def test_work_that_waits_for_more_than_a_minute_is_told(all_served: None) -> None:
    item(waiting=timedelta(seconds=90))
    with pytest.raises(CommandError, match=r"Due work has been waiting for 9\d s\."):
        call_command("worker_health")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "needs_human"},
        {"lease_until": timezone.now() + timedelta(hours=1)},
        {"not_before": timezone.now() + timedelta(hours=1)},
    ],
)
def test_work_that_is_held_or_not_due_or_a_person_s_does_not_wait(all_served: None, changes: dict[str, object]) -> None:
    item(waiting=timedelta(seconds=90), **changes)
    call_command("worker_health", stdout=StringIO())


def test_a_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:9/0")
    with pytest.raises(CommandError, match="The broker does not answer"):
        call_command("worker_health")


def test_a_database_that_is_away_is_told(all_served: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> timedelta:
        raise OperationalError

    monkeypatch.setattr(worker_health, "outbox_delay", away)
    with pytest.raises(CommandError, match="The database does not answer"):
        call_command("worker_health")


def test_it_waits_until_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[list[str]] = iter([["No worker answers for the queue default."], []])
    monkeypatch.setattr(worker_health, "find_problems", lambda: next(answers))
    call_command("worker_health", "--wait", "5", stdout=StringIO())
    assert next(answers, None) is None
