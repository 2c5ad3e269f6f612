"""Comparing rows with the world, in two rhythms: this host's sandboxes every half minute, and everything (the cloud,
its prices, deadlines, idleness) every quarter of an hour, a bounded number of workspaces at a time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.core.errors import ChangedMeanwhile
from apps.workspaces import selectors
from apps.workspaces.findings import (
    findings_of_look,
    findings_of_the_destroyed_close,
    findings_of_workspace,
    looks_due,
)
from apps.workspaces.ledger import (
    ACTOR,
    operation_begin,
    session_end,
    sessions_end,
    workspace_event,
    workspace_move,
)
from apps.workspaces.models import CostLine, GatewaySession, Offer, Operation, Ticket, Workspace
from apps.workspaces.notebook import Notes
from apps.workspaces.notices import EXPIRY, IDLE, alerts_give, team_told
from apps.workspaces.providers.base import (
    Difference,
    Job,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    What,
)
from apps.workspaces.providers.configured import local_provider
from apps.workspaces.providers.configured import provider as configured_provider
from apps.workspaces.providers.sandboxed import Sandboxed
from apps.workspaces.reconcile import spec_of
from apps.workspaces.rules import WARNINGS, Call, Desired, Kind, Rest, Status, needed, rest_due, warning_due
from apps.workspaces.sentences import BUDGET_REASON, EXPIRY_REASON, IDLE_REASON

log = structlog.get_logger(__name__)

SURVEYED_AT_ONCE = 20
"""Workspaces compared with the cloud in one run, those not looked at for longest first."""

FAILURES_IN_A_ROW = 3
"""Comparisons that fail one after the other: then it is the cloud that is away, not a workspace."""

LOOKS_AT_ONCE = 48
"""Questions of one run after what exists where no living workspace has it: all kinds in all places within the hour."""

REPAIRS_A_DAY = 3
QUIET_ASKED_AT_ONCE = 50
"""Workspaces without anybody inside that are asked in one run whether something computes, drawn by lot."""
_TICKETS_KEPT = timedelta(days=1)
_ALIVE = frozenset({RunState.STARTING, RunState.RUNNING})
_AT_WORK = frozenset({Status.RUNNING, Status.STOPPED, Status.SUSPENDED})


def sweep() -> None:
    """This host: compare every workspace at rest with its sandbox, begin what is needed, stop what nobody asked for,
    end what expired."""
    if settings.WORKSPACES_DIR is not None or settings.WORKSPACE_PROVIDER == "local":
        provider = local_provider()
        for workspace in selectors.workspaces_at_rest().filter(provider="local"):
            reconcile_run_state(provider, workspace)
        _stop_strangers(provider)
    _end_expired_sessions()


def survey() -> None:
    """Everything else. One part that fails does not hold up the others."""
    for part in (
        _survey_workspaces,
        _look_for_strays,
        _count_costs,
        alerts_give,
        _rest_idle,
        _warn_before_expiry,
        _expire,
    ):
        try:
            part()
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("survey_part_failed", part=part.__name__, error=type(error).__name__)


# ---- does it run, as it should --------------------------------------------------------------------------------------


def reconcile_run_state(provider: Provider, workspace: Workspace) -> None:
    """Begin the operation that would bring a workspace at rest to its desired state, or call a person."""
    seen = provider.observe(workspace.pk)
    need = needed(selectors.situation_of(workspace, seen_running=seen.state in _ALIVE))
    if need is Call.NOTHING:
        return
    if need is Call.PERSON:
        _unless_changed(workspace, lambda: _call_person(workspace, f"The sandbox keeps stopping: {seen.reason}."))
        return
    data = {"kind": str(need), "seen": str(seen.state)}
    _unless_changed(workspace, lambda: _begin(workspace, Kind(need), "workspace.start_needed", data))


def _begin(workspace: Workspace, kind: Kind, event: str, data: dict[str, str], **values: object) -> None:
    operation_begin(workspace, kind, by=ACTOR, **values)
    workspace_event(event, workspace, by=ACTOR, data=data)


def _call_person(workspace: Workspace, reason: str) -> None:
    workspace_move(workspace, Status.FAILED, reason=reason)
    workspace_event("workspace.needs_human", workspace, by=ACTOR)


def _unless_changed(workspace: Workspace, act: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            act()
    except ChangedMeanwhile:
        log.info("workspace_changed_meanwhile", workspace=str(workspace.pk))


def _stop_strangers(provider: Sandboxed) -> None:
    """What runs without a row is stopped, not removed: its contents may be somebody's, so a person decides."""
    known = set(Workspace.objects.values_list("pk", flat=True))
    for workspace_id in provider.list_all():
        if workspace_id not in known:
            log.warning("unknown_workspace_found", workspace=str(workspace_id))
            provider.stop(workspace_id)


def _end_expired_sessions() -> None:
    now = timezone.now()
    Ticket.objects.filter(expires_at__lt=now - _TICKETS_KEPT).delete()
    with transaction.atomic():
        expired = GatewaySession.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            ended_at=None, expires_at__lt=now
        )
        for session in expired.select_related("workspace__project"):
            session_end(session, GatewaySession.End.EXPIRED, session.workspace)


