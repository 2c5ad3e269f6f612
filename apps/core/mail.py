"""E-mail, through the outbox: written down with the change it tells about, sent by a worker until a server takes it.

A message is composed when it is sent, from rows as they stand then, so that no address and no secret wait in a queue.

    @composes("invitation", sent=mark_sent)
    def invitation(invitation_id: str) -> Mail | None: ...

    mail_enqueue(kind="invitation", subject_id=str(invitation.pk), key=f"{invitation.pk}:1")
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from apps.core.models import OutboxItem
from apps.core.outbox import Again, Done, Lease, NeedsHuman, Outcome, outbox_enqueue, outbox_handler

log = structlog.get_logger(__name__)

KIND = "e-mail"
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)
_PERMANENT = 500  # RFC 5321, section 4.2.1: from 500 on, trying again is of no use


@dataclass(frozen=True)
class Mail:
    """One message: the first line of the template is its subject. `language`: the reader's, "fr" or "en"."""

    to: str
    language: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


Composer = Callable[[str], Mail | None]


@dataclass(frozen=True)
class _Kind:
    compose: Composer
    sent: Callable[[str], None] | None


_kinds: dict[str, _Kind] = {}


def composes(kind: str, *, sent: Callable[[str], None] | None = None) -> Callable[[Composer], Composer]:
    """Register what composes messages of this kind from their subject's identifier; None: no longer to be sent.

    `sent` is told the identifier once a server took the message.
    """

    def register(compose: Composer) -> Composer:
        _kinds[kind] = _Kind(compose, sent)
        return compose

    return register


def mail_enqueue(*, kind: str, subject_id: str, key: str, not_before: datetime | None = None) -> OutboxItem:
    """Have a message sent, once per key, not before a moment if one is given. To be called in the transaction it tells
    about. Raises KeyError for an unknown kind.
    """
    if kind not in _kinds:
        raise KeyError(kind)
    return outbox_enqueue(kind=KIND, key=f"mail:{kind}:{key}", subject_id=f"{kind}:{subject_id}", not_before=not_before)


def portal_link(view: str, *args: object) -> str:
    """The whole address of a page, to be written in a message."""
    return settings.PORTAL_URL.rstrip("/") + reverse(view, args=args)


@outbox_handler(KIND, queue="default", lease=timedelta(seconds=60))
def mail_send(lease: Lease) -> Outcome:
    """Compose and send one message; what the server cannot take now is tried again, for three days."""
    name, _, subject_id = lease.subject_id.partition(":")
    kind = _kinds[name]
    mail = kind.compose(subject_id)
    if mail is None:
        return Done()
    try:
        _message(mail, lease.item_id).send()
    except SMTPRecipientsRefused as error:
        return _refused(error, lease)
    except (SMTPException, OSError) as error:
        log.warning("mail_failed", item=lease.item_id, error=type(error).__name__)
        return _later(lease, type(error).__name__)
    if kind.sent:
        kind.sent(subject_id)
    return Done()


def _message(mail: Mail, item_id: int) -> EmailMessage:
    with translation.override(mail.language):
        text = render_to_string(mail.template, {**mail.context, "portal": settings.PORTAL_URL})
    subject, _, body = text.strip().partition("\n")
    return EmailMessage(
        subject.strip(),
        body.strip() + "\n",
        to=[mail.to],
        headers={
            "Message-ID": _message_id(item_id),
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.language,
        },
    )


def _message_id(item_id: int) -> str:
    """The same each time an item is tried, so that a message taken twice is shown once."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{hashlib.sha256(f'{settings.PORTAL_URL}:{item_id}'.encode()).hexdigest()[:32]}@{domain}>"


def _refused(error: SMTPRecipientsRefused, lease: Lease) -> Outcome:
    codes = [code for code, _ in error.recipients.values()]
    if all(code >= _PERMANENT for code in codes):
        return NeedsHuman(f"The mail server refuses the address ({codes[0]}): correct it, or send it another way.")
    return _later(lease, f"{type(error).__name__} ({codes[0]})")


def _later(lease: Lease, why: str) -> Outcome:
    """Wait as long again as it has taken so far, a quarter of an hour at most."""
    age = timezone.now() - OutboxItem.objects.values_list("created_at", flat=True).get(pk=lease.item_id)
    if age >= GIVE_UP_AFTER:
        return NeedsHuman(f"The mail server could not be reached for three days ({why}).")
    return Again(after=min(max(age, FIRST_WAIT), LONGEST_WAIT))
