"""Entering again without one's factors: a new password by e-mail, or a recovery that two stewards vouch for.

Whoever asks is answered in the same way and after the same time, whether the account exists or not. The person is told
by e-mail at every step of a recovery, with a link that stops it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts import wording
from apps.accounts.mailed_secrets import secret_spend
from apps.accounts.models import Person, PortalSession, TotpDevice
from apps.accounts.recovery_models import AccountRecovery, MailedSecret
from apps.accounts.rules import (
    RECOVERY_ACTIVE,
    RECOVERY_ANSWERED_WITHIN,
    RECOVERY_OPEN_FOR,
    Act,
    RecoveryStatus,
    decide,
    decide_recovery_approval,
)
from apps.accounts.selectors import factor_of, person_by_email
from apps.accounts.services import event_about, second_factor_verify
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.accounts.throttling import Counter, attempt_begin
from apps.core.errors import ChangedMeanwhile, refusal
from apps.core.mail import mail_enqueue
from apps.core.outbox import outbox_enqueue
from apps.core.rules import Refused

OPEN_KIND = "accounts.recovery_open"
RESET_MAIL, STEP_MAIL = "password_reset", "recovery"
APPROVE = "recovery.approve"


@contextmanager
def answered_alike() -> Iterator[None]:
    """Let the answer take the same time, whatever was found."""
    until = time.monotonic() + settings.ALIKE_SECONDS
    yield
    time.sleep(max(0.0, until - time.monotonic()))


def password_reset_ask(*, email: str, address: str) -> None:
    """Have a link sent with which the account's password can be set anew, if there is such an account.

    Raises TooManyAttempts; says nothing of the account.
    """
    attempt_begin(*Counter.for_asking(email, address))
    with answered_alike(), transaction.atomic():
        person = person_by_email(email)
        if person is not None and person.is_active:
            event_about("person.reset_asked", person)
            mail_enqueue(kind=RESET_MAIL, subject_id=str(person.pk), key=str(uuid4()))


def password_reset(*, link: MailedSecret, new: str, code: str) -> None:
    """Set the password anew against the link and, where one is enrolled, the second factor; every session ends.

    Raises RefusedError for the field `otp_code`, ChangedMeanwhile when the link was just used.
    """
    person = link.person
    if factor_of(person) is not None:
        second_factor_verify(person=person, code=code, purpose="password_reset", field="otp_code")
    with transaction.atomic():
        _spend(link)
        _password_set(person, new)
        event_about("person.password_reset", person)


def recovery_ask(*, email: str, address: str) -> None:
    """Ask the stewards to let somebody in again without their factors, if there is such an account; once at a time."""
    attempt_begin(*Counter.for_asking(email, address))
    with answered_alike(), transaction.atomic():
        person = person_by_email(email)
        if person is None or not person.is_active:
            return
        Person.objects.select_for_update().get(pk=person.pk)
        if AccountRecovery.objects.filter(person=person, status__in=RECOVERY_ACTIVE).exists():
            return
        recovery = AccountRecovery.objects.create(person=person, asked_at=timezone.now())
        _told("asked", recovery)


def recovery_act(recovery: AccountRecovery) -> Act:
    """What a steward's confirmation is bound to: this recovery, at this step."""
    return Act(APPROVE, str(recovery.pk), recovery.status)


def recovery_approve(*, recovery: AccountRecovery, by: Person, note: str, code: str, seen: str) -> None:
    """Vouch for who asks, after their identity was checked as `note` says. The second steward starts the delay.

    Raises RefusedError (field "otp_code" for the code), ChangedMeanwhile when the recovery moved since it was `seen`.
    """
    _refuse_unless_allowed(recovery, by)
    act = recovery_act(recovery)
    step_up_confirm(person=by, code=code, action=act.action, object_id=act.object_id, content_hash=seen)
    with transaction.atomic():
        present = _held(recovery, seen)
        _refuse_unless_allowed(present, by)
        step_up_spend(person=by, action=act.action, object_id=act.object_id, content_hash=seen)
        now = timezone.now()
        if present.status == RecoveryStatus.ASKED:
            _move(present, RecoveryStatus.VOUCHED, first_by=by, first_at=now, first_note=note)
        else:
            due = now + settings.RECOVERY_DELAY
            _move(present, RecoveryStatus.WAITING, second_by=by, second_at=now, second_note=note, due_at=due)
            outbox_enqueue(kind=OPEN_KIND, key=f"recovery:{present.pk}", subject_id=str(present.pk), not_before=due)
        _told("approved", present, by)


