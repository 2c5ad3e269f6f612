"""What every write of the committee shares: the rule, the row, the compare-and-swap, the event."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from apps.accounts.models import Person
from apps.audit.services import event_record
from apps.committee import rules
from apps.committee.models import Ballot, File, Session
from apps.committee.wording import REASONS
from apps.core.errors import ChangedMeanwhile, refusal
from apps.core.rules import Refused


def refuse_unless_allowed(action: str, facts: rules.Facts) -> None:
    """Raise RefusedError with every reason when the rules say no."""
    decision = rules.decide(action, facts)
    if isinstance(decision, Refused):
        raise refusal(decision, REASONS)


def file_locked(file: File) -> File:
    """The file as it is now, its row held until the end of the transaction."""
    held = File.objects.select_for_update(no_key=True, of=("self",))
    return held.select_related("application", "session").get(pk=file.pk)


def file_move(action: str, file: File, *, seen_version: int, **values: Any) -> File:
    """Move the file along the arrow of `action` if it is still as it was seen. Raises ChangedMeanwhile."""
    arrow = rules.transition(action)
    moved = File.objects.filter(pk=file.pk, version=seen_version, stage__in=arrow.sources).update(
        stage=arrow.target, version=F("version") + 1, **values
    )
    if not moved:
        raise ChangedMeanwhile
    return File.objects.select_related("application", "session").get(pk=file.pk)


def session_move(action: str, session: Session, *, seen_version: int, **values: Any) -> Session:
    """Move the session along the arrow of `action` if it is still as it was seen. Raises ChangedMeanwhile."""
    arrow = rules.transition(action)
    moved = Session.objects.filter(pk=session.pk, version=seen_version, status__in=arrow.sources).update(
        status=arrow.target, version=F("version") + 1, **values
    )
    if not moved:
        raise ChangedMeanwhile
    return Session.objects.get(pk=session.pk)


def ballots_void(ballots: "QuerySet[Ballot]", reason: Ballot.Void) -> int:
    """End these ballots: they count no longer, their trace stays. Gives how many ended."""
    return ballots.filter(voided_at=None).update(voided_at=timezone.now(), void_reason=reason)


def record(action: str, file: File, by: str, data: Mapping[str, Any] | None = None) -> None:
    """Write the event of a change of this file, on the timeline of its dossier."""
    event_record(
        action=action,
        actor=by,
        object_kind="committee_file",
        object_id=str(file.pk),
        dossier_id=str(file.application_id),
        data=data,
    )


def record_session(action: str, session: Session, by: Person, data: Mapping[str, Any] | None = None) -> None:
    """Write the event of a change of this session."""
    event_record(action=action, actor=str(by.pk), object_kind="committee_session", object_id=str(session.pk), data=data)
