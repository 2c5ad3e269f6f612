"""Reading workspaces: who may see which, what the project's page shows, what the gateway asks on every request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, F, Max, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from apps.accounts.models import Person
from apps.core.reading_together import read_together
from apps.core.rules import Decision, Reason, Refused, Role
from apps.people.selectors.accreditation import people_accredited
from apps.projects.models import Membership, Project
from apps.projects.rules import entitlement_holds
from apps.projects.selectors import mandated_now, projects_visible_to, roles_for, roles_in, unmet_by_project, unmet_for
from apps.workspaces.models import CloudRequest, CostLine, Finding, GatewaySession, Offer, Operation, Step, Workspace
from apps.workspaces.plans import SKIPPABLE, UNSKIPPABLE_BECAUSE
from apps.workspaces.rules import Desired, Facts, IdlePolicy, Kind, Seen, Situation, Status, decide
from apps.workspaces.sentences import STEP_LABELS, reason_sentences

_ASKED = ("start", "stop", "suspend", "resume", "destroy", "certificate")
_UNDER_WAY = frozenset({Step.Status.WAITING, Step.Status.ACTIVE})
RECENT = timedelta(minutes=10)
USUAL_SIZES = {"scaleway": "PRO2-S"}


def workspaces_visible_to(person: Person) -> QuerySet[Workspace]:
    """The workspaces of the projects that the person may see, all of them for an operator; for others they do not
    exist."""
    workspaces = Workspace.objects.select_related("project__entitlement")
    if Role.OPERATOR in person.staff_roles:
        return workspaces
    return workspaces.filter(project__in=projects_visible_to(person))


def decision_for(action: str, workspace: Workspace, person: Person) -> Decision:
    """What the rules say about this person, this workspace and now."""
    return decide(action, roles_for(person, workspace.project), facts_for(action, workspace, person))


def facts_for(action: str, workspace: Workspace, person: Person) -> Facts:
    """What a decision about this action of this person needs to know: every condition of access to enter, those of
    the project to lift a suspension, none to suspend.
    """
    facts = facts_of(workspace)
    if action in {"workspace.open", "workspace.start"}:
        return replace(facts, unmet=unmet_for(workspace.project, person))
    if action == "workspace.resume":
        return replace(facts, unmet=unmet_by_project(workspace.project, person))
    return facts


def has_entered(workspace: Workspace, person: Person) -> bool:
    """Whether the person was given a ticket to this workspace before."""
    return workspace.tickets.filter(person=person).exists()


def workspace_action_allowed(action: str, workspace: Workspace, person: Person) -> bool:
    """Whether the rules allow this now."""
    return not isinstance(decision_for(action, workspace, person), Refused)


def facts_of(workspace: Workspace) -> Facts:
    """What a decision needs to know of a workspace read with its project and entitlement."""
    project = workspace.project
    entitled = entitlement_holds(
        project_status=project.status,
        starts_on=project.entitlement.starts_on,
        ends_on=project.entitlement.ends_on,
        today=timezone.localdate(),
    )
    return Facts(status=Status(workspace.status), entitled=entitled)


@dataclass(frozen=True)
class StepLine:
    """One step as people see it."""

    label: str
    status: str
    at: datetime | None


@dataclass(frozen=True)
class Progress:
    """A workspace as the project's page shows it: its steps, what may be done, and why something may not."""

    workspace: Workspace
    kind: str
    steps: tuple[StepLine, ...]
    may_open: bool
    why_not: tuple[str, ...]
    may: frozenset[str]
    days_left: int
    spent: Decimal
    saved: Decimal
    estimate: Decimal | None

    @property
    def stops_at(self) -> datetime | None:
        """When it stops by itself at the earliest, once the team was told."""
        warned_at = self.workspace.idle_warned_at
        return warned_at + idle_policy().warning if warned_at and self.workspace.status == Status.RUNNING else None

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again by itself: a step is to come, and no person has to come first."""
        return any(step.status in _UNDER_WAY for step in self.steps) and self.workspace.status != Status.FAILED


def workspace_progress(project: Project, person: Person) -> Progress | None:
    """The workspace of a project for this person's eyes; None before there is one. A fixed number of queries."""
    workspaces = Workspace.objects.select_related("project__entitlement").filter(project=project)
    newest = Operation.objects.filter(workspace__project=project).order_by("-generation")[:1]
    steps = Step.objects.filter(operation=newest.values("pk"))
    costs = _costs(CostLine.objects.filter(workspace__project=project))
    memberships = Membership.objects.filter(project=project, person=person)
    read_together(workspaces, newest, steps, costs, memberships)
    workspace = next(iter(workspaces), None)
    if workspace is None:
        return None
    roles, facts = person.staff_roles | roles_in(memberships), facts_of(workspace)
    may_enter = replace(facts, unmet=unmet_for(project, person))
    opening = decide("workspace.open", roles, may_enter)
    return Progress(
        workspace=workspace,
        kind=newest[0].kind if newest else "",
        steps=tuple(map(_line, steps)),
        may_open=not isinstance(opening, Refused),
        why_not=reason_sentences(opening.reasons) if isinstance(opening, Refused) else (),
        may=_may(roles, facts, may_enter),
        days_left=(workspace.project.entitlement.ends_on - timezone.localdate()).days,
        **_sums(costs),
        estimate=hourly_price(workspace),
    )


