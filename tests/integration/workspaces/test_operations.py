"""Operations step by step: interrupted, repeated, overtaken; and the sweep. The provider here is real unless told
otherwise."""

import os
import signal
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.db import connections, transaction

from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import outbox_retry, run_item
from apps.workspaces import probe, reconcile, sweeping
from apps.workspaces.ledger import operation_begin
from apps.workspaces.models import CloudResource, GatewaySession, Operation, Ticket, Workspace
from apps.workspaces.plans import plan_of
from apps.workspaces.providers.base import (
    Problem,
    Provider,
    ProviderUnavailable,
    RunState,
    SelfTest,
)
from apps.workspaces.rules import Desired, Kind, Status
from apps.workspaces.services import workspace_destroy, workspace_resume, workspace_suspend
from tests.factories import workspaces as made
from tests.integration.workspaces.recorder import Recorder, data_ready, due, fresh, running, step, work
from tests.support.sandbox import local_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_operation_waits_for_the_extract_and_no_longer(recorder: Recorder) -> None:
    workspace = made.workspace()
    for _ in range(6):
        step(workspace)

    assert fresh(workspace).status == Status.PROVISIONING
    assert "start" not in recorder.calls
    for _ in range(2):
        data_ready(workspace, UUID(int=7))
    assert fresh(workspace).extract_id == UUID(int=7)
    assert Event.objects.filter(action="workspace.data_ready").count() == 1
    assert work(workspace).status == Status.RUNNING


def test_each_step_is_recorded_once_however_often_it_is_delivered(recorder: Recorder) -> None:
    workspace = made.workspace()
    data_ready(workspace)
    for _ in range(20):
        for item in OutboxItem.objects.all():
            run_item(item.pk)
            run_item(item.pk)

    assert fresh(workspace).status == Status.RUNNING
    for name in plan_of("local", Kind.PROVISION):
        assert Event.objects.filter(action=f"workspace.step.{name}").count() == 1
    assert recorder.calls == ["provision", "start"]


def test_a_worker_that_lost_its_lease_records_nothing(recorder: Recorder) -> None:
    workspace = made.workspace()
    check = recorder.check

    def overtaken() -> tuple[Problem, ...]:
        OutboxItem.objects.update(fence=99)
        return check()

    with mock.patch.object(recorder, "check", overtaken):
        step(workspace)

    assert not Event.objects.filter(action__startswith="workspace.step").exists()


def test_a_host_that_cannot_isolate_stops_the_operation_with_cause_and_fix(recorder: Recorder) -> None:
    recorder.problems = (Problem("namespaces", "The kernel forbids it.", "sysctl -w x=1"),)
    workspace = made.workspace()

    step(workspace)

    workspace = fresh(workspace)
    assert (workspace.status, workspace.reason) == (Status.FAILED, "The kernel forbids it. sysctl -w x=1")
    assert recorder.calls == []
    item = OutboxItem.objects.get()
    assert item.status == "needs_human"
    recorder.problems = ()
    outbox_retry(item.pk)
    data_ready(workspace)
    assert work(workspace).status == Status.RUNNING


def test_a_provider_that_is_away_is_asked_again(recorder: Recorder) -> None:
    recorder.fails["provision"] = ProviderUnavailable("busy")
    workspace = made.workspace()
    step(workspace)
    step(workspace)
    step(workspace)
    assert fresh(workspace).status == Status.PROVISIONING

    del recorder.fails["provision"]
    data_ready(workspace)

    assert work(workspace).status == Status.RUNNING


@pytest.mark.parametrize(
    ("test", "said"), [(None, "did not pass"), (SelfTest(100, ("call_bpf",)), "Escaped: call_bpf.")]
)
def test_without_a_passed_self_test_nobody_gets_in(recorder: Recorder, test: SelfTest | None, said: str) -> None:
    recorder.test = test
    workspace = made.workspace()
    data_ready(workspace)

    workspace = work(workspace)

    assert workspace.status == Status.FAILED
    assert said in workspace.reason
    assert not workspace.route_open


def test_a_sandbox_that_ends_by_itself_is_reported_with_its_reason(recorder: Recorder) -> None:
    workspace = made.workspace()
    data_ready(workspace)
    with mock.patch.object(recorder, "start", recorder.start_broken):
        workspace = work(workspace)

    assert workspace.status == Status.FAILED
    assert "oom" in workspace.reason


def test_an_application_that_never_answers_is_given_up(recorder: Recorder) -> None:
    workspace = made.workspace()
    data_ready(workspace)
    with mock.patch.object(probe, "answers", lambda _: False):
        for _ in range(6):
            step(workspace)
        assert fresh(workspace).status == Status.PROVISIONING
        Operation.objects.get().steps.filter(name="answers").update(started_at="2020-01-01T00:00:00Z")
        step(workspace)

    assert "did not answer" in fresh(workspace).reason


