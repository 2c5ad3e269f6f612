"""Events: with their change or not at all, and never touched again."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from apps.audit.models import AuditSubject, Checkpoint, Event, Seal
from apps.audit.services import event_record, subject_erase
from apps.audit.standalone.verify_audit import leaf_hash
from apps.audit.subjects import personal_of
from tests.factories.audit import Log, recorded

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        event_record(action="test.done", actor="system:web", object_kind="thing", object_id="1")
    assert not Event.objects.exists()


def test_no_change_no_event() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        event_record(action="test.done", actor="system:web", object_kind="thing", object_id="1")
        raise ZeroDivisionError
    assert not Event.objects.exists()


@pytest.mark.parametrize("data", [{}, {"text": 'é\u2028"\\', "list": [1, None, {"deep": True}]}, {"n": 2**53 - 1}])
def test_what_is_read_back_has_the_leaf_that_was_written(data: dict[str, Any]) -> None:
    [event] = recorded(data=data, dossier_id=str(uuid4()).upper())
    stored = Event.objects.get(pk=event.pk)
    assert stored.content == event.content
    assert bytes(stored.leaf) == leaf_hash(stored.content)
    assert stored.data == data


def test_data_without_a_single_spelling_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold a float"):
        recorded(data={"ratio": 0.5})


@pytest.mark.parametrize("model", [Event, Seal, Checkpoint])
def test_nothing_sealed_is_changed_or_removed(log: Log, model: Any) -> None:
    recorded()
    log.seal()
    table = model._meta.db_table
    column = {Event: "actor", Seal: "event_id", Checkpoint: "root"}[model]
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(statement)
    assert model.objects.count() == 1


@pytest.mark.parametrize("table", ["audit_event", "audit_seal", "audit_checkpoint"])
def test_the_tables_are_not_emptied(table: str) -> None:
    """Given the trigger that the suite switches off for itself, when it is on, then TRUNCATE is refused."""
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_not_emptied")
        cursor.execute(f"TRUNCATE {table}")


def test_personal_fields_are_stored_encrypted_and_can_be_read() -> None:
    [event] = recorded(actor="somebody", personal={"address": "192.0.2.7"})
    stored = Event.objects.get(pk=event.pk)
    assert b"192.0.2.7" not in stored.content
    assert stored.subject == "somebody"
    assert personal_of([stored]) == {stored.pk: {"address": "192.0.2.7"}}


def test_each_subject_has_a_key_of_their_own() -> None:
    events = recorded(2, actor="one", personal={"a": 1}) + recorded(actor="one", subject="two", personal={"a": 1})
    assert AuditSubject.objects.count() == 2
    assert personal_of(events) == {event.pk: {"a": 1} for event in events}


def test_an_erasure_leaves_the_log_intact_and_the_fields_gone(log: Log) -> None:
    """Given sealed personal fields, when their subject is erased, then nobody reads them and the log verifies."""
    [event] = recorded(actor="somebody", personal={"address": "192.0.2.7"})
    [other] = recorded(actor="another", personal={"address": "192.0.2.8"})
    log.seal()
    assert subject_erase(subject="somebody", by="dpo")
    stored = list(Event.objects.filter(pk__in=[event.pk, other.pk]).order_by("pk"))
    assert personal_of(stored) == {event.pk: None, other.pk: {"address": "192.0.2.8"}}
    log.seal()
    assert log.verify().events == 3
    told = Event.objects.get(action="audit.subject_erased")
    assert (told.actor, told.object_id) == ("dpo", "somebody")


def test_an_erasure_is_told_once() -> None:
    recorded(actor="somebody", personal={"a": 1})
    assert [subject_erase(subject="somebody", by="dpo") for _ in range(3)] == [True, False, False]
    assert Event.objects.filter(action="audit.subject_erased").count() == 1


def test_personal_fields_that_come_after_the_erasure_are_not_kept() -> None:
    subject_erase(subject="somebody", by="dpo")
    [event] = recorded(actor="somebody", personal={"a": 1})
    assert Event.objects.get(pk=event.pk).personal is None
    assert personal_of([event]) == {event.pk: None}


def test_other_zones_than_the_web_have_no_key_for_personal_fields(settings: Settings) -> None:
    settings.ZONE = "extract"
    with pytest.raises(RuntimeError, match="web zone"):
        recorded(personal={"a": 1})
