"""Making the rows of workspaces true: one idempotent, non-blocking step a call. The sweeps are in `sweeping`."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.core.outbox import Again, Done, Lease, NeedsHuman, Outcome
from apps.core.selectors import database_now
from apps.workspaces.common_steps import COMMON_STEPS
from apps.workspaces.ledger import ACTOR, resource_keep, resources_removed, workspace_event, workspace_move
from apps.workspaces.models import Operation, Step, Workspace
from apps.workspaces.notebook import Notes
from apps.workspaces.providers.base import (
    Job,
    Made,
    NotYet,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    ProviderWaits,
    WorkspaceSpec,
    full_jitter,
)
from apps.workspaces.providers.configured import limits_of
from apps.workspaces.providers.configured import provider as configured_provider
from apps.workspaces.rules import AFTER, DURING, Kind, Status, may_move
from apps.workspaces.selectors import operation_to_advance

log = structlog.get_logger(__name__)

PATIENCE = timedelta(hours=2)
"""How long a step may wait for the cloud before a person is called; the extract and capacity are waited for longer."""

CAPACITY_LOOK_AGAIN = timedelta(minutes=5)
MOST_FAILURES = 60
"""Failures in a row, with full jitter up to a minute: about half an hour of an absent provider."""

_OVER = frozenset({Operation.Status.DONE, Operation.Status.REPLACED})
_MADE = (Step.Status.DONE, Step.Status.SKIPPED)
_PATIENT = frozenset({"wait_for_extract"})


def advance(lease: Lease) -> Outcome:
    """Make the next step of an operation, or find that it is over."""
    operation = operation_to_advance(lease.subject_id)
    if operation.status in _OVER:
        return Done()
    provider = configured_provider(operation.workspace.provider)
    step = _begin(operation, lease)
    if step is None:
        return Done()
    return _make(provider, operation, step, lease)


def _make(provider: Provider, operation: Operation, step: Step, lease: Lease) -> Outcome:
    notes = Notes(operation.workspace, provider.now, lease)
    try:
        result = _perform(provider, operation, step, notes)
    except ProviderRefused as error:
        return NeedsHuman(str(error))
    except ProviderWaits as error:
        return _wait_for_capacity(operation, step, str(error), lease)
    except ProviderUnavailable as error:
        return Again(error.after) if error.after else _again_later(step, str(error))
    finally:
        notes.write_exchanges(operation, step)
    return _not_yet(step, result) if isinstance(result, NotYet) else _record(operation, step, result, lease, notes)


def _perform(provider: Provider, operation: Operation, step: Step, notes: Notes) -> Made | NotYet:
    # On this process's own clock, by which the provider reads the time: another worker may have begun the step.
    started = timezone.now() - _under_way_for(step)
    job = Job(spec_of(operation.workspace), notes, started, operation.generation)
    common = COMMON_STEPS.get(step.name)
    return common(provider, operation, job) if common else provider.perform(step.name, job)


@transaction.atomic
def _begin(operation: Operation, lease: Lease) -> Step | None:
    """Mark the first unfinished step as under way; a retried operation is under way again, and so is its workspace."""
    lease.hold()
    step = operation.steps.exclude(status__in=_MADE).first()
    if step is None:
        return None
    is_retried = operation.status == Operation.Status.FAILED
    if is_retried or operation.workspace.status == Status.REQUESTED:
        Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.RUNNING, finished_at=None)
        workspace_move(operation.workspace, DURING[Kind(operation.kind)])
    step.status, step.attempt = Step.Status.ACTIVE, step.attempt + 1
    step.started_at = database_now() if is_retried or step.started_at is None else step.started_at
    step.save(update_fields=["status", "attempt", "started_at"])
    return step


def _under_way_for(step: Step) -> timedelta:
    """For how long, by the clock that all workers share: their own may differ by hours."""
    return database_now() - step.started_at if step.started_at else timedelta(0)


def _not_yet(step: Step, result: NotYet) -> Outcome:
    """Wait, and say for what; beyond all patience a person is called."""
    waited = _under_way_for(step)
    if waited > PATIENCE and step.name not in _PATIENT:
        return NeedsHuman(f"Nothing moved for {waited.total_seconds() / 3600:.0f} hours: {result.why or step.name}.")
    Step.objects.filter(pk=step.pk).update(failures=0, waiting_for=result.why)
    return Again(result.after)


def _again_later(step: Step, why: str) -> Outcome:
    """The provider is away, busy or did not answer: come back after a random while, look first, and do not count it as
    the item's own failure."""
    if step.failures + 1 >= MOST_FAILURES:
        Step.objects.filter(pk=step.pk).update(failures=0)
        return NeedsHuman(f"{MOST_FAILURES} attempts in a row failed, the last one: {why}.")
    Step.objects.filter(pk=step.pk).update(failures=step.failures + 1, waiting_for=why)
    return Again(full_jitter(step.failures))


