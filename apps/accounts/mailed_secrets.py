"""Secrets in links sent by e-mail. They are made when the message is, so that none waits in a queue."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.recovery_models import AccountRecovery, MailedSecret

Purpose = MailedSecret.Purpose


def secret_new(person: Person, purpose: Purpose, life: timedelta, recovery: AccountRecovery | None = None) -> str:
    """A secret to be sent; of those for the same purpose, only the last one is worth something."""
    MailedSecret.objects.filter(person=person, purpose=purpose, used_at=None).update(used_at=timezone.now())
    secret = secrets.token_urlsafe(32)
    MailedSecret.objects.create(
        digest=secret_digest(secret),
        person=person,
        purpose=purpose,
        recovery=recovery,
        expires_at=timezone.now() + life,
    )
    return secret


def secret_found(secret: str, purpose: Purpose) -> MailedSecret | None:
    """What a secret still opens; None when it is unknown, spent or too old, or its person may not sign in."""
    fresh = MailedSecret.objects.filter(
        digest=secret_digest(secret), purpose=purpose, used_at=None, expires_at__gt=timezone.now()
    )
    return fresh.filter(person__is_active=True).select_related("person", "recovery").first()


def secret_spend(found: MailedSecret) -> bool:
    """Use it up; False when somebody else just did. In the transaction of what it is for."""
    return bool(MailedSecret.objects.filter(pk=found.pk, used_at=None).update(used_at=timezone.now()))


def secret_digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits: enough to recognise it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secrets_forget(now: datetime) -> int:
    """Delete those that have run out. Gives their number."""
    return MailedSecret.objects.filter(expires_at__lt=now).delete()[0]
