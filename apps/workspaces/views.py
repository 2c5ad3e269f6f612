"""Entering a workspace, suspending and resuming it."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.navigation import person_of
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.printing import pdf_from_template
from apps.workspaces.certificates import printed, signed
from apps.workspaces.forms import ReasonForm
from apps.workspaces.models import DestructionCertificate, Workspace
from apps.workspaces.selectors import workspace_action_allowed, workspaces_visible_to
from apps.workspaces.services import (
    workspace_destroy_decide,
    workspace_open,
    workspace_resume,
    workspace_start,
    workspace_stop,
    workspace_suspend,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@declares("workspace.open")
def open_workspace(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """A page that hands a one-time ticket to the gateway; its address never holds the ticket."""
    workspace = _visible(request, workspace_id)
    entry = workspace_open(workspace=workspace, by=person_of(request))
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


@declares("workspace.destroy")
def destroy(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Ask for the reason, with the decision on the last export, then destroy everything."""
    texts = {
        "title": _("Destroy the workspace"),
        "button": _("Destroy: the last export is decided"),
        "done": _("The workspace is being destroyed; a certificate will say what was found afterwards."),
    }
    return _with_reason(request, workspace_id, workspace_destroy_decide, texts)


@declares("workspace.start")
def start(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Start a stopped workspace."""
    workspace = _visible(request, workspace_id)
    workspace_start(workspace=workspace, by=person_of(request), seen_version=workspace.version)
    return redirect("fulfilment:project", project_id=workspace.project_id)


@declares("workspace.stop")
def stop(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Stop a running workspace, keeping its work."""
    workspace = _visible(request, workspace_id)
    workspace_stop(workspace=workspace, by=person_of(request), seen_version=workspace.version)
    return redirect("fulfilment:project", project_id=workspace.project_id)


@declares("workspace.certificate")
@reads("workspace.certificate_read", object_kind="workspace", object_id="workspace_id")
def certificate_pdf(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """The certificate of the destruction, printed in the reader's language."""
    certificate = _certificate(request, workspace_id)
    content = pdf_from_template("print/certificate.html", printed(certificate), get_language() or "fr")
    return _file(content, "application/pdf", f"certificat-{workspace_id}.pdf")


@declares("workspace.certificate")
@reads("workspace.certificate_read", object_kind="workspace", object_id="workspace_id")
def certificate_json(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """The certificate with its signature, for a program to check."""
    content = json.dumps(signed(_certificate(request, workspace_id)), ensure_ascii=False, indent=1).encode()
    return _file(content, "application/json", f"certificat-{workspace_id}.json")


def _certificate(request: HttpRequest, workspace_id: UUID) -> DestructionCertificate:
    workspace = _visible(request, workspace_id)
    visible = workspace_action_allowed("workspace.certificate", workspace, person_of(request))
    if not visible:
        raise Http404
    return get_object_or_404(DestructionCertificate, workspace=workspace)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


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
