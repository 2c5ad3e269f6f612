"""From a requested workspace to one that runs, by the outbox's steps, with real sandboxes."""

import time
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.workspaces.models import CloudResource, Operation, Workspace
from apps.workspaces.providers.base import RunState
from apps.workspaces.services import workspace_data_ready, workspace_suspend
from tests.factories import workspaces as made
from tests.support.sandbox import local_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]


def work(key_part: str = "", seconds: float = 30) -> None:
    """Do what workers do until nothing is due."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        item = OutboxItem.objects.filter(status="pending", kind="workspace.operation", key__contains=key_part).first()
        if item is None:
            return
        OutboxItem.objects.filter(pk=item.pk).update(not_before=item.created_at)
        run_item(item.pk)
    raise AssertionError("still at work")


def ready(workspace: Workspace, extract: UUID) -> Workspace:
    """The workspace once its extract stands and the workers have done their part."""
    with transaction.atomic():
        workspace_data_ready(project_id=workspace.project_id, extract_id=extract, by="system:test")
    work()
    return Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)


def test_a_requested_workspace_ends_up_running(places: Path, extract: UUID) -> None:
    workspace = ready(made.workspace(), extract)

    assert workspace.status == "running"
    assert workspace.route_open
    assert local_in(places).observe(workspace.pk).state is RunState.RUNNING
    operation = Operation.objects.get(workspace=workspace)
    assert operation.status == "done"
    assert [step.status for step in operation.steps.all()] == ["done"] * 7
    kinds = set(CloudResource.objects.filter(workspace=workspace).values_list("kind", flat=True))
    assert kinds == {"home", "user", "sandbox", "isolation", "route"}
    assert Event.objects.filter(action="workspace.ready", dossier_id=workspace.project.application_id).count() == 1


def test_suspending_cuts_access_at_once_and_stops_the_sandbox_next(places: Path, extract: UUID) -> None:
    workspace = ready(made.workspace(), extract)

    workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)

    workspace.refresh_from_db()
    assert (workspace.status, workspace.route_open) == ("suspended", False)
    work()
    assert local_in(places).observe(workspace.pk).state is RunState.STOPPED
