"""Writing the audit log."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import transaction

from apps.audit.models import Event

JSON = Any  # str, int, float, bool, None, and lists and dicts of them


def event_record(
    *,
    action: str,
    actor: str,
    object_kind: str,
    object_id: str,
    dossier_id: str | None = None,
    data: Mapping[str, JSON] | None = None,
) -> Event:
    """Append one event. `actor` is a person's identifier or "system:<zone>".

    `data` holds identifiers, hashes, counts and states, nothing personal.

    Raises RuntimeError outside a transaction: no event without its change, no change without its event.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action} was to be recorded outside the transaction of its change")
    return Event.objects.create(
        action=action,
        actor=actor,
        object_kind=object_kind,
        object_id=object_id,
        dossier_id=dossier_id,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        data=dict(data or {}),
    )
