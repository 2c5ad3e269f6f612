"""The applicant's pages around the form: list, start, overview, submit, withdraw."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import overview, selectors, services
from apps.applications.amendment_page import amendment_read, of_project
from apps.applications.deciding_forms import CommitForm
from apps.applications.examination import since_return
from apps.applications.forms import CreateForm
from apps.applications.models import Application
from apps.applications.progress import progress_of
from apps.applications.queue import deadline_said
from apps.applications.services import Incomplete
from apps.applications.timeline import timeline_of
from apps.applications.views.shared import mine_or_404, seen_version
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError

PAGE_SIZE = 25


@declares("application.list")
def mine(request: HttpRequest) -> HttpResponse:
    """The dossiers of the person's teams."""
    found = selectors.applications_visible_to(person_of(request))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    lines = [(application, overview.standing(application)) for application in page]
    may_create = selectors.organisations_to_apply_for(person_of(request)).exists()
    return render(request, "applications/list.html", {"page": page, "lines": lines, "may_create": may_create})


@declares("application.create")
def create(request: HttpRequest) -> HttpResponse:
    """Start a dossier for an organisation."""
    person = person_of(request)
    posted = request.POST if request.method == "POST" else None
    form = CreateForm(
        selectors.organisations_to_apply_for(person),
        selectors.paths_offered(),
        posted,
        path=request.GET.get("path", ""),
    )
    if form.is_valid():
        try:
            application = services.application_create(**form.cleaned_data, by=person)
        except RefusedError as error:
            form.refuse(error)
        else:
            return redirect("applications:page", application.pk, application.specification.keys[0])
    return render(request, "applications/create.html", {"form": form}, status=422 if form.errors else 200)


@declares("application.view")
@reads("application.read", object_kind="application", object_id="application_id", dossier_id="application_id")
def detail(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Where the dossier stands."""
    return detail_shown(request, mine_or_404(request, application_id))


def detail_shown(request: HttpRequest, application: Application, *, status: int = 200, **forms: Any) -> HttpResponse:
    """Where the dossier stands, with the form that was refused if one was."""
    read = overview.Read(application)
    context = overview.context_of(application, person_of(request), *read.all)
    clock = next(iter(read.clocks), None)
    more = {
        "timeline": timeline_of(application),
        "decision": next(iter(read.decisions), None),
        "team": application.members.all(),
        "documents": selectors.documents_of(application),
        **overview.followed_up(application, read.outcomes, read.obligations),
        "clock": clock,
        "progress": progress_of(application, clock),
        "deadline": deadline_said(application, timezone.localdate()),
        "commit_form": CommitForm(application),
        "amendment": amendment_read(application, read.submitted, read.held),
        **of_project(application, person_of(request), read.amendments),
    }
    return render(request, "applications/detail.html", {**context, **more, **forms}, status=status)


@declares("application.submit")
def submit(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """What is missing, all at once; or the button that submits."""
    application = mine_or_404(request, application_id)
    status = 200
    if request.method == "POST":
        try:
            services.application_submit(
                application=application, seen_version=seen_version(request), by=person_of(request)
            )
        except Incomplete as error:
            status = error.status
        else:
            messages.success(request, _("The dossier was submitted. A data steward now examines it."))
            return redirect("applications:detail", application.pk)
    context = overview.context_of(application, person_of(request))
    more = {"refused": status != 200, "amendment": amendment_read(application), "since": since_return(application)}
    return render(request, "applications/submit.html", {**context, **more}, status=status)


@declares("application.withdraw")
def withdraw(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """End the dossier at the team's wish."""
    application = mine_or_404(request, application_id)
    services.application_withdraw(application=application, seen_version=seen_version(request), by=person_of(request))
    messages.success(request, _("The dossier was withdrawn."))
    return redirect("applications:detail", application.pk)
