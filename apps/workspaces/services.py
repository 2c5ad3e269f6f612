"""Commands on workspaces. They write rows; workers make them true."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.stepping_up import step_up_spend
from apps.core.errors import ChangedMeanwhile, refusal
from apps.core.models import OutboxItem
from apps.core.outbox import outbox_retry, outbox_wake
from apps.core.rules import Reason, Refused
from apps.projects.models import Project
from apps.workspaces.ledger import operation_begin, session_end, sessions_end, workspace_event
from apps.workspaces.models import GatewaySession, Operation, Step, Ticket, Workspace
from apps.workspaces.plans import SKIPPABLE, UNSKIPPABLE_BECAUSE, plan_of
from apps.workspaces.rules import USES_DATA, Desired, Kind, Status
from apps.workspaces.selectors import decision_for, has_entered, sessions_in_force
from apps.workspaces.sentences import REASONS

TICKET_LIFE = timedelta(seconds=30)


def workspace_request(*, project: Project, by: str) -> Workspace:
    """Ask for a project's workspace: rows only, in the decision's transaction. Asking again returns the same one."""
    chosen = {"provider": settings.WORKSPACE_PROVIDER}
    workspace, created = Workspace.objects.get_or_create(project=project, defaults=chosen)
    if created:
        workspace_event("workspace.requested", workspace, by=by)
        operation_begin(workspace, Kind.PROVISION, by=by)
    return workspace


def workspace_data_ready(*, project_id: UUID, extract_id: UUID, by: str, manifest: str = "") -> None:
    """The extract stands: attach it and wake the operation that waits for it. In the caller's transaction.

    `manifest`, the SHA-256 of its manifest, is what binds what will be brought to what was verified.
    The extract of an amendment takes the place of the one before; whoever works there starts again on the new one.
    """
    found = Workspace.objects.select_related("project").select_for_update(of=("self",))
    workspace = found.filter(project_id=project_id).exclude(status=Status.DESTROYED).first()
    if workspace is None or workspace.extract_id == extract_id:
        return
    replaces = workspace.extract_id is not None
    Workspace.objects.filter(pk=workspace.pk).update(extract_id=extract_id, extract_manifest=manifest)
    workspace_event("workspace.data_ready", workspace, by=by, data={"extract": str(extract_id)})
    if replaces and Status(workspace.status) in USES_DATA and workspace.desired == Desired.RUNNING:
        workspace.extract_id = extract_id
        operation_begin(workspace, Kind.RENEW_DATA, by=by)
        sessions_end(workspace, GatewaySession.End.STOPPED)
    for operation in workspace.operations.filter(status=Operation.Status.RUNNING):
        outbox_wake(operation.idempotency_key)


def workspace_term_renewed(*, project_id: UUID) -> None:
    """The project's entitlement has another end: the team is warned of it as of the first. In the caller's
    transaction."""
    Workspace.objects.filter(project_id=project_id).update(days_warned=None)


@transaction.atomic
def workspace_suspend(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Cut access now, keep the data, stop the sandbox next. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.suspend", workspace, by, seen_version)
    operation_begin(workspace, Kind.SUSPEND, by=str(by.pk), desired=Desired.SUSPENDED, reason=reason)
    ended = sessions_end(workspace, GatewaySession.End.SUSPENDED)
    workspace_event("workspace.suspended", workspace, by=str(by.pk), data={"sessions_ended": ended})


@transaction.atomic
def workspace_resume(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Lift a suspension: the workspace starts again with its home. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.resume", workspace, by, seen_version)
    operation_begin(workspace, Kind.RESUME, by=str(by.pk), desired=Desired.RUNNING, reason=reason)
    workspace_event("workspace.resumed", workspace, by=str(by.pk))


@transaction.atomic
def workspace_start(*, workspace: Workspace, by: Person, seen_version: int) -> None:
    """Start a stopped workspace: its work is there again. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.start", workspace, by, seen_version)
    operation_begin(workspace, Kind.START, by=str(by.pk), desired=Desired.RUNNING, reason="")
    workspace_event("workspace.start_asked", workspace, by=str(by.pk))