@transaction.atomic
def _wait_for_capacity(operation: Operation, step: Step, why: str, lease: Lease) -> Outcome:
    lease.hold()
    workspace = operation.workspace
    Step.objects.filter(pk=step.pk).update(failures=0, waiting_for=why)
    if may_move(Status(workspace.status), Status.WAITING_CAPACITY):
        workspace_move(workspace, Status.WAITING_CAPACITY, reason=why)
        workspace_event("workspace.waits_for_capacity", workspace, by=ACTOR, data={"step": step.name})
    return Again(CAPACITY_LOOK_AGAIN + full_jitter(5))


@transaction.atomic
def _record(operation: Operation, step: Step, made: Made, lease: Lease, notes: Notes) -> Outcome:
    lease.hold()
    workspace = operation.workspace
    for kind, external_id, observed in _news(made, notes):
        resource_keep(workspace, kind, external_id, observed)
    step.status, step.finished_at = Step.Status.DONE, timezone.now()
    step.external_id = made.resources[0][1] if made.resources else ""
    step.failures, step.waiting_for = 0, ""
    step.save(update_fields=["status", "finished_at", "external_id", "failures", "waiting_for"])
    if workspace.status == Status.WAITING_CAPACITY:
        workspace_move(workspace, DURING[Kind(operation.kind)], reason="")
    workspace_event(f"workspace.step.{step.name}", workspace, by=ACTOR, data={"operation": str(operation.pk)})
    if operation.steps.exclude(status__in=_MADE).exists():
        return Again()
    _finish(operation)
    return Done()


def _news(made: Made, notes: Notes) -> Iterable[tuple[str, str, dict[str, str]]]:
    """Resources that the ledger does not already hold just so."""
    for kind, external_id, observed in made.resources:
        known = notes.known(kind)
        if known is None or known.external_id != external_id or dict(known.facts) != dict(observed):
            yield kind, external_id, dict(observed)


_FINISHED_EVENT = {
    **dict.fromkeys(Kind, "workspace.ready"),
    Kind.STOP: "workspace.stopped",
    Kind.SUSPEND: "workspace.stopped",
    Kind.EXPIRE: "workspace.stopped",
    Kind.DESTROY: "workspace.destroyed",
}


_RUNS = {"route_open": True, "reason": "", "idle_warned_at": None, "idle_stopped_at": None}


def _finish(operation: Operation) -> None:
    kind, workspace = Kind(operation.kind), operation.workspace
    Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.DONE, finished_at=timezone.now())
    after = AFTER[kind]
    values = _RUNS if after is Status.RUNNING else {}
    workspace_move(workspace, after, **values)
    if kind is Kind.DESTROY:
        resources_removed(workspace)
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
    left = None
    if workspace.budget is not None:
        spent = workspace.costs.aggregate(sum=Sum("amount"))["sum"] or 0
        left = float(workspace.budget - spent)
    limits = limits_of(workspace.provider, workspace.size)
    if workspace.extract_id is None:
        return WorkspaceSpec(workspace.pk, None, limits, workspace.size, left)
    if settings.DELIVERY_DIR is None:
        raise ProviderRefused("HDH_DELIVERY_DIR must be set for this process.")
    # The client of object stores stays out of processes that only enqueue.
    from apps.extracts.engine.places import place_of

    delivery = place_of(str(settings.DELIVERY_DIR)) / str(workspace.extract_id)
    return WorkspaceSpec(workspace.pk, delivery, limits, workspace.size, left, workspace.extract_manifest)
