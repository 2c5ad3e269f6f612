"""Submitting a dossier, or taking it back."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import authorised, canonical, composition, rules, selectors, wording
from apps.applications.models import Application, Submission
from apps.applications.rules import Missing
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed, state_change
from apps.core.errors import RefusedError
from apps.core.rules import Reason, Refused


class Incomplete(RefusedError):
    """The dossier lacks something; carries everything it lacks."""

    status = 422

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        super().__init__((wording.REASONS["incomplete"],))
        self.missing = missing


def application_submit(*, application: Application, seen_version: int, by: Person) -> Submission:
    """Submit the dossier as it is, and keep it as submitted. A double click submits once.

    Raises Incomplete with all that is missing, RefusedError when the person or the state does not allow it,
    ChangedMeanwhile when somebody else moved the dossier.
    """
    with transaction.atomic():
        locked = application_locked(application)
        done = _already_submitted(locked, seen_version, by)
        if done:
            return done
        facts = selectors.submission_facts(locked, by, selectors.contents_of(locked))
        decision = rules.decide("application.submit", facts)
        if decision == Refused((Reason("incomplete"),)):
            raise Incomplete(facts.missing)
        refuse_unless_allowed("application.submit", facts)
        return _submission_create(locked, seen_version, by)


def _already_submitted(application: Application, seen_version: int, by: Person) -> Submission | None:
    if application.state != rules.Status.SUBMITTED or application.version != seen_version + 1:
        return None
    return Submission.objects.filter(application=application, round=application.round, by=by).first()


def _submission_create(application: Application, seen_version: int, by: Person) -> Submission:
    now = timezone.now()
    snapshot = selectors.snapshot_of(application)
    content_hash = canonical.sha256_of(snapshot)
    definition_hash = composition.definition(snapshot["pages"]).hash
    stands = authorised.stages_standing(application, snapshot) if application.amends_id else application.stages_done
    moved = state_change(
        "application.submit",
        application,
        seen_version=seen_version,
        by=by,
        round=F("round") + 1,
        submitted_at=now,
        content_hash=content_hash,
        definition_hash=definition_hash,
        policy_version=selectors.policy_of(application).version,
        stages_done=stands,
    )
    submission = Submission.objects.create(
        application=moved,
        round=moved.round,
        content=snapshot,
        content_hash=content_hash,
        definition_hash=definition_hash,
        by=by,
        at=now,
    )
    record(
        "application.submitted",
        moved,
        by,
        {"round": moved.round, "content_hash": content_hash, "definition_hash": definition_hash},
    )
    return submission


def application_withdraw(*, application: Application, seen_version: int, by: Person) -> Application:
    """End the dossier at its team's wish. Raises RefusedError or ChangedMeanwhile."""
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.withdraw", selectors.team_facts(locked, by))
        moved = state_change("application.withdraw", locked, seen_version=seen_version, by=by)
        record("application.withdrawn", moved, by, {"round": moved.round})
        return moved
