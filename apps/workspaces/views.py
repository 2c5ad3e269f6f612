"""Entering a workspace, suspending and resuming it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from apps.accounts.acts import ask
from apps.accounts.navigation import person_of
from apps.accounts.stepping_up import StepUpMissing
from apps.core.actions import declares
from apps.workspaces.forms import ReasonForm
from apps.workspaces.models import Workspace
from apps.workspaces.selectors import workspaces_visible_to
from apps.workspaces.services import workspace_open, workspace_resume, workspace_suspend

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@declares("workspace.open")
def open_workspace(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """A page that hands a one-time ticket to the gateway; its address never holds the ticket."""
    workspace = _visible(request, workspace_id)
    try:
        entry = workspace_open(workspace=workspace, by=person_of(request))
    except StepUpMissing as missing:
        return ask(request, missing.act)
    response = render(request, "workspaces/enter.html", {"entry": entry, "workspace": workspace})
    # The gateway accepts a ticket only from this origin: the browser must be allowed to say it.
    response["Referrer-Policy"] = "strict-origin"
    return response


@declares("workspace.suspend")
def suspend(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Ask for the reason, then cut access."""
    texts = {
        "title": _("Suspend the workspace"),
        "button": _("Suspend now"),
        "done": _("Access is cut; the work is kept."),
    }
    return _with_reason(request, workspace_id, workspace_suspend, texts)


@declares("workspace.resume")
def resume(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Ask for the reason, then start again."""
    texts = {
        "title": _("Lift the suspension"),
        "button": _("Lift the suspension"),
        "done": _("The workspace is starting."),
    }
    return _with_reason(request, workspace_id, workspace_resume, texts)


def _with_reason(
    request: HttpRequest, workspace_id: UUID, command: Callable[..., None], texts: "Mapping[str, StrOrPromise]"
) -> HttpResponse:
    workspace = _visible(request, workspace_id)
    form = ReasonForm(request.POST or None, initial={"version": workspace.version})
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = form.cleaned_data
        command(workspace=workspace, by=person_of(request), reason=values["reason"], seen_version=values["version"])
        messages.success(request, texts["done"])
        return redirect("fulfilment:project", project_id=workspace.project_id)
    status = 422 if form.is_bound else 200
    return render(
        request, "workspaces/reason.html", {"form": form, "workspace": workspace, "texts": texts}, status=status
    )


def _visible(request: HttpRequest, workspace_id: UUID) -> Workspace:
    return get_object_or_404(workspaces_visible_to(person_of(request)), pk=workspace_id)
