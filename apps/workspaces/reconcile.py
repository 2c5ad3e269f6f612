"""Making the rows of workspaces true: one idempotent, non-blocking step a call, and a sweep that compares with the
world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core.errors import ChangedMeanwhile
from apps.core.outbox import Again, Done, Lease, NeedsHuman, Outcome
from apps.workspaces import probe
from apps.workspaces.ledger import (
    ACTOR,
    operation_begin,
    resource_keep,
    resources_removed,
    session_end,
    sessions_end,
    workspace_event,
    workspace_move,
)
from apps.workspaces.models import GatewaySession, Operation, Step, Ticket, Workspace
from apps.workspaces.providers.base import Observation, Provider, ProviderRefused, RunState, SelfTest, WorkspaceSpec
from apps.workspaces.providers.configured import provider as configured_provider
from apps.workspaces.rules import AFTER, DURING, Call, Kind, Status, needed
from apps.workspaces.selectors import operation_to_advance, situation_of, workspaces_at_rest

log = structlog.get_logger(__name__)

_EXTRACT_LOOK_AGAIN = timedelta(seconds=2)
_ANSWER_WITHIN = timedelta(seconds=90)
_TICKETS_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """The step is complete; `resources` go into the ledger as (kind, external id, what was observed)."""

    resources: tuple[tuple[str, str, Mapping[str, str]], ...] = field(default=())


@dataclass(frozen=True)
class NotYet:
    """Nothing more can be done before this time has passed."""

    after: timedelta = timedelta(0)


def advance(lease: Lease) -> Outcome:
    """Make the next step of an operation, or find that it is over. Raises ProviderUnavailable to be tried again."""
    operation = operation_to_advance(lease.subject_id)
    if operation.status in {Operation.Status.DONE, Operation.Status.REPLACED}:
        return Done()
    step = _begin(operation, lease)
    if step is None:
        return Done()
    try:
        result = _MAKE[step.name](configured_provider(), operation.workspace, step)
    except ProviderRefused as error:
        return NeedsHuman(str(error))
    if isinstance(result, NotYet):
        return Again(result.after)
    return _record(operation, step, result, lease)


@transaction.atomic
def _begin(operation: Operation, lease: Lease) -> Step | None:
    """Mark the first unfinished step as under way; a retried operation is under way again, and so is its workspace."""
    lease.hold()
    step = operation.steps.exclude(status=Step.Status.DONE).first()
    if step is None:
        return None
    kind = Kind(operation.kind)
    if operation.status == Operation.Status.FAILED or operation.workspace.status == Status.REQUESTED:
        Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.RUNNING, finished_at=None)
        workspace_move(operation.workspace, DURING[kind])
    step.status, step.attempt = Step.Status.ACTIVE, step.attempt + 1
    step.started_at = step.started_at or timezone.now()
    step.save(update_fields=["status", "attempt", "started_at"])
    return step


@transaction.atomic
def _record(operation: Operation, step: Step, made: Made, lease: Lease) -> Outcome:
    lease.hold()
    workspace = operation.workspace
    for kind, external_id, observed in made.resources:
        resource_keep(workspace, kind, external_id, observed)
    step.status, step.finished_at = Step.Status.DONE, timezone.now()
    step.external_id = made.resources[0][1] if made.resources else ""
    step.save(update_fields=["status", "finished_at", "external_id"])
    workspace_event(f"workspace.step.{step.name}", workspace, by=ACTOR, data={"operation": str(operation.pk)})
    if operation.steps.exclude(status=Step.Status.DONE).exists():
        return Again()
    _finish(operation)
    return Done()


_FINISHED_EVENT = {
    Kind.PROVISION: "workspace.ready",
    Kind.START: "workspace.ready",
    Kind.RESUME: "workspace.ready",
    Kind.SUSPEND: "workspace.stopped",
    Kind.DESTROY: "workspace.destroyed",
}


def _finish(operation: Operation) -> None:
    kind, workspace = Kind(operation.kind), operation.workspace
    Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.DONE, finished_at=timezone.now())
    after = AFTER[kind]
    values = {"route_open": True, "reason": ""} if after is Status.RUNNING else {}
    workspace_move(workspace, after, **values)
    workspace_event(_FINISHED_EVENT[kind], workspace, by=ACTOR, data={"generation": operation.generation})


def operation_given_up(operation_id: str, reason: str) -> None:
    """The machine stopped: operation and workspace say why and wait for a person. In the outbox's transaction."""
    operation = operation_to_advance(operation_id)
    if operation.status != Operation.Status.RUNNING:
        return
    Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.FAILED)
    operation.steps.filter(status=Step.Status.ACTIVE).update(status=Step.Status.FAILED)
    workspace_move(operation.workspace, Status.FAILED, reason=reason)
    workspace_event("workspace.needs_human", operation.workspace, by=ACTOR, data={"operation": operation_id})


def spec_of(workspace: Workspace) -> WorkspaceSpec:
    """The workspace as its provider needs to know it. Raises ProviderRefused where deliveries cannot be read."""
    if workspace.extract_id is None:
        return WorkspaceSpec(id=workspace.pk, data=None)
    if settings.DELIVERY_DIR is None:
        raise ProviderRefused("HDH_DELIVERY_DIR must be set for this process.")
    return WorkspaceSpec(id=workspace.pk, data=settings.DELIVERY_DIR / str(workspace.extract_id))


def _check_host(provider: Provider, workspace: Workspace, step: Step) -> Made:
    problems = provider.check()
    if problems:
        raise ProviderRefused(" ".join(f"{one.cause} {one.fix}" for one in problems))
    return Made()


def _home(provider: Provider, workspace: Workspace, step: Step) -> Made:
    made = provider.provision(spec_of(workspace))
    return Made(tuple((kind, external_id, {}) for kind, external_id in made.items()))


