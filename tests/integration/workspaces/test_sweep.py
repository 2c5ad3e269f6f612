"""The sweep: what is compares with what should be, and the difference is acted upon once."""

from typing import Any
from uuid import UUID

import pytest

from apps.workspaces import reconcile, sweeping
from apps.workspaces.models import GatewaySession, Operation, Ticket, Workspace
from apps.workspaces.providers.base import (
    ProviderRefused,
    RunState,
)
from apps.workspaces.rules import RESTARTS_ALLOWED, Kind, Status
from apps.workspaces.services import workspace_suspend
from tests.factories import workspaces as made
from tests.integration.workspaces.recorder import Recorder, fresh, running, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sweep_starts_what_should_run_and_does_not(recorder: Recorder) -> None:
    workspace = running(recorder)
    recorder.states[workspace.pk] = RunState.STOPPED

    sweeping.sweep()
    sweeping.sweep()

    assert fresh(workspace).status == Status.STARTING
    assert not fresh(workspace).route_open
    assert work(workspace).status == Status.RUNNING
    assert Operation.objects.filter(kind=Kind.START).count() == 1


def test_the_sweep_calls_a_person_when_a_sandbox_keeps_stopping(recorder: Recorder) -> None:
    workspace = running(recorder)
    for _ in range(RESTARTS_ALLOWED):
        recorder.states[workspace.pk] = RunState.BROKEN
        sweeping.sweep()
        workspace = work(workspace)
    recorder.states[workspace.pk] = RunState.BROKEN

    sweeping.sweep()

    workspace = fresh(workspace)
    assert workspace.status == Status.FAILED
    assert "keeps stopping" in workspace.reason


def test_the_sweep_stops_a_suspended_workspace_that_runs(recorder: Recorder) -> None:
    workspace = running(recorder)
    workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)
    workspace = work(workspace)
    recorder.states[workspace.pk] = RunState.RUNNING

    sweeping.sweep()

    assert work(workspace).status == Status.SUSPENDED
    assert recorder.states[workspace.pk] is RunState.STOPPED


def test_the_sweep_stops_what_has_no_row_but_removes_nothing(recorder: Recorder) -> None:
    recorder.states[UUID(int=3)] = RunState.RUNNING

    sweeping.sweep()

    assert recorder.states[UUID(int=3)] is RunState.STOPPED


def test_the_sweep_ends_expired_sessions_and_forgets_old_tickets(recorder: Recorder) -> None:
    workspace = running(recorder)
    person = workspace.project.memberships.get().person
    past = "2020-01-01T00:00:00Z"
    Ticket.objects.create(secret_hash="t", workspace=workspace, person=person, expires_at=past)
    GatewaySession.objects.create(secret_hash="s", workspace=workspace, person=person, expires_at=past)

    sweeping.sweep()

    assert GatewaySession.objects.get().end == "expired"
    assert not Ticket.objects.exists()


def test_the_sweep_yields_to_whoever_changed_the_workspace_meanwhile(recorder: Recorder) -> None:
    workspace = running(recorder)
    recorder.states[workspace.pk] = RunState.STOPPED
    stale = Workspace.objects.select_related("project").get(pk=workspace.pk)
    Workspace.objects.filter(pk=workspace.pk).update(version=50)

    sweeping.reconcile_run_state(recorder, stale)

    assert not Operation.objects.filter(kind=Kind.START).exists()


def test_a_process_without_the_deliveries_says_so(recorder: Recorder, settings: Any) -> None:
    settings.DELIVERY_DIR = None
    workspace = made.at_status(Status.RUNNING)

    with pytest.raises(ProviderRefused, match="HDH_DELIVERY_DIR"):
        reconcile.spec_of(workspace)
