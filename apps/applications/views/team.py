"""The team of a dossier."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import selectors, services
from apps.applications.forms import InvestigatorForm, MemberForm
from apps.applications.views.editing import page_shown
from apps.applications.views.shared import mine_or_404
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("application.member_add")
def member_add(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Add a person to the team."""
    application = mine_or_404(request, application_id)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            services.member_add(application=application, email=form.cleaned_data["email"], by=person_of(request))
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The person was added to the team."))
            return redirect("applications:page", application.pk, "team")
    return page_shown(request, application, "team", status=422, member_form=form)


@declares("application.member_remove")
def member_remove(request: HttpRequest, application_id: UUID, person_id: UUID) -> HttpResponse:
    """Take a person off the team."""
    application = mine_or_404(request, application_id)
    services.member_remove(application=application, person_id=str(person_id), by=person_of(request))
    messages.success(request, _("The person was taken off the team."))
    return redirect("applications:page", application.pk, "team")


@declares("application.investigator_name")
def investigator_name(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Hand the dossier over to another person of the team."""
    application = mine_or_404(request, application_id)
    form = InvestigatorForm(selectors.team_of(application), request.POST)
    if not form.is_valid():
        return page_shown(request, application, "team", status=422, investigator_form=form)
    services.investigator_name(application=application, person_id=form.cleaned_data["person"], by=person_of(request))
    messages.success(request, _("The principal investigator of the dossier was changed: they submit it from now on."))
    return redirect("applications:page", application.pk, "team")