def test_suspending_during_the_preparation_replaces_it(recorder: Recorder) -> None:
    workspace = made.workspace()
    step(workspace)
    workspace = fresh(workspace)

    workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)

    workspace = work(workspace)
    assert workspace.status == Status.SUSPENDED
    kinds = dict(Operation.objects.values_list("kind", "status"))
    assert kinds == {"provision": "replaced", "suspend": "done"}


def test_suspending_ends_tickets_and_sessions(recorder: Recorder) -> None:
    workspace = running(recorder)
    person = workspace.project.memberships.get().person
    later = "2100-01-01T00:00:00Z"
    Ticket.objects.create(secret_hash="t", workspace=workspace, person=person, expires_at=later)
    GatewaySession.objects.create(secret_hash="s", workspace=workspace, person=person, expires_at=later)

    workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=workspace.version)

    assert GatewaySession.objects.get().ended_at is not None
    assert Event.objects.filter(action="workspace.session_closed").count() == 1
    work(workspace)
    assert Ticket.objects.get().used_at is not None
    assert recorder.states[workspace.pk] is RunState.STOPPED


def test_resuming_starts_again(recorder: Recorder) -> None:
    workspace = running(recorder)
    steward = made.steward()
    workspace_suspend(workspace=workspace, by=steward, reason="Contrôle.", seen_version=workspace.version)
    workspace = work(workspace)

    workspace_resume(workspace=workspace, by=steward, reason="Rien trouvé.", seen_version=workspace.version)

    workspace = work(workspace)
    assert (workspace.status, workspace.route_open, workspace.reason) == (Status.RUNNING, True, "")
    assert recorder.calls.count("start") == 2


def test_destroying_removes_everything_and_the_ledger_says_so(recorder: Recorder) -> None:
    workspace = running(recorder)

    workspace_destroy(workspace=workspace, by="system:operator", reason="Fin du projet.")

    workspace = work(workspace)
    assert workspace.status == Status.DESTROYED
    assert recorder.states == {}
    assert not CloudResource.objects.filter(removed_at=None).exists()
    sweeping.sweep()
    assert due(workspace) is None


@pytest.mark.sandbox
@pytest.mark.faults
def test_killed_at_every_boundary_of_every_step_there_is_one_workspace(places: Path, extract: UUID) -> None:
    """`kill -9` before the act, then between the act and its record, at each of the seven steps; then it may go on."""
    workspace = made.workspace()
    data_ready(workspace, extract)

    for name in plan_of("local", Kind.PROVISION):
        for boundary in ("before", "after"):
            assert _killed(workspace, name, boundary), (name, boundary)
        _until_done(workspace, name)

    assert fresh(workspace).status == Status.RUNNING
    assert local_in(places).list_all() == (workspace.pk,)
    assert CloudResource.objects.values("logical_name").distinct().count() == CloudResource.objects.count() == 5
    assert Event.objects.filter(action="workspace.ready").count() == 1
    supervisors = [one for one in _commands() if str(places) in one and "supervisor.py" in one]
    assert len(supervisors) == 1


def _killed(workspace: Workspace, name: str, boundary: str) -> bool:
    """Let a worker process take the item and die at this boundary, its lease as if it had run out."""
    item = due(workspace)
    assert item is not None
    OutboxItem.objects.filter(pk=item.pk).update(not_before=item.created_at, lease_until=None, attempts=0)
    connections.close_all()
    worker = os.fork()
    if worker == 0:
        _die_there(item.pk, name, boundary)
    return os.WIFSIGNALED(os.waitpid(worker, 0)[1])


def _die_there(item_id: int, name: str, boundary: str) -> None:
    real = reconcile._perform

    def doomed(provider: Provider, operation: Operation, step: Any, notes: Any) -> Any:
        result = real(provider, operation, step, notes) if boundary == "after" else None
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    reconcile._perform = doomed
    try:
        run_item(item_id)
    finally:
        os._exit(0)


def _until_done(workspace: Workspace, name: str) -> None:
    for _ in range(60):
        if Operation.objects.get().steps.filter(name=name, status="done").exists():
            return
        OutboxItem.objects.update(attempts=0)
        step(workspace)
    raise AssertionError(f"{name} is not done")


def _commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def test_two_operations_never_run_at_once(recorder: Recorder) -> None:
    workspace = running(recorder)
    with transaction.atomic():
        operation_begin(workspace, Kind.START, by="system:test")
    workspace = fresh(workspace)
    with transaction.atomic():
        operation_begin(workspace, Kind.SUSPEND, by="system:test", desired=Desired.SUSPENDED)

    assert Operation.objects.filter(status="running").count() == 1
    assert work(workspace).status == Status.SUSPENDED
