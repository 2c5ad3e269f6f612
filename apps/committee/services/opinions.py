"""The committee's opinion: what the vote says, in writing, with its recommendations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.applications.rules import Outcome as ApplicationOutcome
from apps.applications.services import opinion_record
from apps.committee import rules, selectors
from apps.committee.models import Ballot, File, Opinion, Recommendation
from apps.committee.services.guarding import ballots_void, file_locked, file_move, record, refuse_unless_allowed
from apps.core.errors import ChangedMeanwhile, RefusedError

ACTION = "committee.opinion_record"


def opinion_give(
    *, file: File, seen_version: int, content_hash: str, said: rules.Said, code: str, by: Person
) -> Opinion:
    """Record the express opinion on exactly the content that was voted on, and tell the procedure.

    A double click records once. Raises RefusedError (with field "otp_code" for the code, "text_fr" for a missing text),
    ChangedMeanwhile.
    """
    done = Opinion.objects.filter(file=file, by=by, outcome=said.outcome, file__version=seen_version + 1).first()
    if done:
        return done
    if not said.text_fr.strip():
        raise RefusedError((_("Write the opinion: its team and the CNIL read it."),), field="text_fr")
    _check_before_the_code(file, seen_version, content_hash, said, by)
    step_up_confirm(person=by, code=code, action=ACTION, object_id=str(file.pk), content_hash=content_hash)
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed(ACTION, _facts(locked, said, by))
        votes = selectors.votes_of(selectors.ballots_of(locked))
        moved = file_move(ACTION, locked, seen_version=seen_version, ended_at=timezone.now())
        step_up_spend(person=by, action=ACTION, object_id=str(file.pk), content_hash=moved.content_hash)
        # An adjournment without a vote leaves reports unanswered: nobody waits for them any more.
        ballots_void(Ballot.objects.filter(file=locked, answered_at=None), Ballot.Void.LEFT)
        opinion = _opinion_create(moved, said, votes, by)
        _tell_the_procedure(opinion, said.recommendations, by)
        record(
            "committee.opinion_recorded",
            moved,
            str(by.pk),
            {"outcome": opinion.outcome, "content_hash": moved.content_hash},
        )
        return opinion


def _tell_the_procedure(opinion: Opinion, recommendations: Sequence[Mapping[str, str]], by: Person) -> None:
    """The dossier goes on by its path; one that was adjourned comes back before the committee as another file."""
    session = opinion.file.session
    opinion_record(
        application=opinion.file.application,
        outcome=ApplicationOutcome(opinion.outcome),
        express=True,
        session_ref=f"CESREES {session.held_on.isoformat()}" if session else "",
        recommendations="\n".join([opinion.text_fr, *(f"- {one['text']}" for one in recommendations)]),
        by=by,
    )


def _check_before_the_code(file: File, seen_version: int, content_hash: str, said: rules.Said, by: Person) -> None:
    """Refuse early what can be refused, so that a one-time code is not spent for nothing."""
    present = File.objects.select_related("application", "session").get(pk=file.pk)
    if (present.version, present.content_hash) != (seen_version, content_hash):
        raise ChangedMeanwhile
    refuse_unless_allowed(ACTION, _facts(present, said, by))


def _facts(file: File, said: rules.Said, by: Person) -> rules.Facts:
    return replace(selectors.file_facts(file, by), outcome=said.outcome, recommendations=len(said.recommendations))


def _opinion_create(file: File, said: rules.Said, votes: Mapping[str, rules.Outcome], by: Person) -> Opinion:
    opinion = Opinion.objects.create(
        file=file,
        content_hash=file.content_hash,
        outcome=said.outcome.value,
        text_fr=said.text_fr.strip(),
        text_en=said.text_en.strip(),
        tally={str(voted): count for voted, count in rules.tally(votes.values()).items()},
        by=by,
        at=timezone.now(),
    )
    Recommendation.objects.bulk_create(
        Recommendation(opinion=opinion, position=place, topic=one["topic"], text=one["text"].strip())
        for place, one in enumerate(said.recommendations, 1)
    )
    return opinion