def _wait_for_extract(provider: Provider, workspace: Workspace, step: Step) -> Made | NotYet:
    return Made() if workspace.extract_id else NotYet(_EXTRACT_LOOK_AGAIN)


def _sandbox_start(provider: Provider, workspace: Workspace, step: Step) -> Made:
    spec = spec_of(workspace)
    external_id = provider.start(spec)
    return Made((("sandbox", external_id, {"generation": str(workspace.generation)}),))


def _answers(provider: Provider, workspace: Workspace, step: Step) -> Made | NotYet:
    """Asks the application itself; while it starts, its door is open and the question simply waits a moment."""
    seen = provider.observe(workspace.pk)
    _refuse_unless_alive(seen)
    if probe.answers(provider.endpoint(workspace.pk)):
        return Made()
    if step.started_at and timezone.now() - step.started_at > _ANSWER_WITHIN:
        raise ProviderRefused(f"JupyterLab did not answer within {_ANSWER_WITHIN.seconds} seconds.")
    return NotYet()


def _refuse_unless_alive(seen: Observation) -> None:
    if seen.state not in {RunState.STARTING, RunState.RUNNING}:
        raise ProviderRefused(
            f"The sandbox stopped by itself: {seen.reason or 'no reason given'}.{_escapes(seen.self_test)}"
        )


def _escapes(test: SelfTest | None) -> str:
    return f" Escaped: {', '.join(test.escapes)}." if test and test.escapes else ""


def _self_test(provider: Provider, workspace: Workspace, step: Step) -> Made:
    seen = provider.observe(workspace.pk)
    _refuse_unless_alive(seen)
    if seen.self_test is None or not seen.self_test.passed:
        raise ProviderRefused(f"The isolation self-test did not pass.{_escapes(seen.self_test)}")
    facts = {**seen.facts, "attempts": str(seen.self_test.attempts)}
    return Made((("isolation", f"{seen.self_test.attempts} attempts, 0 escapes", facts),))


def _open_route(provider: Provider, workspace: Workspace, step: Step) -> Made:
    """The route is a column that the gateway reads: `_finish` opens it in the transaction that says "running"."""
    return Made((("route", workspace.pk.hex, {}),))


@transaction.atomic
def _revoke_sessions(provider: Provider, workspace: Workspace, step: Step) -> Made:
    """Once more than at the decision: whoever had slipped in with a ticket issued before it."""
    Ticket.objects.filter(workspace=workspace, used_at=None).update(used_at=timezone.now())
    sessions_end(workspace, GatewaySession.End.SUSPENDED)
    return Made()


def _close_route(provider: Provider, workspace: Workspace, step: Step) -> Made:
    Workspace.objects.filter(pk=workspace.pk).update(route_open=False)
    return Made()


def _sandbox_stop(provider: Provider, workspace: Workspace, step: Step) -> Made | NotYet:
    if provider.observe(workspace.pk).state in {RunState.STARTING, RunState.RUNNING}:
        provider.stop(workspace.pk)
        return NotYet()
    return Made()


def _remove(provider: Provider, workspace: Workspace, step: Step) -> Made:
    provider.destroy(workspace.pk)
    with transaction.atomic():
        resources_removed(workspace)
    return Made()


_MAKE: dict[str, Callable[[Provider, Workspace, Step], Made | NotYet]] = {
    "check_host": _check_host,
    "home": _home,
    "wait_for_extract": _wait_for_extract,
    "sandbox_start": _sandbox_start,
    "answers": _answers,
    "self_test": _self_test,
    "open_route": _open_route,
    "revoke_sessions": _revoke_sessions,
    "close_route": _close_route,
    "sandbox_stop": _sandbox_stop,
    "remove": _remove,
}


def sweep() -> None:
    """Compare every workspace at rest with the world, begin what is needed, stop what nobody asked for, end what
    expired."""
    provider = configured_provider()
    for workspace in workspaces_at_rest():
        _reconcile(provider, workspace)
    _stop_strangers(provider)
    _end_expired()


def _reconcile(provider: Provider, workspace: Workspace) -> None:
    seen = provider.observe(workspace.pk)
    running = seen.state in {RunState.STARTING, RunState.RUNNING}
    need = needed(situation_of(workspace, seen_running=running))
    if need is Call.NOTHING:
        return
    try:
        with transaction.atomic():
            if need is Call.PERSON:
                workspace_move(workspace, Status.FAILED, reason=f"The sandbox keeps stopping: {seen.reason}.")
                workspace_event("workspace.needs_human", workspace, by=ACTOR)
            else:
                operation_begin(workspace, Kind(need), by=ACTOR)
                workspace_event(
                    "workspace.start_needed", workspace, by=ACTOR, data={"kind": str(need), "seen": str(seen.state)}
                )
    except ChangedMeanwhile:
        log.info("workspace_changed_meanwhile", workspace=str(workspace.pk))


def _stop_strangers(provider: Provider) -> None:
    """What runs without a row is stopped, not removed: its contents may be somebody's, so a person decides."""
    known = set(Workspace.objects.values_list("pk", flat=True))
    for workspace_id in provider.list_all():
        if workspace_id not in known:
            log.warning("unknown_workspace_found", workspace=str(workspace_id))
            provider.stop(workspace_id)


def _end_expired() -> None:
    now = timezone.now()
    Ticket.objects.filter(expires_at__lt=now - _TICKETS_KEPT).delete()
    with transaction.atomic():
        expired = GatewaySession.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            ended_at=None, expires_at__lt=now
        )
        for session in expired.select_related("workspace__project"):
            session_end(session, GatewaySession.End.EXPIRED, session.workspace)
