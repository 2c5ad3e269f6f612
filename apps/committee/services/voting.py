"""A file goes on the agenda of a session, is voted on, and the vote is closed."""

from dataclasses import replace

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from apps.accounts.models import Person
from apps.committee import rules, selectors
from apps.committee.models import Ballot, File, Session
from apps.committee.services.guarding import ballots_void, file_locked, file_move, record, refuse_unless_allowed


def schedule(*, file: File, session: Session, seen_version: int, by: Person) -> File:
    """Put a file at the end of the agenda of a session. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        locked = file_locked(file)
        held = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
        facts = replace(selectors.file_facts(locked, by), session=rules.SessionStatus(held.status))
        refuse_unless_allowed("committee.schedule", facts)
        last = File.objects.filter(session=held).aggregate(last=Max("position"))["last"] or 0
        moved = file_move("committee.schedule", locked, seen_version=seen_version, session=held, position=last + 1)
        record("committee.scheduled", moved, str(by.pk), {"session": str(held.pk), "held_on": str(held.held_on)})
        return moved


def unschedule(*, file: File, seen_version: int, by: Person) -> File:
    """Take a file off the agenda. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed("committee.unschedule", selectors.file_facts(locked, by))
        moved = file_move("committee.unschedule", locked, seen_version=seen_version, session=None, position=0)
        record("committee.unscheduled", moved, str(by.pk))
        return moved


def vote_open(*, file: File, seen_version: int, by: Person) -> File:
    """Ask every member present in the session who may vote on the file. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed("committee.vote_open", selectors.file_facts(locked, by))
        present = selectors.present_in(locked.session)
        voters = [person for person in selectors.members_independent_of(locked.application) if person.pk in present]
        now = timezone.now()
        Ballot.objects.bulk_create(
            Ballot(
                file=locked,
                kind=Ballot.Kind.VOTE,
                person=voter,
                content_hash=locked.content_hash,
                asked_by=by,
                asked_at=now,
            )
            for voter in voters
        )
        moved = file_move("committee.vote_open", locked, seen_version=seen_version)
        record("committee.vote_opened", moved, str(by.pk), {"voters": len(voters)})
        return moved


def vote_close(*, file: File, seen_version: int, by: Person) -> File:
    """Close the vote: what was not answered by now is void, what was is seen. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed("committee.vote_close", selectors.file_facts(locked, by))
        votes = Ballot.objects.filter(file=locked, kind=Ballot.Kind.VOTE)
        unanswered = ballots_void(votes.filter(answered_at=None), Ballot.Void.UNANSWERED)
        moved = file_move("committee.vote_close", locked, seen_version=seen_version)
        given = votes.filter(voided_at=None).count()
        record("committee.vote_closed", moved, str(by.pk), {"given": given, "unanswered": unanswered})
        return moved
