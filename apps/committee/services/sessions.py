"""Sessions of the committee: planned, prepared, opened, closed or cancelled."""

from collections.abc import Iterable
from datetime import date, time
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.committee import rules, selectors
from apps.committee.models import Attendance, File, Session
from apps.committee.services.guarding import record_session, session_move
from apps.committee.wording import REASONS
from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.rules import Refused, Role, decide_by_table


def session_create(*, held_on: date, starts_at: time, place: str, by: Person) -> Session:
    """Plan a session. Raises RefusedError for a day that is past."""
    _refuse_unless("committee.session_create", by, "")
    if held_on < timezone.localdate():
        raise RefusedError((_("Plan a session for today or later."),), field="held_on")
    with transaction.atomic():
        made = Session.objects.create(held_on=held_on, starts_at=starts_at, place=place, created_by=by)
        record_session("committee.session_planned", made, by, {"held_on": str(held_on)})
        return made


def session_prepare(
    *,
    session: Session,
    present: Iterable[UUID | str],
    chair_id: UUID | str | None,
    notes: str,
    seen_version: int,
    by: Person,
) -> Session:
    """Note who is present, who presides and what the minutes say besides the opinions, until the session is closed.

    Raises RefusedError when the chair is not present or somebody is no member, ChangedMeanwhile.
    """
    with transaction.atomic():
        held = _locked(session)
        _refuse_unless("committee.session_prepare", by, held.status)
        people = {UUID(str(person)) for person in present}
        known = {member.pk for member in selectors.members_on(timezone.localdate())}
        chair = UUID(str(chair_id)) if chair_id else None
        presided = chair in people if chair else held.status != rules.SessionStatus.OPEN
        if people - known or not presided:
            raise RefusedError((REASONS["no_chair"],), field="chair")
        changed = Session.objects.filter(pk=held.pk, version=seen_version).update(
            chair=chair, notes=notes.strip(), version=F("version") + 1
        )
        if not changed:
            raise ChangedMeanwhile
        Attendance.objects.filter(session=held).exclude(person__in=people).delete()
        arrived = people - selectors.present_in(held)
        Attendance.objects.bulk_create(Attendance(session=held, person_id=person) for person in arrived)
        record_session("committee.session_prepared", held, by, {"present": len(people)})
        return Session.objects.get(pk=held.pk)


def session_open(*, session: Session, seen_version: int, by: Person) -> Session:
    """Open the session: votes may begin. Raises RefusedError without a chair, ChangedMeanwhile."""
    with transaction.atomic():
        held = _locked(session)
        _refuse_unless("committee.session_open", by, held.status)
        if held.chair_id is None:
            raise RefusedError((REASONS["no_chair"],))
        moved = session_move("committee.session_open", held, seen_version=seen_version, opened_at=timezone.now())
        record_session("committee.session_opened", moved, by)
        return moved


def session_close(*, session: Session, seen_version: int, by: Person) -> Session:
    """Close the session. Files that were not voted on wait for another one. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        held = _locked(session)
        _refuse_unless("committee.session_close", by, held.status)
        files = File.objects.select_for_update(no_key=True, of=("self",)).filter(session=held)
        if files.filter(stage__in=[rules.Stage.VOTING, rules.Stage.COUNTED]).exists():
            raise RefusedError((REASONS["session_busy"],))
        moved = session_move("committee.session_close", held, seen_version=seen_version, closed_at=timezone.now())
        _put_back(held)
        record_session("committee.session_closed", moved, by)
        return moved


def session_cancel(*, session: Session, seen_version: int, by: Person) -> Session:
    """Cancel a session that was not opened: its files wait for another one. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        held = _locked(session)
        _refuse_unless("committee.session_cancel", by, held.status)
        moved = session_move("committee.session_cancel", held, seen_version=seen_version)
        _put_back(held)
        record_session("committee.session_cancelled", moved, by)
        return moved


def _put_back(session: Session) -> None:
    File.objects.filter(session=session, stage=rules.Stage.SCHEDULED).update(
        stage=rules.Stage.WAITING, session=None, position=0, version=F("version") + 1
    )


def _locked(session: Session) -> Session:
    return Session.objects.select_for_update(no_key=True).get(pk=session.pk)


def _refuse_unless(action: str, by: Person, status: str) -> None:
    decision = decide_by_table(rules.ACTIONS, action, {Role.PERSON, *by.staff_roles}, status)
    if isinstance(decision, Refused):
        raise refusal(decision, REASONS)
