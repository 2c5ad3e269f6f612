"""Ending a project: its team closes it with results, a steward withdraws its authorisation after a misuse."""

from dataclasses import dataclass, replace

from django.db import transaction

from apps.accounts.models import Person
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.applications.authorised import under_way
from apps.applications.models import Application
from apps.applications.selectors import conflicts_of, team_ids
from apps.applications.services import Excluded, exclusions_make, notices_give
from apps.core.errors import RefusedError, refusal
from apps.core.rules import Decision, Refused
from apps.directory.selectors import entry_of
from apps.projects.models import Project
from apps.projects.rules import EndingFacts, decide_close, decide_revoke
from apps.projects.selectors import roles_for
from apps.projects.services import End, project_end
from apps.projects.wording import REFUSALS

REVOKE = "project.revoke"


def closing_facts(project: Project, person: Person, *, explains: bool = False) -> EndingFacts:
    """What closing the project depends on. Four queries."""
    entry = entry_of(project.application_id).first()
    return EndingFacts(
        status=project.status,
        roles=roles_for(person, project),
        is_published=entry is not None,
        has_results=entry is not None and entry.results_at is not None,
        explains=explains,
        amendment_under_way=under_way(project.application) is not None,
    )


def revoking_facts(project: Project, person: Person) -> EndingFacts:
    """What withdrawing the authorisation depends on. Three queries."""
    conflicts = conflicts_of(person, project.application)
    return EndingFacts(status=project.status, roles=roles_for(person, project), takes_part=bool(conflicts))


def refuse_who_takes_part(project: Project, person: Person) -> None:
    """Raise RefusedError for a steward who has a part in the project: another one judges it."""
    if revoking_facts(project, person).takes_part:
        raise RefusedError((REFUSALS["own_project"],))


def project_close(*, project: Project, end: End, by: Person) -> None:
    """Close the project at its team's wish; `end.told` says what became of it, or why there are no results.

    Raises RefusedError (not the principal investigator, no results and no reason, an amendment under way),
    ChangedMeanwhile when it is over already.
    """
    with transaction.atomic():
        held = _held(project)
        facts = closing_facts(held, by, explains=bool(end.told.strip()))
        _refuse_unless(decide_close(facts), told="no_results")
        project_end(project=held, end=replace(end, told=end.told.strip()), by=str(by.pk))
        _tell_team(held, "closed", by)


@dataclass(frozen=True)
class Revocation:
    """A misuse in words, and who files nothing until when because of it."""

    excluded: Excluded
    code: str


def project_revoke(*, project: Project, revocation: Revocation, by: Person) -> None:
    """Withdraw the authorisation of a project: access is cut now, and those responsible are excluded for a time.

    Raises RefusedError (field "otp_code", "until_on" or "reason"; a part in the project), ChangedMeanwhile.
    """
    _refuse_unless(decide_revoke(revoking_facts(project, by)))
    seen = project.entitlement.definition_hash
    step_up_confirm(person=by, code=revocation.code, action=REVOKE, object_id=str(project.pk), content_hash=seen)
    with transaction.atomic():
        held = _held(project)
        _refuse_unless(decide_revoke(revoking_facts(held, by)))
        project_end(project=held, end=End(Project.Ending.REVOKED, revocation.excluded.reason.strip()), by=str(by.pk))
        exclusions_make(application=held.application, excluded=revocation.excluded, by=by)
        step_up_spend(person=by, action=REVOKE, object_id=str(project.pk), content_hash=seen)
        _tell_team(held, "revoked", by)


def _held(project: Project) -> Project:
    """The project as it is now, its row held. The first dossier's comes with it."""
    return (
        Project.objects.select_for_update(of=("self",)).select_related("application", "entitlement").get(pk=project.pk)
    )


def _refuse_unless(decision: Decision, *, told: str = "") -> None:
    """Raise RefusedError with every reason; `told` is the one that the field "told" of the form answers."""
    if not isinstance(decision, Refused):
        return
    error = refusal(decision, REFUSALS)
    only = {reason.code for reason in decision.reasons}
    raise RefusedError(error.messages, field="told") if only == {told} else error


def _tell_team(project: Project, kind: str, by: Person) -> None:
    application: Application = project.application
    notices_give(application=application, people=team_ids(application) - {by.pk}, kind=kind, data={})
