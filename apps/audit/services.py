"""Writing the audit log."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from apps.audit.canonical import checked
from apps.audit.models import AuditSubject, Event
from apps.audit.standalone.verify_audit import canonical, leaf_hash
from apps.audit.subjects import personal_sealed

_COLUMNS = [field for field in Event._meta.concrete_fields if not field.primary_key]
_INSERT = (
    f"INSERT INTO audit_event ({', '.join(field.attname for field in _COLUMNS)})"  # noqa: S608  columns of the model
    f" VALUES ({', '.join('%s' for _ in _COLUMNS)}) RETURNING id"
)
JSON = Any  # str, int, bool, None, and lists and dicts of them


def event_record(
    *,
    action: str,
    actor: str,
    object_kind: str,
    object_id: str,
    dossier_id: str | UUID | None = None,
    data: Mapping[str, JSON] | None = None,
    personal: Mapping[str, JSON] | None = None,
    subject: str | None = None,
) -> Event:
    """Append one event. `actor` is a person's identifier or "system:<zone>"; `data` holds identifiers, hashes, counts.

    `personal` holds what says something of a person (an address, a name): it is encrypted with the key of `subject`,
    the actor unless another is given, and can be erased. Raises RuntimeError outside a transaction: no event without
    its change, no change without its event. Raises ValueError for data without canonical form (canonical.checked).
    """
    event = Event(
        action=action,
        actor=str(actor),
        object_kind=object_kind,
        object_id=str(object_id),
        dossier_id=UUID(str(dossier_id)) if dossier_id else None,
        data=data or {},
        subject=(subject or str(actor)) if personal else "",
    )
    return event_append(event, personal)


def event_append(event: Event, personal: Mapping[str, JSON] | None = None) -> Event:
    """Complete an event with its leaf and write it; see `event_record`, which nearly every caller wants instead."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{event.action} was to be recorded outside the transaction of its change")
    event.request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    event.data = checked(event.data)
    if personal:
        event.personal = personal_sealed(event.subject, personal, uid=str(event.uid))
    event.leaf = leaf_hash(event.content)
    _insert(event)
    return event


def _insert(event: Event) -> None:
    """Write the row by hand: the ORM takes four times the processor time, in every transaction of the portal."""
    values = {field.attname: getattr(event, field.attname) for field in _COLUMNS}
    values["data"] = canonical(event.data).decode()
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, list(values.values()))
        event.pk = cursor.fetchone()[0]
    event._state.adding, event._state.db = False, connection.alias


def subject_erase(*, subject: str, by: str) -> bool:
    """Destroy the key of a subject: their personal fields are erased from every event, for good, and proofs stay valid.

    Personal fields of later events of this subject are not kept. False when they were erased already.
    """
    now = timezone.now()
    with transaction.atomic():
        _, is_new = AuditSubject.objects.get_or_create(subject=subject, defaults={"erased_at": now})
        with_key = AuditSubject.objects.filter(subject=subject, erased_at=None)
        if not with_key.update(wrapped_key=None, erased_at=now) and not is_new:
            return False
        event_record(action="audit.subject_erased", actor=by, object_kind="person", object_id=subject)
    return True
