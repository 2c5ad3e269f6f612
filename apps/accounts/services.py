"""What can be done to people, their factors, roles and sessions. Every change comes with its audit event."""

from datetime import date, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.accounts import alerts, factors, wording
from apps.accounts.models import Mandate, MandateRole, Organisation, Person, PortalSession, StaffRole
from apps.accounts.rules import CodeKind, code_kind, code_normalised, decide_role_grant
from apps.accounts.selectors import factor_of, person_by_email, session_mark
from apps.accounts.throttling import Counter, attempt_begin, attempt_forgiven, attempt_succeeded
from apps.accounts.wording import ANY_CODE
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.happenings import happened
from apps.core.rules import Refused, Role

log = structlog.get_logger(__name__)
ZONE_ACTOR = f"system:{settings.ZONE}"
MANY_ATTEMPTS, LONG_ABSENCE = 3, timedelta(days=180)


def password_check(*, email: str, password: str, address: str) -> Person:
    """The active person with this e-mail and password.

    Raises RefusedError with one sentence for every failure, and TooManyAttempts. An unknown account costs the same
    statements and the same password hash as a known one.
    """
    account, source, everybody = Counter.for_account(email), Counter.for_address(address), Counter.for_everybody()
    attempts = attempt_begin(account, source, everybody)
    known = person_by_email(email)
    accepted = authenticate(username=email, password=password)
    with transaction.atomic():
        if accepted is not None:
            attempt_succeeded(account)
            attempt_forgiven(source)
            attempt_forgiven(everybody)
        action = "session.password_accepted" if accepted else "session.password_refused"
        _event(action, str(known.pk) if known else "unknown")
        if isinstance(accepted, Person):
            _suspect(accepted, attempts)
    if not isinstance(accepted, Person):
        raise RefusedError((wording.WRONG_PASSWORD,))
    return accepted


def _suspect(person: Person, attempts: int) -> None:
    """Have the person told of a first step of sign-in that may not be theirs."""
    if attempts > MANY_ATTEMPTS:
        alerts.suspicion_alert(person, alerts.AFTER_FAILURES)
    if person.last_login and timezone.now() - person.last_login > LONG_ABSENCE:
        alerts.suspicion_alert(person, alerts.AFTER_LONG)


def second_factor_verify(
    *, person: Person, code: str, purpose: str, field: str = "code", kinds: frozenset[CodeKind] = ANY_CODE
) -> CodeKind:
    """Spend a code of the person's second factor. `purpose` goes to the audit log ("sign_in", "decision"…).

    Raises RefusedError for the form field `field`, TooManyAttempts while throttled, and RuntimeError inside a
    transaction: the count of failures must not go away with the caller's roll-back.
    """
    if code_kind(code_normalised(code)) not in kinds:
        raise RefusedError((wording.code_shape(kinds),), field=field)
    counter, everybody = Counter.for_factor(person.pk), Counter.for_everybody()
    attempts = attempt_begin(counter, everybody, field=field)
    with transaction.atomic():
        device = factor_of(person)
        kind = factors.code_accept(device, code, kinds) if device else None
        if kind:
            attempt_succeeded(counter)
            attempt_forgiven(everybody)
        action = "second_factor.accepted" if kind else "second_factor.refused"
        _event(action, str(person.pk), actor=person, purpose=purpose, kind=kind or "")
        if kind is None and attempts > MANY_ATTEMPTS:
            alerts.suspicion_alert(person, alerts.HALF_WAY)
    if kind is None:
        raise RefusedError((wording.WRONG_CODE,), field=field)
    return kind


def sessions_end(*, person: Person, except_key: str | None) -> int:
    """End the person's sessions but one, at once and on the server. Gives how many ended."""
    with transaction.atomic():
        others = PortalSession.objects.filter(person=person).exclude(session_key=except_key)
        ended, _rows = others.delete()
        if ended:
            _event("session.others_ended", str(person.pk), actor=person, ended=ended)
    return ended


def identity_accepted(*, person: Person) -> None:
    """Tell the audit log that the identity provider vouched for the person: the first step of sign-in."""
    with transaction.atomic():
        _event("session.identity_accepted", str(person.pk))
        _suspect(person, attempts=1)


def session_end(*, person: Person, mark: str) -> bool:
    """End the one session of the person's that has this mark, at once. False when it had ended already."""
    keys = PortalSession.objects.filter(person=person).values_list("session_key", flat=True)
    found = next((key for key in keys if session_mark(key) == mark), None)
    with transaction.atomic():
        ended = bool(found and PortalSession.objects.filter(session_key=found).delete()[0])
        if ended:
            _event("session.others_ended", str(person.pk), actor=person, ended=1)
    return ended


