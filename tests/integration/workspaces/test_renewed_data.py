"""The extract of an amendment takes the place of the one before."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.projects.models import Project
from apps.workspaces import sweeping
from apps.workspaces.models import GatewaySession, Operation, Workspace
from apps.workspaces.plans import plan_of
from apps.workspaces.rules import Desired, Kind, Status
from apps.workspaces.services import workspace_data_ready
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory

pytestmark = pytest.mark.django_db


def delivered(workspace: Workspace) -> Workspace:
    """Another extract stands for the project."""
    with transaction.atomic():
        workspace_data_ready(project_id=workspace.project_id, extract_id=uuid.uuid4(), by="system:test")
    return Workspace.objects.get(pk=workspace.pk)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.STARTING, Status.PROVISIONING])
def test_a_workspace_in_use_starts_again_on_it(status: Status) -> None:
    before = made.at_status(status)
    session = GatewaySession.objects.create(
        workspace=before,
        person=PersonFactory.create(),
        secret_hash="a" * 64,
        expires_at=timezone.now() + timedelta(hours=1),
    )
    after = delivered(before)
    assert after.extract_id != before.extract_id
    assert (after.status, after.route_open) == (Status.STARTING, False)
    operation = Operation.objects.get(workspace=before, kind=Kind.RENEW_DATA)
    assert tuple(operation.steps.values_list("name", flat=True)) == plan_of(before.provider, Kind.RENEW_DATA)
    session.refresh_from_db()
    assert session.end == GatewaySession.End.STOPPED


@pytest.mark.parametrize("status", [Status.STOPPED, Status.SUSPENDED, Status.FAILED])
def test_elsewhere_the_next_start_takes_what_is_there(status: Status) -> None:
    before = made.at_status(status)
    after = delivered(before)
    assert after.extract_id != before.extract_id
    assert after.status == status
    assert not Operation.objects.filter(workspace=before, kind=Kind.RENEW_DATA).exists()


def test_one_that_is_destroyed_or_has_it_already_is_left_alone() -> None:
    destroyed = made.at_status(Status.DESTROYED)
    assert delivered(destroyed).extract_id == destroyed.extract_id
    has_it = made.at_status(Status.RUNNING)
    workspace_data_ready(project_id=has_it.project_id, extract_id=has_it.extract_id, by="system:test")  # type: ignore[arg-type]
    assert Workspace.objects.get(pk=has_it.pk).version == has_it.version


def test_the_workspace_of_a_project_that_is_over_expires() -> None:
    workspace = made.at_status(Status.RUNNING)
    Project.objects.filter(pk=workspace.project_id).update(
        status="closed", ended_on=timezone.localdate(), ending="completed"
    )
    sweeping._expire()
    assert Workspace.objects.get(pk=workspace.pk).desired == Desired.EXPIRED
