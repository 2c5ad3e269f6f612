"""A provider kept in memory, and workers driven by hand: for what operations do, not for what a sandbox does."""

from pathlib import Path
from uuid import UUID, uuid4

from django.db import transaction

from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.workspaces.models import Workspace
from apps.workspaces.providers.base import (
    Observation,
    Problem,
    RunState,
    SelfTest,
    Usage,
    WorkspaceSpec,
)
from apps.workspaces.providers.sandboxed import Sandboxed
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_data_ready
from tests.factories import workspaces as made


class Recorder(Sandboxed):
    """A provider that keeps its workspaces in memory: for what operations do, not for what a sandbox does."""

    name = "local"

    def __init__(self) -> None:
        self.states: dict[UUID, RunState] = {}
        self.test: SelfTest | None = SelfTest(100, ())
        self.problems: tuple[Problem, ...] = ()
        self.fails: dict[str, Exception] = {}
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fails:
            raise self.fails[name]

    def check(self) -> tuple[Problem, ...]:
        return self.problems

    def provision(self, spec: WorkspaceSpec) -> dict[str, str]:
        self._call("provision")
        self.states.setdefault(spec.id, RunState.STOPPED)
        return {"home": "1"}

    def start(self, spec: WorkspaceSpec) -> str:
        self._call("start")
        self.states[spec.id] = RunState.RUNNING
        return "sandbox-1"

    def start_broken(self, spec: WorkspaceSpec) -> str:
        self.states[spec.id] = RunState.BROKEN
        return "sandbox-1"

    def stop(self, workspace_id: UUID) -> None:
        self._call("stop")
        self.states[workspace_id] = RunState.STOPPED

    def destroy(self, workspace_id: UUID) -> None:
        self._call("destroy")
        self.states.pop(workspace_id, None)

    def observe(self, workspace_id: UUID) -> Observation:
        state = self.states.get(workspace_id, RunState.ABSENT)
        return Observation(state, self.test, {}, "oom" if state is RunState.BROKEN else "")

    def endpoint(self, workspace_id: UUID) -> Path:
        return Path("/nowhere")

    def usage(self, workspace_id: UUID) -> Usage:
        return Usage(None, None, 0)

    def list_all(self) -> tuple[UUID, ...]:
        return tuple(self.states)


def due(workspace: Workspace) -> OutboxItem | None:
    return OutboxItem.objects.filter(status="pending", key__startswith=f"workspace:{workspace.pk}:").first()


def step(workspace: Workspace) -> None:
    """One message delivered to one worker, as if everything it waits for were due."""
    item = due(workspace)
    assert item is not None
    OutboxItem.objects.filter(pk=item.pk).update(not_before=item.created_at, lease_until=None)
    run_item(item.pk)


def work(workspace: Workspace, at_most: int = 40) -> Workspace:
    for _ in range(at_most):
        if due(workspace) is None:
            return fresh(workspace)
        step(workspace)
    raise AssertionError("still at work")


def fresh(workspace: Workspace) -> Workspace:
    return Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)


def data_ready(workspace: Workspace, extract_id: UUID | None = None) -> None:
    with transaction.atomic():
        workspace_data_ready(project_id=workspace.project_id, extract_id=extract_id or uuid4(), by="system:test")


def running(recorder: Recorder) -> Workspace:
    workspace = made.workspace()
    data_ready(workspace)
    workspace = work(workspace)
    assert workspace.status == Status.RUNNING
    return workspace