def _may(roles: frozenset[Role], facts: Facts, may_enter: Facts) -> frozenset[str]:
    """Which buttons the page shows; the service asks for every condition again."""
    facts_by_name = {"start": may_enter}
    asked = {name: decide(f"workspace.{name}", roles, facts_by_name.get(name, facts)) for name in _ASKED}
    return frozenset(name for name, decision in asked.items() if not isinstance(decision, Refused))


def spent_by(workspace: Workspace) -> Decimal:
    """What it cost so far, in euros without tax."""
    return _sums(_costs(CostLine.objects.filter(workspace=workspace)))["spent"]


def _costs(lines: QuerySet[CostLine]) -> QuerySet[Any, Any]:
    """What the lines of one workspace come to, spent and saved: one row, none before there is a line."""
    sums = lines.order_by().values("workspace").annotate(spent_sum=Sum("amount"), saved_sum=Sum("saved"))
    return sums.values_list("spent_sum", "saved_sum")


def _sums(rows: QuerySet[Any, Any]) -> dict[str, Decimal]:
    """What was spent, and what was saved by stopping while nobody needed it."""
    spent, saved = next(iter(rows), (Decimal(0), Decimal(0)))
    return {"spent": spent, "saved": saved}


def hourly_price(workspace: Workspace) -> Decimal | None:
    """What an hour of it costs by the catalogue, None where nothing is charged."""
    size = workspace.size or usual_size(workspace.provider)
    found = Offer.objects.filter(provider=workspace.provider, code=size).values_list("hourly", flat=True)
    return found.first()


def _line(step: Step) -> StepLine:
    return StepLine(str(STEP_LABELS[step.name]), step.status, step.finished_at or step.started_at)


def operation_to_advance(operation_id: str) -> Operation:
    """An operation with its workspace and dossier. One query."""
    return Operation.objects.select_related("workspace__project__entitlement").get(pk=operation_id)


def workspaces_at_rest() -> QuerySet[Workspace]:
    """Workspaces with nothing under way, not yet destroyed: those a reconciler compares with the world."""
    busy = Operation.objects.filter(status__in=["running", "failed"]).values("workspace_id")
    return Workspace.objects.select_related("project").exclude(pk__in=busy).exclude(status=Status.DESTROYED)


def operated(workspace: Workspace) -> dict[str, Any]:
    """What an operator sees of one workspace: its last operations, the steps of the newest, every request with its
    answer, the ledger, what differs, and what may be done. A fixed number of queries."""
    operations = workspace.operations.order_by("-generation")[:10]
    last = workspace.operations.order_by("-generation").values("pk")[:1]
    steps = Step.objects.filter(operation=last)
    requests = CloudRequest.objects.filter(operation=last).select_related("step").order_by("-asked_at")[:200]
    resources, findings = workspace.resources.order_by("created_at"), workspace.findings.filter(resolved_at=None)
    costs = _costs(CostLine.objects.filter(workspace=workspace))
    read_together(operations, steps, requests, resources, findings, costs)
    stopped = next((one for one in steps if one.status == Step.Status.FAILED), None)
    return {
        "workspace": workspace,
        "operations": operations,
        "newest": next(iter(operations), None),
        "steps": [(one, str(STEP_LABELS[one.name])) for one in steps],
        "requests": requests,
        "stopped": stopped,
        "may_skip": stopped is not None and stopped.name in SKIPPABLE,
        "why_not_skip": _why_not_skip(stopped.name) if stopped else "",
        "resources": resources,
        "findings": findings,
        **_sums(costs),
        "hourly": hourly_price(workspace),
    }