@transaction.atomic
def workspace_stop(*, workspace: Workspace, by: Person, seen_version: int) -> None:
    """Stop a running workspace, keeping its work; it costs nothing until it is started. Raises RefusedError,
    ChangedMeanwhile."""
    _decide("workspace.stop", workspace, by, seen_version)
    operation_begin(workspace, Kind.STOP, by=str(by.pk), desired=Desired.STOPPED, reason="")
    ended = sessions_end(workspace, GatewaySession.End.STOPPED)
    workspace_event("workspace.stop_asked", workspace, by=str(by.pk), data={"sessions_ended": ended})


@transaction.atomic
def workspace_destroy_decide(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """A steward decides that the workspace is destroyed, its last export being decided. Raises RefusedError,
    ChangedMeanwhile."""
    _decide("workspace.destroy", workspace, by, seen_version)
    workspace_destroy(workspace=workspace, by=str(by.pk), reason=reason)


@transaction.atomic
def workspace_destroy(*, workspace: Workspace, by: str, reason: str) -> None:
    """Remove the workspace with all it holds. Raises ChangedMeanwhile."""
    operation_begin(workspace, Kind.DESTROY, by=by, desired=Desired.DESTROYED, reason=reason)
    sessions_end(workspace, GatewaySession.End.SUSPENDED)
    workspace_event("workspace.destroy_requested", workspace, by=by)


# ---- what operators do ----------------------------------------------------------------------------------------------


@transaction.atomic
def workspace_cancel(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Give up a preparation at whatever step it stands: what the ledger holds is removed. Raises RefusedError,
    ChangedMeanwhile."""
    _decide("workspace.cancel", workspace, by, seen_version)
    operation_begin(workspace, Kind.DESTROY, by=str(by.pk), desired=Desired.DESTROYED, reason=reason)
    workspace_event("workspace.cancelled", workspace, by=str(by.pk))


@transaction.atomic
def workspace_resize(*, workspace: Workspace, by: Person, size: str, seen_version: int) -> None:
    """Give the workspace another size, from the catalogue; it stops and starts for it. Raises RefusedError,
    ChangedMeanwhile."""
    _decide("workspace.resize", workspace, by, seen_version)
    operation_begin(workspace, Kind.RESIZE, by=str(by.pk), desired=Desired.RUNNING, size=size)
    sessions_end(workspace, GatewaySession.End.STOPPED)
    workspace_event("workspace.resize_asked", workspace, by=str(by.pk), data={"size": size})


@transaction.atomic
def workspace_set_budget(*, workspace: Workspace, by: Person, budget: Decimal | None, seen_version: int) -> None:
    """Say how much it may cost in all, in euros without tax; None: no limit. Alerts begin anew. A workspace that a
    used-up budget stopped is started by its team. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.set_budget", workspace, by, seen_version)
    seen = Workspace.objects.filter(pk=workspace.pk, version=seen_version)
    if not seen.update(budget=budget, budget_warned=None, version=F("version") + 1):
        raise ChangedMeanwhile
    data = {"budget": str(budget) if budget is not None else "none"}
    workspace_event("workspace.budget_set", workspace, by=str(by.pk), data=data)


@transaction.atomic
def workspace_rotate_keys(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Renew its keys: access is closed meanwhile. Raises RefusedError, ChangedMeanwhile."""
    _operate("workspace.rotate_keys", Kind.ROTATE_KEYS, "workspace.rotation_asked", workspace, by, seen_version)


@transaction.atomic
def workspace_reconcile(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Check every part and put right what differs; access is closed meanwhile. Raises RefusedError,
    ChangedMeanwhile."""
    _operate("workspace.reconcile", Kind.RECONCILE, "workspace.repair_asked", workspace, by, seen_version)


def _operate(action: str, kind: Kind, event: str, workspace: Workspace, by: Person, seen_version: int) -> None:
    _decide(action, workspace, by, seen_version)
    if not plan_of(workspace.provider, kind):
        raise refusal(Refused((Reason("not_here"),)), REASONS)
    operation_begin(workspace, kind, by=str(by.pk))
    sessions_end(workspace, GatewaySession.End.STOPPED)
    workspace_event(event, workspace, by=str(by.pk))


@transaction.atomic
def step_retry(*, workspace: Workspace, by: Person, seen_version: int) -> None:
    """Try the stopped step again. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.retry_step", workspace, by, seen_version)
    _back_to_work(workspace)
    workspace_event("workspace.step_retried", workspace, by=str(by.pk))


@transaction.atomic
def step_skip(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Leave the stopped step out, for a reason that is kept; steps that isolate, test or remove are never left out.
    Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.skip_step", workspace, by, seen_version)
    step = Step.objects.filter(operation__workspace=workspace, status=Step.Status.FAILED).order_by("-pk").first()
    if step is None or step.name not in SKIPPABLE:
        why = UNSKIPPABLE_BECAUSE.get(step.name, "not_skippable") if step else "not_skippable"
        raise refusal(Refused((Reason(why),)), REASONS)
    step.status, step.waiting_for = Step.Status.SKIPPED, reason
    step.save(update_fields=["status", "waiting_for"])
    _back_to_work(workspace)
    workspace_event("workspace.step_skipped", workspace, by=str(by.pk), data={"step": step.name})


@transaction.atomic
def operation_hand_over(*, workspace: Workspace, by: Person, reason: str, seen_version: int) -> None:
    """Say to whom the matter goes now, and what they should know. Raises RefusedError, ChangedMeanwhile."""
    _decide("workspace.hand_over", workspace, by, seen_version)
    workspace.operations.filter(status=Operation.Status.FAILED).update(handed_to=reason)
    workspace_event("workspace.handed_over", workspace, by=str(by.pk))


def _back_to_work(workspace: Workspace) -> None:
    operation = workspace.operations.filter(status=Operation.Status.FAILED).order_by("-generation").first()
    item = OutboxItem.objects.filter(key=operation.idempotency_key).first() if operation else None
    if item is None or not outbox_retry(item.pk):
        raise ChangedMeanwhile


@dataclass(frozen=True)
class Entry:
    """What the browser hands to the gateway: a secret shown once, and where to post it."""

    ticket: str
    gateway: str


@transaction.atomic
def workspace_open(*, workspace: Workspace, by: Person) -> Entry:
    """Issue a ticket to enter, valid once and for seconds.

    The person's first opening takes their second factor: it raises StepUpMissing without. Raises RefusedError.
    """
    _decide("workspace.open", workspace, by, workspace.version)
    if not has_entered(workspace, by):
        approved = workspace.project.entitlement.definition_hash
        step_up_spend(person=by, action="workspace.open", object_id=str(workspace.pk), content_hash=approved)
    secret = secrets.token_urlsafe(32)
    Ticket.objects.create(
        secret_hash=secret_hash(secret), workspace=workspace, person=by, expires_at=timezone.now() + TICKET_LIFE
    )
    # Whoever enters needs it: it does not stop by itself.
    Workspace.objects.filter(pk=workspace.pk).exclude(idle_warned_at=None).update(idle_warned_at=None)
    workspace_event("workspace.ticket_issued", workspace, by=str(by.pk))
    return Entry(ticket=secret, gateway=gateway_origin(workspace.pk))


def secret_hash(secret: str) -> str:
    """What is kept of a ticket or a cookie: enough to recognise it, useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def gateway_origin(workspace_id: UUID) -> str:
    """The workspace's own origin, such as http://ws-….localhost:8001."""
    return settings.GATEWAY_ORIGIN.format(id=workspace_id.hex)


def _decide(action: str, workspace: Workspace, by: Person, seen_version: int) -> None:
    if workspace.version != seen_version:
        raise ChangedMeanwhile
    decision = decision_for(action, workspace, by)
    if isinstance(decision, Refused):
        raise refusal(decision, REASONS)


def sessions_recheck(*, person_id: UUID | str) -> int:
    """End the person's sessions whose access no longer holds: the gateway cuts them. Gives how many.

    In the transaction of what narrowed their access. The gateway itself looks at every request: this tells it at once,
    and leaves an event.
    """
    open_sessions = GatewaySession.objects.filter(person_id=person_id, ended_at=None)
    lost = open_sessions.exclude(pk__in=sessions_in_force().values("pk")).select_for_update()
    found = list(lost)
    for session in found:
        workspace = Workspace.objects.select_related("project").get(pk=session.workspace_id)
        session_end(session, GatewaySession.End.REVOKED, workspace)
    return len(found)
