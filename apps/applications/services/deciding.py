"""A steward's answer to a submission: return, approve, refuse."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.applications import canonical, rules, selectors, workflow
from apps.applications.decision_record import decision_sign
from apps.applications.models import Application, Decision, ReturnReason, Submission
from apps.applications.policy import Stage
from apps.applications.rules import Outcome, Status
from apps.applications.services.guarding import (
    changed_meanwhile,
    record,
    refuse_unless_allowed,
    state_change,
)
from apps.applications.services.staging import Ending, outcome_keep
from apps.core.errors import RefusedError
from apps.core.happenings import happened

ENDING_OF = {
    "application.return": Outcome.INCOMPLETE,
    "application.approve": Outcome.APPROVED,
    "application.refuse": Outcome.REFUSED,
}
OUTCOME_OF = {
    "application.return": Decision.Outcome.RETURNED,
    "application.approve": Decision.Outcome.APPROVED,
    "application.refuse": Decision.Outcome.REFUSED,
}


def application_return(
    *, application: Application, seen_version: int, reasons: Mapping[str, str], by: Person
) -> Decision:
    """Give the dossier back to its team with a reason bound to each page to correct, or to a field ("page.field").

    Only these pages open again. Raises RefusedError (no reason, unknown page or field, conflict of interest, state),
    ChangedMeanwhile.
    """
    given = {about: text.strip() for about, text in reasons.items() if text.strip()}
    pages = {_page_of(about, application) for about in given}
    with transaction.atomic():
        decision = _decide("application.return", application, seen_version, by, returned=pages)
        for about, text in given.items():
            page, _dot, field = about.partition(".")
            ReturnReason.objects.create(decision=decision, page=page, field=field, text=text)
        record("application.returned", application, by, {"round": decision.round, "pages": sorted(pages)})
        return decision


def _page_of(about: str, application: Application) -> str:
    """The page that a reason is about; the whole where the form has no such field, for the rules to refuse."""
    page, _dot, field = about.partition(".")
    known = {one.key: {field.name for field in one.fields} for one in application.specification.pages}
    return page if not field or field in known.get(page, set()) else about


def application_approve(
    *, application: Application, seen_version: int, content_hash: str, code: str, comment: str, by: Person
) -> Decision:
    """Approve exactly what was read: `content_hash` is that of the page seen, `code` a fresh one-time code.

    The follow-ups (project, entitlement, extract, workspace) are written in the same transaction; if one fails, nothing
    was approved. Raises RefusedError (with field "otp_code" for the code), ChangedMeanwhile.
    """
    done = _already_decided("application.approve", application, seen_version, by)
    if done:
        return done
    _check_before_the_code("application.approve", application, seen_version, content_hash, by)
    _confirm("application.approve", application, content_hash, code, by)
    with transaction.atomic():
        decision = _decide("application.approve", application, seen_version, by, content_hash, comment)
        decision_sign(decision)
        record("application.approved", application, by, _hashes(decision))
        if decision.application.state is Status.APPROVED:
            happened("application.approved", subject_id=str(application.pk), by=str(by.pk))
        return decision


def application_refuse(
    *, application: Application, seen_version: int, content_hash: str, code: str, reason: str, by: Person
) -> Decision:
    """Refuse the dossier, saying why. Raises RefusedError (field "reason" or "otp_code"), ChangedMeanwhile."""
    if not reason.strip():
        raise RefusedError((_("Say why the dossier is refused: its team reads it."),), field="reason")
    done = _already_decided("application.refuse", application, seen_version, by)
    if done:
        return done
    _check_before_the_code("application.refuse", application, seen_version, content_hash, by)
    _confirm("application.refuse", application, content_hash, code, by)
    with transaction.atomic():
        decision = _decide("application.refuse", application, seen_version, by, content_hash, reason.strip())
        decision_sign(decision)
        record("application.refused", application, by, _hashes(decision))
        happened("application.refused", subject_id=str(application.pk), by=str(by.pk))
        return decision


def _confirm(action: str, application: Application, content_hash: str, code: str, by: Person) -> None:
    """The second factor for this decision on this content; spent with the decision, or worth nothing."""
    step_up_confirm(person=by, code=code, action=action, object_id=str(application.pk), content_hash=content_hash)


def _hashes(decision: Decision) -> dict[str, str | int]:
    return {
        "round": decision.round,
        "content_hash": decision.content_hash,
        "definition_hash": decision.definition_hash,
    }


def _already_decided(action: str, application: Application, seen_version: int, by: Person) -> Decision | None:
    """The decision this same click already made, so that a double click is one decision and not an error."""
    return Decision.objects.filter(
        application=application,
        application__version=seen_version + 1,
        application__status__in=rules.transition(action).targets,
        outcome=OUTCOME_OF[action],
        by=by,
    ).first()


def _check_before_the_code(
    action: str, application: Application, seen_version: int, content_hash: str, by: Person
) -> None:
    """Refuse early what can be refused, so that a one-time code is not spent for nothing."""
    present = Application.objects.get(pk=application.pk)
    if (present.version, present.content_hash) != (seen_version, content_hash):
        raise changed_meanwhile(application)
    refuse_unless_allowed(action, selectors.decision_facts(present, by, selectors.contents_of(present)))


def _decide(
    action: str,
    application: Application,
    seen_version: int,
    by: Person,
    content_hash: str | None = None,
    comment: str = "",
    returned: Iterable[str] = (),
) -> Decision:
    """Change the state, then judge the facts with the row held: whatever is refused here is rolled back."""
    before = Application.objects.get(pk=application.pk)
    if before.version != seen_version:
        raise changed_meanwhile(application)
    facts = selectors.decision_facts(before, by, selectors.contents_of(before), returned)
    refuse_unless_allowed(action, facts)
    moved = _moved(action, before, facts, seen_version, by)
    outcome_keep(before, Ending(ENDING_OF[action]), by)
    submission = Submission.objects.get(application=moved, round=moved.round)
    _check_untouched(moved, submission, content_hash)
    if content_hash is not None:
        step_up_spend(person=by, action=action, object_id=str(moved.pk), content_hash=submission.content_hash)
    return Decision.objects.create(
        application=moved,
        round=moved.round,
        outcome=OUTCOME_OF[action],
        by=by,
        at=moved.changed_at,
        content_hash=submission.content_hash,
        definition_hash=submission.definition_hash,
        comment=comment.strip(),
    )


def _moved(action: str, before: Application, facts: rules.Facts, seen_version: int, by: Person) -> Application:
    """The dossier in the state to which its path leads. A decision on a complete file says that it is complete."""
    done = facts.done
    status = before.state
    if action == "application.approve" and status is Status.SUBMITTED:
        done, status = done | {Stage.COMPLETENESS}, Status.DECISION
    move = workflow.move(selectors.path_of(before), status, ENDING_OF[action], done)
    dated = {} if action == "application.return" else {"decided_at": timezone.now()}
    return state_change(
        action,
        before,
        seen_version=seen_version,
        by=by,
        target=move.status,
        stages_done=sorted(move.done),
        **dated,
    )


def _check_untouched(application: Application, submission: Submission, content_hash: str | None) -> None:
    """What is decided on is what was read, and what lies in the database is what was submitted."""
    if content_hash not in (None, submission.content_hash):
        raise changed_meanwhile(application)
    if canonical.sha256_of(selectors.snapshot_of(application)) != submission.content_hash:
        raise RefusedError((_("The dossier differs from what was submitted: tell the operators."),))
