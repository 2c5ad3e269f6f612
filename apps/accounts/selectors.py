"""Reading people, their organisations and their sessions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Case, QuerySet, When
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts.models import (
    Mandate,
    Organisation,
    Person,
    PortalSession,
    RecoveryCode,
    StaffRole,
    TotpDevice,
    email_normalised,
)
from apps.accounts.recovery_models import AccountRecovery
from apps.accounts.rules import RECOVERY_ACTIVE
from apps.accounts.sealing import keyed_digest


def person_by_email(email: str) -> Person | None:
    """The person with this e-mail address, whatever its capitals; None when there is none."""
    return Person.objects.filter(email=email_normalised(email)).first()


def organisations_of(person: Person, today: date) -> QuerySet[Organisation]:
    """The organisations for which the person may act on this day, by name; one query."""
    mandates = Mandate.objects.current(today).filter(person=person)
    return Organisation.objects.filter(pk__in=mandates.values("organisation_id"))


def mandates_of(person: Person, today: date) -> QuerySet[Mandate]:
    """The person's mandates that hold on this day, with their organisations; one query."""
    current = Mandate.objects.current(today).filter(person=person)
    return current.select_related("organisation").order_by("organisation__name")


def factor_of(person: Person) -> TotpDevice | None:
    """The person's confirmed authenticator application, None before enrolment."""
    return TotpDevice.objects.filter(user=person, confirmed=True).first()


def passkeys_of(person: Person) -> "QuerySet[WebAuthnCredential]":
    """The person's passkeys, the newest first."""
    found: QuerySet[WebAuthnCredential] = WebAuthnCredential.objects.filter(user=person, confirmed=True)
    return found.order_by("-created_at", "-pk")


def recoveries() -> QuerySet[AccountRecovery]:
    """The recoveries of accounts, those under way first, then the last asked for; with their people, one query."""
    waiting = Case(When(status__in=sorted(RECOVERY_ACTIVE), then=0), default=1)
    found = AccountRecovery.objects.select_related("person", "first_by", "second_by")
    return found.order_by(waiting, "-asked_at")


def staff_role_rows() -> QuerySet[StaffRole]:
    """Every role on the platform that was given, by person; with those who hold and gave them, one query."""
    rows = StaffRole.objects.select_related("person", "given_by")
    return rows.order_by("person__family_name", "person__given_name", "-starts_on", "pk")


def recovery_codes_left(person: Person) -> int:
    """How many recovery codes the person has not used yet."""
    return RecoveryCode.objects.filter(device__user=person, used_at=None).count()


@dataclass(frozen=True)
class SessionLine:
    """One open session as its owner sees it. `verified`: the second factor was given."""

    started_at: datetime | None
    seen_at: datetime | None
    browser: str
    verified: bool
    is_this_one: bool
    mark: str


def sessions_of(person: Person, this_key: str | None) -> list[SessionLine]:
    """The person's open sessions, the present one first, then the latest used; one query."""
    rows = PortalSession.objects.filter(person=person, expire_date__gt=timezone.now())
    lines = [_session_line(row, this_key) for row in rows]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(lines, key=lambda line: (line.is_this_one, line.seen_at or oldest), reverse=True)


def _session_line(row: PortalSession, this_key: str | None) -> SessionLine:
    data = row.get_decoded()
    return SessionLine(
        started_at=_moment(data.get("started_at")),
        seen_at=_moment(data.get("seen_at")),
        browser=data.get("browser", ""),
        verified=DEVICE_ID_SESSION_KEY in data,
        is_this_one=row.session_key == this_key,
        mark=session_mark(row.session_key),
    )


def session_mark(session_key: str) -> str:
    """A name for a session that its owner's page may hold: it tells sessions apart and opens none."""
    return keyed_digest(session_key, purpose="session")[:16]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
