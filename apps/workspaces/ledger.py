"""Writing operations, steps, resources and the end of sessions: always inside the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile
from apps.core.outbox import outbox_cancel, outbox_enqueue
from apps.workspaces.models import CloudResource, GatewaySession, Operation, Step, Workspace
from apps.workspaces.plans import plan_of
from apps.workspaces.rules import DURING, Kind, Status, may_move

ACTOR = "system:provision"
OUTBOX_KIND = "workspace.operation"


def workspace_move(workspace: Workspace, to: Status, **values: Any) -> None:
    """Change the status by compare-and-swap on the version that `workspace` was read with. Raises ChangedMeanwhile."""
    seen = Status(workspace.status)
    if seen is not to and not may_move(seen, to):
        raise ChangedMeanwhile
    if to is not Status.RUNNING:
        values["route_open"] = False
    changed = Workspace.objects.filter(pk=workspace.pk, version=workspace.version).update(
        status=to, version=F("version") + 1, changed_at=timezone.now(), **values
    )
    if not changed:
        raise ChangedMeanwhile
    workspace.refresh_from_db()


def operation_begin(workspace: Workspace, kind: Kind, *, by: str, **values: Any) -> Operation:
    """Begin an operation of the next generation in place of whichever is under way: rows and an outbox item."""
    generation = workspace.generation + 1
    status = Status.REQUESTED if kind is Kind.PROVISION else DURING[kind]
    workspace_move(workspace, status, generation=generation, **values)
    _replace_current(workspace)
    operation = Operation.objects.create(
        workspace=workspace,
        kind=kind,
        generation=generation,
        idempotency_key=f"workspace:{workspace.pk}:{kind}:{generation}",
        requested_by=by,
    )
    Step.objects.bulk_create(
        Step(operation=operation, position=position, name=name)
        for position, name in enumerate(plan_of(workspace.provider, kind), start=1)
    )
    outbox_enqueue(kind=OUTBOX_KIND, key=operation.idempotency_key, subject_id=str(operation.pk))
    return operation


def _replace_current(workspace: Workspace) -> None:
    unfinished = Operation.objects.filter(workspace=workspace, status__in=["running", "failed"])
    for operation in unfinished:
        outbox_cancel(operation.idempotency_key)
    unfinished.update(status=Operation.Status.REPLACED, finished_at=timezone.now())


def resource_keep(
    workspace: Workspace, kind: str, external_id: str, observed: Mapping[str, Any], at: datetime | None = None
) -> CloudResource:
    """Write a resource into the ledger once, under its logical name; a repeated step finds it there. `at` is the
    provider's time."""
    row, _ = CloudResource.objects.update_or_create(
        logical_name=f"{workspace.pk}:{kind}",
        defaults={
            "workspace": workspace,
            "kind": kind,
            "external_id": external_id,
            "observed": dict(observed),
            "removed_at": None,
            "kept_at": at or timezone.now(),
        },
    )
    return row


def resources_removed(workspace: Workspace) -> int:
    """Mark every resource of the workspace as gone; returns how many were still there."""
    return CloudResource.objects.filter(workspace=workspace, removed_at=None).update(removed_at=timezone.now())


def sessions_end(workspace: Workspace, end: GatewaySession.End) -> int:
    """End every open session of the workspace: the gateway cuts their connections within a second. Returns how many."""
    open_sessions = GatewaySession.objects.select_for_update().filter(workspace=workspace, ended_at=None)
    found = list(open_sessions)
    for session in found:
        session_end(session, end, workspace)
    return len(found)


def session_end(session: GatewaySession, end: GatewaySession.End, workspace: Workspace) -> None:
    """End one session that the caller has locked."""
    session.ended_at, session.end = timezone.now(), end
    session.save(update_fields=["ended_at", "end"])
    data = {"session": str(session.pk), "end": str(end), "bytes_in": session.bytes_in, "bytes_out": session.bytes_out}
    workspace_event("workspace.session_closed", workspace, by=str(session.person_id), data=data)


def workspace_event(action: str, workspace: Workspace, *, by: str, data: Mapping[str, Any] | None = None) -> None:
    """Record an event on the workspace, tied to its dossier."""
    event_record(
        action=action,
        actor=by,
        object_kind="workspace",
        object_id=str(workspace.pk),
        dossier_id=str(workspace.project.application_id),
        data=data or {},
    )