def session_opened(*, person: Person, kind: str) -> None:
    """Tell the audit log that both factors were right; `kind` is the second one's: "totp", "recovery" or "passkey"."""
    with transaction.atomic():
        _event("session.opened", str(person.pk), actor=person, kind=kind)


def session_closed(*, person: Person, reason: str) -> None:
    """Tell the audit log that a session ended: "signed_out", "idle" or "absolute"."""
    with transaction.atomic():
        _event("session.closed", str(person.pk), actor=person, reason=reason)


def language_choose(*, person: Person, language: str) -> None:
    """Remember the person's language for their next visits and their messages."""
    Person.objects.filter(pk=person.pk).update(language=language)


def mandate_give(
    *,
    person: Person,
    organisation: Organisation,
    starts_on: date,
    ends_on: date | None = None,
    role: str = MandateRole.MEMBER,
    may_sign: bool = False,
    by: Person | None,
) -> Mandate:
    """Let the person act for the organisation between two days, and sign for it if `may_sign`, as signatories always
    do. `by` None: the installation itself. Raises RefusedError when somebody would give it to themselves.
    """
    _refuse_own(by, person)
    signs = may_sign or role == MandateRole.SIGNATORY
    with transaction.atomic():
        mandate = Mandate.objects.create(
            person=person,
            organisation=organisation,
            role=role,
            may_sign=signs,
            starts_on=starts_on,
            ends_on=ends_on,
            given_by=by,
        )
        data = {"organisation": str(organisation.pk), "role": str(role), "may_sign": signs}
        _event("mandate.given", str(person.pk), actor=by, **data)
    return mandate


def mandate_end(*, mandate: Mandate, by: Person | None) -> None:
    """End a mandate now: the very next request goes without it. Raises ChangedMeanwhile when it had ended."""
    with transaction.atomic():
        _row_end(Mandate, mandate.pk)
        _event("mandate.ended", str(mandate.person_id), actor=by, organisation=str(mandate.organisation_id))
        happened("access.narrowed", subject_id=str(mandate.person_id), by=str(by.pk) if by else ZONE_ACTOR)


def _row_end(model: type[Mandate | StaffRole], pk: int) -> None:
    """End a row that holds today, or is still to come. Raises ChangedMeanwhile when it had ended."""
    today = timezone.localdate()
    lasting = model.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), pk=pk)
    # What begins today has no earlier day to end on: its row goes, its events stay.
    not_begun = lasting.filter(starts_on__gte=today).delete()[0]
    if not not_begun and not lasting.update(ends_on=today - timedelta(days=1)):
        raise ChangedMeanwhile


def _refuse_own(giver: Person | None, receiver: Person) -> None:
    decision = decide_role_grant(giver_id=str(giver.pk) if giver else "", receiver_id=str(receiver.pk))
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)


def staff_role_give(
    *, person: Person, role: Role, starts_on: date, ends_on: date | None = None, by: Person | None
) -> StaffRole:
    """Give a staff role between two days. Raises RefusedError when somebody would give it to themselves."""
    _refuse_own(by, person)
    with transaction.atomic():
        row = StaffRole.objects.create(
            person=person, role=role.value, starts_on=starts_on, ends_on=ends_on, given_by=by
        )
        _event("staff_role.given", str(person.pk), actor=by, role=role.value)
    return row


def staff_role_end(*, staff_role: StaffRole, by: Person | None) -> None:
    """Take a staff role away now: the very next request goes without it. Raises ChangedMeanwhile when it had ended."""
    with transaction.atomic():
        _row_end(StaffRole, staff_role.pk)
        _event("staff_role.ended", str(staff_role.person_id), actor=by, role=staff_role.role)


def event_about(action: str, person: Person, *, by: Person | None = None, **data: Any) -> None:
    """Record what was done to somebody's account; without `by`, the portal itself tells."""
    _event(action, str(person.pk), actor=by, **data)


def event_of_person(action: str, person: Person, **data: Any) -> None:
    """Record what the person did to their own account."""
    _event(action, str(person.pk), actor=person, **data)


def _event(action: str, person_id: str, *, actor: Person | None = None, **data: Any) -> None:
    """An event about a person; without a proven actor the portal itself is the one who tells."""
    event_record(
        action=action,
        actor=str(actor.pk) if actor else ZONE_ACTOR,
        object_kind="person",
        object_id=person_id,
        data=data,
    )
    alerts.change_alert(person_id, action)
    log.info(action, person=person_id)