def recovery_refuse(*, recovery: AccountRecovery, by: Person, seen: str) -> None:
    """Stop a recovery whose author is not who they say. Raises RefusedError, ChangedMeanwhile."""
    _refuse_unless_role("recovery.refuse", by)
    with transaction.atomic():
        present = _held(recovery, seen)
        if RecoveryStatus(present.status) not in RECOVERY_ACTIVE:
            raise ChangedMeanwhile
        _move(present, RecoveryStatus.REFUSED, ended_at=timezone.now())
        _told("refused", present, by)


def recovery_cancel(*, link: MailedSecret) -> None:
    """Stop a recovery, as whoever reads the person's e-mail may at every step. Raises ChangedMeanwhile."""
    with transaction.atomic():
        _spend(link)
        present = _held_by(link)
        if RecoveryStatus(present.status) not in RECOVERY_ACTIVE:
            raise ChangedMeanwhile
        _move(present, RecoveryStatus.CANCELLED, ended_at=timezone.now())
        _told("cancelled", present)


def recovery_open(recovery_id: str) -> None:
    """The delay has gone by: have the link sent, unless the recovery was stopped meanwhile. Safe to repeat."""
    with transaction.atomic():
        present = AccountRecovery.objects.select_for_update().get(pk=recovery_id)
        if present.status == RecoveryStatus.WAITING:
            _move(present, RecoveryStatus.OPEN, opened_at=timezone.now())
            _told("opened", present)


def recovery_finish(*, link: MailedSecret, new: str) -> None:
    """Set the password anew and remove every second factor: the next sign-in enrols one. Every session ends.

    Raises ChangedMeanwhile when the link was just used or the recovery stopped.
    """
    with transaction.atomic():
        _spend(link)
        present = _held_by(link)
        if present.status != RecoveryStatus.OPEN:
            raise ChangedMeanwhile
        TotpDevice.objects.filter(user=link.person).delete()
        WebAuthnCredential.objects.filter(user=link.person).delete()
        _password_set(link.person, new)
        _move(present, RecoveryStatus.DONE, ended_at=timezone.now())
        _told("done", present)


def recoveries_expire(now: datetime) -> int:
    """End the recoveries that nobody answered or finished in time. Gives their number."""
    unanswered = Q(status__in=["asked", "vouched"], asked_at__lt=now - RECOVERY_ANSWERED_WITHIN)
    unfinished = Q(status="open", opened_at__lt=now - RECOVERY_OPEN_FOR)
    late = AccountRecovery.objects.filter(unanswered | unfinished)
    for recovery in late:
        with transaction.atomic():
            _move(recovery, RecoveryStatus.EXPIRED, ended_at=now)
            _told("expired", recovery)
    return len(late)


def _refuse_unless_role(action: str, by: Person) -> None:
    decision = decide(action, by.staff_roles)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)


def _refuse_unless_allowed(recovery: AccountRecovery, by: Person) -> None:
    _refuse_unless_role(APPROVE, by)
    decision = decide_recovery_approval(
        by=str(by.pk),
        person=str(recovery.person_id),
        first_by=str(recovery.first_by_id or ""),
        status=RecoveryStatus(recovery.status),
    )
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)


def _held(recovery: AccountRecovery, seen: str) -> AccountRecovery:
    present = AccountRecovery.objects.select_for_update().get(pk=recovery.pk)
    if present.status != seen:
        raise ChangedMeanwhile
    return present


def _held_by(link: MailedSecret) -> AccountRecovery:
    if link.recovery is None:
        raise ChangedMeanwhile(wording.LINK_OVER)
    return AccountRecovery.objects.select_for_update().get(pk=link.recovery.pk)


def _move(recovery: AccountRecovery, to: RecoveryStatus, **values: object) -> None:
    moved = AccountRecovery.objects.filter(pk=recovery.pk, status=recovery.status).update(status=to.value, **values)
    if not moved:
        raise ChangedMeanwhile


def _told(step: str, recovery: AccountRecovery, by: Person | None = None) -> None:
    """The event, and the message to the person whose account it is."""
    event_about(f"recovery.{step}", recovery.person, by=by, recovery=str(recovery.pk))
    mail_enqueue(kind=STEP_MAIL, subject_id=f"{step}:{recovery.pk}", key=str(uuid4()))


def _spend(link: MailedSecret) -> None:
    if not secret_spend(link):
        raise ChangedMeanwhile(wording.LINK_OVER)


def _password_set(person: Person, new: str) -> None:
    person.set_password(new)
    person.save(update_fields=["password"])
    PortalSession.objects.filter(person=person).delete()
