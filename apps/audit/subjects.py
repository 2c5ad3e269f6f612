"""Personal fields of events: encrypted with one key for each subject, so that destroying the key erases them.

The ciphertext is part of the event's canonical bytes: after an erasure every leaf, seal and proof stays valid.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from apps.audit.canonical import checked
from apps.audit.models import AuditSubject, Event
from apps.audit.standalone.verify_audit import canonical

NONCE_BYTES = 12
KEY_BITS = 256


def personal_sealed(subject: str, personal: Mapping[str, Any], *, uid: str) -> bytes | None:
    """The personal fields of the event `uid`, encrypted with the subject's key; None once the subject is erased.

    Raises RuntimeError in a process of another zone than `web`: the others do not have the key that wraps keys.
    """
    row, _ = AuditSubject.objects.get_or_create(subject=subject, defaults={"wrapped_key": _new_wrapped_key(subject)})
    if row.wrapped_key is None:
        return None
    return _encrypt(_unwrapped(row), canonical(checked(personal)), bound_to=uid)


def personal_of(events: list[Event]) -> dict[int, dict[str, Any] | None]:
    """The personal fields in clear of those events that have some, by event; None where they were erased. One query.

    Raises cryptography's InvalidTag for fields that were moved to another event or altered.
    """
    concerned = [event for event in events if event.subject]
    rows = AuditSubject.objects.in_bulk({event.subject for event in concerned})
    return {event.pk: _opened(event, rows.get(event.subject)) for event in concerned}


def _opened(event: Event, row: AuditSubject | None) -> dict[str, Any] | None:
    if row is None or row.wrapped_key is None or event.personal is None:
        return None
    fields: dict[str, Any] = json.loads(_decrypt(_unwrapped(row), bytes(event.personal), bound_to=str(event.uid)))
    return fields


def _new_wrapped_key(subject: str) -> bytes:
    return _encrypt(_master(), AESGCM.generate_key(KEY_BITS), bound_to=subject)


def _unwrapped(row: AuditSubject) -> bytes:
    return _decrypt(_master(), bytes(row.wrapped_key or b""), bound_to=row.subject)


def _encrypt(key: bytes, plain: bytes, *, bound_to: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _decrypt(key: bytes, sealed: bytes, *, bound_to: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())


def _master() -> bytes:
    if settings.ZONE != "web":
        raise RuntimeError("personal fields of events are written and read by the web zone alone, which has the key")
    return _derived(settings.FIELD_KEY)


@lru_cache(maxsize=2)
def _derived(master: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BITS // 8, salt=None, info=b"hdh:audit:subjects").derive(master.encode())
