"""The pages on which a project ends."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.forms import offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.rules import Act
from apps.applications.field_rules import years_after
from apps.applications.policy import policy_on
from apps.applications.selectors import gather
from apps.applications.services import Excluded
from apps.applications.wording import said
from apps.audit.reading import event_read
from apps.core.actions import declares
from apps.core.errors import RefusedError, reason_sentence
from apps.core.rules import Decision, Refused
from apps.directory.selectors import entry_of
from apps.fulfilment import ending
from apps.fulfilment.forms import CloseForm, RevokeForm
from apps.projects.models import Project
from apps.projects.rules import decide_close, decide_revoke
from apps.projects.selectors import projects_of, projects_visible_to
from apps.projects.services import End
from apps.projects.wording import REFUSALS


@declares("project.close")
def close(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Close the project, with its results or the reason why there are none."""
    person = person_of(request)
    project = get_object_or_404(projects_of(person).select_related("application"), pk=project_id)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        end = End(Project.Ending(form.cleaned_data["ending"]), form.cleaned_data["told"])
        try:
            ending.project_close(project=project, end=end, by=person)
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The project is closed. Results may still be published."))
            return redirect("fulfilment:project", project.pk)
    facts = ending.closing_facts(project, person, explains=True)
    event_read(
        request,
        action="project.closing_read",
        object_kind="project",
        object_id=project.pk,
        dossier_id=project.application_id,
    )
    context = {
        "project": project,
        "form": form,
        "facts": facts,
        "entry": entry_of(project.application_id).first(),
        "obstacles": _sentences(decide_close(facts)),
    }
    return render(request, "fulfilment/close.html", context, status=422 if form.errors else 200)


def _sentences(decision: Decision) -> list[object]:
    reasons = decision.reasons if isinstance(decision, Refused) else ()
    return [reason_sentence(reason, REFUSALS) for reason in reasons]


@declares("project.revoke")
def revoke(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Withdraw the authorisation after a misuse."""
    person = person_of(request)
    project = get_object_or_404(projects_visible_to(person), pk=project_id)
    gather(project.application)
    ending.refuse_who_takes_part(project, person)
    form = _revoke_form(request, project)
    if form.is_valid():
        typed = form.cleaned_data
        excluded = Excluded(
            people=[UUID(one) for one in typed["people"]],
            organisations=[UUID(one) for one in typed["organisations"]],
            until_on=typed["until_on"],
            reason=typed["reason"],
        )
        try:
            ending.project_revoke(project=project, revocation=ending.Revocation(excluded, typed["otp_code"]), by=person)
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The authorisation is withdrawn; access was cut."))
            return redirect("fulfilment:project", project.pk)
    return _revoke_shown(request, project, form)


def _revoke_form(request: HttpRequest, project: Project) -> RevokeForm:
    team = list(project.application.members.all())
    organisations = {str(member.organisation_id): member.organisation.name for member in team}
    organisations |= {str(project.application.organisation_id): project.application.organisation.name}
    people = [(str(member.person_id), member.person.full_name) for member in team]
    form = RevokeForm(people, organisations.items(), request.POST if request.method == "POST" else None)
    act = Act(ending.REVOKE, str(project.pk), project.entitlement.definition_hash)
    offer_passkey(form, person_of(request), act)
    return form


def _revoke_shown(request: HttpRequest, project: Project, form: RevokeForm) -> HttpResponse:
    event_read(
        request,
        action="project.revocation_read",
        object_kind="project",
        object_id=project.pk,
        dossier_id=project.application_id,
    )
    today = timezone.localdate()
    rule = policy_on(today).exclusion
    context = {
        "project": project,
        "form": form,
        "obstacles": _sentences(decide_revoke(ending.revoking_facts(project, person_of(request)))),
        "latest": years_after(today, rule.longest_years),
        "legal": said(rule.legal),
    }
    return render(request, "fulfilment/revoke.html", context, status=422 if form.errors else 200)
