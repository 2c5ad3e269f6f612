"""The operators' pages: every workspace with its operations and requests, and the cloud in a picture."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from apps.accounts.navigation import person_of
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.paging import page_by_key
from apps.workspaces import budgets, fake_controls, services
from apps.workspaces.forms import BudgetForm, ReasonForm, SizeForm
from apps.workspaces.models import Workspace
from apps.workspaces.picture import picture, searched, unanswered
from apps.workspaces.selectors import (
    findings_open,
    offers_of,
    operated,
    workspaces_for_operators,
    workspaces_visible_to,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PAGE_SIZE = 25


@declares("workspace.operate")
def workspaces(request: HttpRequest) -> HttpResponse:
    """All workspaces, those that need a person first."""
    page = page_by_key(workspaces_for_operators(), request.GET.get("page"), PAGE_SIZE)
    return render(request, "workspaces/operated_list.html", {"page": page})


@declares("workspace.operate")
@reads("workspace.operated", object_kind="workspace", object_id="workspace_id")
def workspace(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """One workspace from behind."""
    found = get_object_or_404(workspaces_visible_to(person_of(request)), pk=workspace_id)
    return render(request, "workspaces/operated.html", operated(found))


@declares("workspace.see_cloud")
def cloud(request: HttpRequest) -> HttpResponse:
    """What exists against what should, as a picture with its table, and the differences."""
    found = {"findings": findings_open()[:200], "searched": searched(), "unanswered": unanswered()}
    context = {"picture": picture(), "fake": fake_controls.faults(), **found}
    return render(request, "workspaces/cloud.html", context)


@declares("workspace.fake_fault")
def fake_fault(request: HttpRequest) -> HttpResponse:
    """Add or remove a fault of the imitated cloud; where there is none, there is nothing to switch."""
    if not fake_controls.is_here():
        messages.warning(request, _("There is no imitated cloud here: nothing was switched."))
    elif not fake_controls.change(request.POST):
        messages.warning(request, _("The imitated cloud does not answer: nothing was switched. Try again in a moment."))
    return redirect("workspaces:cloud")


def _command(
    request: HttpRequest, workspace_id: UUID, command: Callable[..., None], title: "StrOrPromise", form: Any
) -> HttpResponse:
    """Ask, then do, then show the workspace again."""
    found = get_object_or_404(workspaces_visible_to(person_of(request)), pk=workspace_id)
    filled = form(found, request.POST or None)
    if request.method == "POST" and filled.is_valid():
        values = dict(filled.cleaned_data)
        command(workspace=found, by=person_of(request), seen_version=values.pop("version"), **values)
        messages.success(request, _("Asked for: the workers do it."))
        return redirect("workspaces:operated", workspace_id=found.pk)
    texts = {"title": title, "button": title}
    context = {"form": filled, "workspace": found, "texts": texts}
    return render(request, "workspaces/operate.html", context, status=422 if filled.is_bound else 200)


def _reason(found: Workspace, data: Any) -> ReasonForm:
    return ReasonForm(data, initial={"version": found.version})


def _size(found: Workspace, data: Any) -> SizeForm:
    initial = {"version": found.version, "size": found.size}
    return SizeForm(data, initial=initial, offers=offers_of(found.provider))


@declares("workspace.cancel")
def cancel(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Give up a preparation and remove what was made."""
    return _command(request, workspace_id, services.workspace_cancel, _("Cancel the preparation"), _reason)


@declares("workspace.resize")
def resize(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Choose another size."""
    return _command(request, workspace_id, services.workspace_resize, _("Change the size"), _size)


def _budget(found: Workspace, data: Any) -> BudgetForm:
    return BudgetForm(data, initial={"version": found.version, "budget": found.budget})


@declares("workspace.set_budget")
def set_budget(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Say how much it may cost."""
    return _command(request, workspace_id, services.workspace_set_budget, _("Set the budget"), _budget)


@declares("workspace.budgets")
def budget_list(request: HttpRequest) -> HttpResponse:
    """What every workspace costs against its budget, those nearest to it first."""
    page = page_by_key(budgets.budget_lines(), request.GET.get("page"), PAGE_SIZE)
    return render(request, "workspaces/budgets.html", {"page": page, "totals": budgets.totals()})


@declares("workspace.rotate_keys")
def rotate_keys(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Renew the keys."""
    return _command(request, workspace_id, services.workspace_rotate_keys, _("Renew the keys"), _reason)


@declares("workspace.reconcile")
def check_and_repair(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Check every part and repair."""
    return _command(request, workspace_id, services.workspace_reconcile, _("Check and repair"), _reason)


@declares("workspace.skip_step")
def skip(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Leave the stopped step out."""
    return _command(request, workspace_id, services.step_skip, _("Leave this step out"), _reason)


@declares("workspace.hand_over")
def hand_over(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Say who takes it from here."""
    return _command(request, workspace_id, services.operation_hand_over, _("Hand over"), _reason)


@declares("workspace.retry_step")
def retry(request: HttpRequest, workspace_id: UUID) -> HttpResponse:
    """Try the stopped step again."""
    found = get_object_or_404(workspaces_visible_to(person_of(request)), pk=workspace_id)
    services.step_retry(workspace=found, by=person_of(request), seen_version=found.version)
    return redirect("workspaces:operated", workspace_id=found.pk)
