"""What moves a dossier from stage to stage: each writes the outcome of the stage it ends, in one transaction.

The stages that follow are those of the dossier's path, by the rules it was submitted under.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import selectors, workflow
from apps.applications.models import Application, Obligation, StageOutcome
from apps.applications.rules import Outcome, Status
from apps.applications.services.documents import authority_document_keep
from apps.applications.services.guarding import (
    application_locked,
    record,
    refuse_step_unless_allowed,
    refuse_unless_allowed,
    state_change,
)
from apps.core.errors import Message, RefusedError
from apps.core.happenings import happened

OWES_REASONS = frozenset({Outcome.FAVOURABLE_WITH_RECOMMENDATIONS, Outcome.RESERVED, Outcome.UNFAVOURABLE})
EVENTS = {
    "application.accept": "application.accepted",
    "application.opinion_transcribe": "application.opinion_recorded",
    "committee.opinion": "application.opinion_recorded",
    "application.refer": "application.referred",
    "application.revise": "application.revised",
    "application.commit": "application.committed",
    "application.cnil_record": "application.cnil_recorded",
    "application.silence_confirm": "application.silence_confirmed",
}


@dataclass(frozen=True)
class Ending:
    """How a stage ends, and what is kept of it. The reference and the day are those of whoever decided."""

    outcome: Outcome
    express: bool | None = None
    reference: str = ""
    decided_on: date | None = None
    comment: str = ""


def application_accept(*, application: Application, seen_version: int, by: Person) -> Application:
    """Say that the file is complete: it goes on to the next stage of its path.

    Raises RefusedError (incomplete, conflict of interest, state), ChangedMeanwhile.
    """
    return stage_end("application.accept", application, Ending(Outcome.COMPLETE), seen_version=seen_version, by=by)


def opinion_record(
    *,
    application: Application,
    outcome: Outcome,
    express: bool,
    session_ref: str,
    by: Person,
    decided_on: date | None = None,
    recommendations: str = "",
    seen_version: int | None = None,
) -> Application:
    """Record the opinion that the committee's room has adopted; an adjourned one leaves the dossier before it.

    The caller has asked its own table whether `by` may. `express` False: by silence. Raises RefusedError (a silence
    where the path wants an express opinion, an opinion without session or without the reasons it owes, conflict of
    interest, state), ChangedMeanwhile.
    """
    ending = _opinion(outcome, express, session_ref, decided_on, recommendations)
    return stage_end("committee.opinion", application, ending, seen_version=seen_version, by=by)


def opinion_transcribe(
    *,
    application: Application,
    seen_version: int,
    outcome: Outcome,
    session_ref: str,
    decided_on: date,
    recommendations: str,
    by: Person,
) -> Application:
    """Record an express opinion that the committee gave on paper. Raises as `opinion_record`."""
    ending = _opinion(outcome, True, session_ref, decided_on, recommendations)
    return stage_end("application.opinion_transcribe", application, ending, seen_version=seen_version, by=by)


def _opinion(
    outcome: Outcome, express: bool, session_ref: str, decided_on: date | None, recommendations: str
) -> Ending:
    if outcome in OWES_REASONS and not recommendations.strip():
        raise RefusedError((_("Say what the committee recommends or objects to: the team reads it."),), field="comment")
    _refuse_unless_dated(session_ref, decided_on, _("Give the reference of the session."))
    return Ending(outcome, express, session_ref.strip(), decided_on or timezone.localdate(), recommendations.strip())


def application_refer(*, application: Application, seen_version: int, by: Person) -> Application:
    """The team refers its dossier to the authority, with the opinion it received. Raises RefusedError or
    ChangedMeanwhile.
    """
    ending = Ending(Outcome.REFERRED)
    return stage_end("application.refer", application, ending, seen_version=seen_version, by=by)


def application_revise(*, application: Application, seen_version: int, by: Person) -> Application:
    """The team takes its dossier back to amend it on the points raised; every page opens again. Raises RefusedError or
    ChangedMeanwhile.
    """
    ending = Ending(Outcome.REVISED)
    return stage_end("application.revise", application, ending, seen_version=seen_version, by=by)


def commitment_declare(
    *, application: Application, seen_version: int, number: str, declared_on: date, by: Person
) -> Application:
    """The data controller declares that it conforms to the reference methodology, by the number of its commitment.

    Raises RefusedError (field "reference" or "decided_on"), ChangedMeanwhile.
    """
    _refuse_unless_dated(number, declared_on, _("Give the number of the commitment, as CNIL gave it."))
    ending = Ending(Outcome.DECLARED, None, number.strip(), declared_on)
    return stage_end("application.commit", application, ending, seen_version=seen_version, by=by)


@dataclass(frozen=True)
class AuthorityDecision:
    """What the authority decided, by its number and its day; each of the `conditions` becomes an obligation that is
    followed up.
    """

    outcome: Outcome
    reference: str
    decided_on: date
    comment: str = ""
    conditions: Sequence[str] = ()


def cnil_decision_record(
    *,
    application: Application,
    decision: AuthorityDecision,
    by: Person,
    document: tuple[str, bytes] | None = None,
    seen_version: int | None = None,
) -> Application:
    """Record the authority's decision; `document` is the name and the bytes of its text.

    Raises RefusedError (field "reference", "decided_on", "comment", "conditions" or "document"), ChangedMeanwhile.
    """
    conditions = _checked_decision(decision)
    ending = Ending(decision.outcome, True, decision.reference.strip(), decision.decided_on, decision.comment.strip())
    with transaction.atomic():
        moved = stage_end("application.cnil_record", application, ending, seen_version=seen_version, by=by)
        outcome = StageOutcome.objects.filter(application=moved).latest("id")
        Obligation.objects.bulk_create(Obligation(application=moved, outcome=outcome, text=text) for text in conditions)
        if document:
            authority_document_keep(application=moved, name=document[0], data=document[1], by=by)
        return moved


def _checked_decision(decision: AuthorityDecision) -> list[str]:
    """The conditions of a decision that says all it must. Raises RefusedError."""
    _refuse_unless_dated(decision.reference, decision.decided_on, _("Give the number of the decision."))
    conditions = [text.strip() for text in decision.conditions if text.strip()]
    if decision.outcome is Outcome.AUTHORISED_WITH_CONDITIONS and not conditions:
        raise RefusedError((_("Write each condition on a line of its own."),), field="conditions")
    if decision.outcome in {Outcome.REFUSED, Outcome.CLOSED} and not decision.comment.strip():
        raise RefusedError((_("Say what the decision holds: the team reads it."),), field="comment")
    return conditions


def application_discontinue(*, application: Application, seen_version: int, reason: str, by: Person) -> Application:
    """Close a dossier whose team no longer answers, saying why. Raises RefusedError (field "reason"),
    ChangedMeanwhile.
    """
    if not reason.strip():
        raise RefusedError((_("Say why the dossier is closed: its team reads it."),), field="reason")
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.discontinue", selectors.stage_facts(locked, by))
        moved = state_change("application.discontinue", locked, seen_version=seen_version, by=by)
        record("application.discontinued", moved, by, {"round": moved.round, "from": locked.status})
        outcome_keep(locked, Ending(Outcome.CLOSED, comment=reason.strip()), by)
        return moved


def agreement_signed(*, application: Application, by: Person) -> Application:
    """Every party has signed: what was approved is now granted. Called by the agreements, in their transaction or not.

    Raises RefusedError when no signature is awaited.
    """
    with transaction.atomic():
        locked = application_locked(application)
        if locked.state is not Status.AGREEMENT:
            raise RefusedError((_("This dossier awaits no signature."),))
        done = sorted({*locked.stages_done, workflow.STAGE_OF[Status.AGREEMENT].value})
        moved = state_change("agreement.signed", locked, seen_version=locked.version, by=by, stages_done=done)
        outcome_keep(locked, Ending(Outcome.SIGNED), by)
        record("application.signed", moved, by, {"round": moved.round})
        happened("application.approved", subject_id=str(moved.pk), by=str(by.pk))
        return moved


def stage_end(
    action: str,
    application: Application,
    ending: Ending,
    *,
    seen_version: int | None,
    by: Person,
) -> Application:
    """End the present stage and enter the one that follows by the path. `seen_version` None: as it is now."""
    with transaction.atomic():
        locked = application_locked(application)
        facts = selectors.stage_facts(locked, by, express=ending.express is not False)
        guard = refuse_step_unless_allowed if action == "committee.opinion" else refuse_unless_allowed
        guard(action, facts)
        path = selectors.path_of(locked)
        move = workflow.move(path, locked.state, ending.outcome, facts.done, express=ending.express is not False)
        moved = state_change(
            action,
            locked,
            seen_version=locked.version if seen_version is None else seen_version,
            by=by,
            target=move.status,
            stages_done=sorted(move.done),
            **({"decided_at": timezone.now()} if move.status is Status.REFUSED else {}),
        )
        outcome_keep(locked, ending, by)
        record(EVENTS[action], moved, by, _told(locked, ending))
        return moved


def outcome_keep(before: Application, ending: Ending, by: Person) -> StageOutcome:
    """Write how the stage ended in which the dossier was `before`."""
    stage = workflow.STAGE_OF.get(before.state)
    return StageOutcome.objects.create(
        application=before,
        round=before.round,
        stage=stage.value if stage else before.status,
        outcome=ending.outcome.value,
        express=ending.express,
        reference=ending.reference,
        decided_on=ending.decided_on,
        comment=ending.comment,
        by=by,
        at=timezone.now(),
    )


def _told(before: Application, ending: Ending) -> dict[str, Any]:
    """What the event says: no free text."""
    return {"round": before.round, "outcome": ending.outcome.value, "express": ending.express}


def _refuse_unless_dated(reference: str, decided_on: date | None, sentence: Message) -> None:
    if not reference.strip():
        raise RefusedError((sentence,), field="reference")
    if decided_on and decided_on > timezone.localdate():
        raise RefusedError((_("This day is still to come."),), field="decided_on")