# ---- the cloud ------------------------------------------------------------------------------------------------------


def _survey_workspaces() -> None:
    """One workspace that cannot be compared says so on its page and holds up no other; a cloud that is away is left
    alone until the next run."""
    if settings.WORKSPACE_PROVIDER == "local":
        return
    provider = configured_provider(settings.WORKSPACE_PROVIDER)
    _keep_offers(provider)
    at_rest = selectors.workspaces_at_rest().filter(provider=provider.name)
    longest_ago = (F("surveyed_at").asc(nulls_first=True), "created_at")
    failures = 0
    for workspace in at_rest.order_by(*longest_ago)[:SURVEYED_AT_ONCE]:
        problem = _problem_of(partial(survey_workspace, provider, workspace))
        failures = failures + 1 if problem else 0
        tried = {"surveyed_at": timezone.now(), "survey_problem": problem[:200]}
        Workspace.objects.filter(pk=workspace.pk).update(**tried)
        if failures >= FAILURES_IN_A_ROW:
            return


def _problem_of(act: Callable[[], None]) -> str:
    try:
        act()
    except (ProviderUnavailable, ProviderRefused) as error:
        return str(error) or type(error).__name__
    return ""


def _look_for_strays() -> None:
    """Every kind of thing in every place, a bounded number of questions a run, those not asked for longest first."""
    if settings.WORKSPACE_PROVIDER == "local":
        return
    provider = configured_provider(settings.WORKSPACE_PROVIDER)
    living = Workspace.objects.exclude(status=Status.DESTROYED).values_list("pk", flat=True)
    findings_of_the_destroyed_close()
    for looked in provider.strays(tuple(living), looks_due(provider.looks(), LOOKS_AT_ONCE)):
        findings_of_look(looked)


def survey_workspace(provider: Provider, workspace: Workspace) -> None:
    """Compare one workspace with its ledger: what opens the isolation suspends it at once, unused copies go, and what
    is missing or changed is put right by an operation."""
    job = Job(spec_of(workspace), Notes(workspace, provider.now), timezone.now(), workspace.generation)
    found = provider.survey(job)
    if not _is_in_use(workspace):
        found = tuple(one for one in found if one.opens or one.what is not What.CHANGED)
    findings_of_workspace(found, workspace)
    _discard(provider, job, found)
    opening = [one for one in found if one.opens]
    if opening and workspace.status != Status.SUSPENDED:
        _unless_changed(workspace, lambda: _suspend(workspace, opening))
    elif any(one.what in {What.MISSING, What.CHANGED} for one in found) and _is_in_use(workspace):
        _unless_changed(workspace, lambda: _repair(workspace, len(found)))
    elif not opening:
        reconcile_run_state(provider, workspace)


def remove_copies(provider: Provider, workspace: Workspace) -> None:
    """Only the part of a survey that removes copies nobody uses, whatever is under way."""
    job = Job(spec_of(workspace), Notes(workspace, provider.now), timezone.now(), workspace.generation)
    _discard(provider, job, provider.survey(job))


def _discard(provider: Provider, job: Job, found: Iterable[Difference]) -> None:
    for one in found:
        if one.useless:
            provider.discard(job, one)


def _is_in_use(workspace: Workspace) -> bool:
    return (workspace.status, workspace.desired) == (Status.RUNNING, Desired.RUNNING)


def _suspend(workspace: Workspace, opening: list[Difference]) -> None:
    """Access is cut in this very transaction; keys and power follow."""
    reason = (
        "The isolation was weakened from outside: " + "; ".join(sorted({one.detail for one in opening}))[:400] + "."
    )
    operation_begin(workspace, Kind.SUSPEND, by=ACTOR, desired=Desired.SUSPENDED, reason=reason)
    sessions_end(workspace, GatewaySession.End.SUSPENDED)
    workspace_event("workspace.suspended_by_drift", workspace, by=ACTOR, data={"differences": len(opening)})


def _repair(workspace: Workspace, differences: int) -> None:
    since = timezone.now() - timedelta(days=1)
    recent = workspace.operations.filter(kind=Kind.RECONCILE, created_at__gte=since).count()
    if recent >= REPAIRS_A_DAY:
        _call_person(workspace, f"It was repaired {recent} times today and still differs from what it should be.")
        return
    _begin(workspace, Kind.RECONCILE, "workspace.repair_needed", {"differences": str(differences)})


def _keep_offers(provider: Provider) -> None:
    now = timezone.now()
    rows = [
        Offer(
            provider=provider.name, code=one.code, processors=one.processors, memory=one.memory, gpu=one.gpu,
            gpus=one.gpus, hourly=round(one.hourly, 4), available=one.available, read_at=now,
        )
        for one in provider.offers()
    ]  # fmt: skip
    Offer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["provider", "code"],
        update_fields=["processors", "memory", "gpu", "gpus", "hourly", "available", "read_at"],
    )


# ---- money, idleness, deadlines -------------------------------------------------------------------------------------