def _why_not_skip(step: str) -> str:
    """Why this step cannot be left out, and what to do instead; empty where it can."""
    reason = Reason(UNSKIPPABLE_BECAUSE.get(step, "not_skippable"))
    return "" if step in SKIPPABLE else reason_sentences((reason,))[0]


def workspaces_for_operators() -> QuerySet[Workspace]:
    """All workspaces, those that need a person first."""
    first = Case(When(status=Status.FAILED, then=0), When(status=Status.DESTROYED, then=2), default=1)
    return (
        Workspace.objects.select_related("project__application")
        .annotate(turn=first)
        .order_by("turn", "-changed_at", "pk")
    )


def findings_open() -> QuerySet[Finding]:
    """Differences that the latest surveys saw, those that open an isolation first."""
    return Finding.objects.select_related("workspace").filter(resolved_at=None)


def offers_of(provider: str) -> QuerySet[Offer]:
    """The sizes that may be chosen, cheapest first."""
    return Offer.objects.filter(provider=provider)


def workspaces_living() -> QuerySet[Workspace]:
    """Workspaces that are not destroyed, with project and entitlement."""
    return Workspace.objects.select_related("project__entitlement").exclude(status=Status.DESTROYED)


def usual_size(provider: str) -> str:
    """The size of a workspace for which none was chosen."""
    return USUAL_SIZES.get(provider, "")


def usual_offer() -> Offer | None:
    """What the catalogue says of the size that a new workspace has; None where nothing is billed. One query at most."""
    code = usual_size(settings.WORKSPACE_PROVIDER)
    return Offer.objects.filter(provider=settings.WORKSPACE_PROVIDER, code=code).first() if code else None


def over_budget(workspaces: QuerySet[Workspace]) -> QuerySet[Workspace]:
    """Those of them whose costs have reached their budget."""
    return workspaces.exclude(budget=None).annotate(spent=Sum("costs__amount")).filter(spent__gte=F("budget"))


def idle_policy() -> IdlePolicy:
    """When a workspace stops by itself."""
    return IdlePolicy(settings.WORKSPACE_IDLE_STOP, settings.WORKSPACE_IDLE_WARNING)


def quiet_since(moment: datetime) -> QuerySet[Any]:
    """Running workspaces into which nobody has been since this moment, nor anything changed; `left_at`: when the last
    one left (None: nobody ever was inside)."""
    lively = GatewaySession.objects.filter(workspace=OuterRef("pk")).filter(Q(ended_at=None) | Q(ended_at__gte=moment))
    running = workspaces_at_rest().filter(status=Status.RUNNING, desired=Desired.RUNNING, changed_at__lt=moment)
    return running.exclude(Exists(lively)).annotate(left_at=Max("sessions__ended_at"))


def recent_starts(workspace: Workspace) -> int:
    """How many times the reconciler started this workspace lately."""
    since = timezone.now() - RECENT
    return workspace.operations.filter(kind=Kind.START, created_at__gte=since).count()


def situation_of(workspace: Workspace, *, seen_running: bool) -> Situation:
    """What `rules.needed` judges."""
    return Situation(
        desired=Desired(workspace.desired),
        status=Status(workspace.status),
        seen=Seen.RUNNING if seen_running else Seen.NOT_RUNNING,
        recent_starts=recent_starts(workspace),
    )


def sessions_in_force() -> QuerySet[GatewaySession]:
    """Sessions that may pass now: session, workspace, project, entitlement, membership, mandate, accreditation."""
    # The database's own clock, so that the statement stays the same and can be kept.
    now, today = Now(), TruncDate(Now())
    return GatewaySession.objects.filter(
        mandated_now(person="person_id", application="workspace__project__application_id"),
        ended_at=None,
        expires_at__gt=now,
        person__in=people_accredited(),
        workspace__status=Status.RUNNING,
        workspace__desired=Desired.RUNNING,
        workspace__route_open=True,
        workspace__project__status="active",
        workspace__project__entitlement__starts_on__lte=today,
        workspace__project__entitlement__ends_on__gte=today,
        workspace__project__memberships__person=F("person"),
    )
