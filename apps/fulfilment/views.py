"""The project's page: its entitlement, its extract and its workspace, side by side."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.navigation import person_of
from apps.audit.reading import event_read
from apps.core.actions import declares
from apps.fulfilment.access import access_page
from apps.fulfilment.selectors import project_page
from apps.projects.selectors import projects_of, projects_visible_to

PAGE_SIZE = 25


@declares("project.list")
def projects(request: HttpRequest) -> HttpResponse:
    """The projects of which the person is a member."""
    page = Paginator(projects_of(person_of(request)), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "fulfilment/projects.html", {"page": page})


@declares("project.view")
def project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """One project."""
    page = _page(request, project_id)
    dossier_id = page["project"].application_id
    event_read(request, action="project.read", object_kind="project", object_id=project_id, dossier_id=dossier_id)
    return render(request, "fulfilment/project.html", page)


@declares("project.view")
def project_steps(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """The live part of the project's page, which asks for itself again until everything is ready."""
    return render(request, "fulfilment/_steps.html", _page(request, project_id))


@declares("project.access")
def project_access(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Why can I not…? Each condition of access to the project's data; stewards may look at anybody of the team."""
    found = get_object_or_404(projects_visible_to(person_of(request)), pk=project_id)
    page = access_page(found, person_of(request), request.GET.get("personne", ""))
    about = str(page["person"].pk)
    event_read(
        request,
        action="project.access_read",
        object_kind="project",
        object_id=project_id,
        dossier_id=found.application_id,
        data={"person": about},
    )
    return render(request, "fulfilment/access.html", page)


@declares("project.view")
def project_of_application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """From an approved dossier to its project."""
    found = get_object_or_404(projects_visible_to(person_of(request)), application_id=application_id)
    return redirect("fulfilment:project", project_id=found.pk)


def _page(request: HttpRequest, project_id: UUID) -> dict[str, Any]:
    found = get_object_or_404(projects_visible_to(person_of(request)), pk=project_id)
    return project_page(found, person_of(request))