def _count_costs() -> None:
    """One line for each hour in which a workspace runs, or rests because nobody needed it; a budget that is used up
    stops it."""
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    prices = {(one.provider, one.code): one.hourly for one in Offer.objects.all()}
    running = Workspace.objects.select_related("project").filter(status=Status.RUNNING)
    resting = Workspace.objects.filter(status=Status.STOPPED).exclude(idle_stopped_at=None)
    lines = [_line(one, hour, prices, "amount") for one in running]
    lines += [_line(one, hour, prices, "saved") for one in resting]
    CostLine.objects.bulk_create((one for one in lines if one), ignore_conflicts=True)
    for workspace in selectors.over_budget(running):
        _unless_changed(workspace, partial(_stop, workspace, BUDGET_REASON))


def _line(
    workspace: Workspace, hour: datetime, prices: Mapping[tuple[str, str], Decimal], column: str
) -> CostLine | None:
    size = workspace.size or selectors.usual_size(workspace.provider)
    price = prices.get((workspace.provider, size))
    if price is None:
        return None
    return CostLine(workspace=workspace, hour=hour, size=size, **{"amount": Decimal(0), column: price})


def _rest_idle() -> None:
    """Where nobody is inside and nothing computes, the team is told, and later it stops: any member may start it
    again."""
    policy, now = selectors.idle_policy(), timezone.now()
    quiet = selectors.quiet_since(now - policy.quiet_enough)
    Workspace.objects.exclude(idle_warned_at=None).exclude(pk__in=quiet.values("pk")).update(idle_warned_at=None)
    for workspace in quiet.order_by("?")[:QUIET_ASKED_AT_ONCE]:
        warned_for = now - workspace.idle_warned_at if workspace.idle_warned_at else None
        act = _AT_REST.get(rest_due(_idle(workspace), warned_for, policy))
        if act:
            _unless_changed(workspace, partial(act, workspace))


def _idle(workspace: Any) -> timedelta | None:
    """For how long nobody was inside and nothing computed; None where its provider cannot say."""
    quiet = timezone.now() - max(filter(None, (workspace.left_at, workspace.changed_at)))
    try:
        job = Job(spec_of(workspace), Notes(workspace, timezone.now), timezone.now(), workspace.generation)
        computed = configured_provider(workspace.provider).idle(job)
    except (ProviderUnavailable, ProviderRefused):
        return None
    return min(quiet, computed) if computed is not None else None


def _warn_idle(workspace: Workspace) -> None:
    now = timezone.now()
    if Workspace.objects.filter(pk=workspace.pk, version=workspace.version).update(idle_warned_at=now):
        workspace_event("workspace.idle_warned", workspace, by=ACTOR)
        team_told(workspace, IDLE, f"{now:%Y%m%dT%H%M}")


def _awake(workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(idle_warned_at=None)


def _stop_idle(workspace: Workspace) -> None:
    _stop(workspace, IDLE_REASON, idle_stopped_at=timezone.now())


_AT_REST: Mapping[Rest, Callable[[Workspace], None]] = {
    Rest.WARN: _warn_idle,
    Rest.STOP: _stop_idle,
    Rest.AWAKE: _awake,
}


def _stop(workspace: Workspace, reason: str, **values: object) -> None:
    sessions_end(workspace, GatewaySession.End.STOPPED)
    _begin(workspace, Kind.STOP, "workspace.stopped_by_itself", {}, desired=Desired.STOPPED, reason=reason, **values)


def _warn_before_expiry() -> None:
    """Thirty, seven and one day before the end, each once; after an extension anew."""
    today = timezone.localdate()
    later = today + timedelta(days=max(WARNINGS))
    Workspace.objects.filter(days_warned__isnull=False, project__entitlement__ends_on__gt=later).update(
        days_warned=None
    )
    for workspace in selectors.workspaces_living().filter(status__in=_AT_WORK):
        days = (workspace.project.entitlement.ends_on - today).days
        mark = warning_due(days, workspace.days_warned)
        if mark is not None:
            with transaction.atomic():
                Workspace.objects.filter(pk=workspace.pk).update(days_warned=mark)
                workspace_event("workspace.expires_soon", workspace, by=ACTOR, data={"days": days})
                team_told(workspace, EXPIRY, f"{workspace.project.entitlement.ends_on}:{mark}")


def _expire() -> None:
    """The entitlement is over: access ends, keys go, the data waits for the decision on the last export."""
    is_over = Q(project__entitlement__ends_on__lt=timezone.localdate()) | Q(project__ended_on__isnull=False)
    over = selectors.workspaces_living().filter(is_over)
    busy = Operation.objects.filter(status="running", kind__in=[Kind.EXPIRE, Kind.DESTROY]).values("workspace_id")
    for workspace in over.exclude(status__in=[Status.EXPIRING, Status.DESTROYING, Status.DESTROYED]).exclude(
        pk__in=busy
    ):
        _unless_changed(workspace, partial(_begin_expiry, workspace))


def _begin_expiry(workspace: Workspace) -> None:
    sessions_end(workspace, GatewaySession.End.EXPIRED)
    _begin(workspace, Kind.EXPIRE, "workspace.expired", {}, desired=Desired.EXPIRED, reason=EXPIRY_REASON)
