"""Reading workspaces: who may see which, what the project's page shows, what the gateway asks on every request."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from apps.accounts.models import Person
from apps.core.rules import Decision, Refused
from apps.people.selectors.accreditation import people_accredited
from apps.projects.models import Project
from apps.projects.rules import entitlement_holds
from apps.projects.selectors import mandated_now, projects_visible_to, roles_for, unmet_by_project, unmet_for
from apps.workspaces.models import GatewaySession, Operation, Step, Workspace
from apps.workspaces.rules import Desired, Facts, Kind, Seen, Situation, Status, decide
from apps.workspaces.sentences import STEP_LABELS, reason_sentences

_UNDER_WAY = frozenset({Step.Status.WAITING, Step.Status.ACTIVE})
RECENT = timedelta(minutes=10)
USUAL_SIZES = {"scaleway": "PRO2-S"}


def workspaces_visible_to(person: Person) -> QuerySet[Workspace]:
    """The workspaces of the projects that the person may see; for others they do not exist."""
    return Workspace.objects.select_related("project__entitlement").filter(project__in=projects_visible_to(person))


def decision_for(action: str, workspace: Workspace, person: Person) -> Decision:
    """What the rules say about this person, this workspace and now."""
    return decide(action, roles_for(person, workspace.project), facts_for(action, workspace, person))


def facts_for(action: str, workspace: Workspace, person: Person) -> Facts:
    """What a decision about this action of this person needs to know: every condition of access to enter, those of
    the project to lift a suspension, none to suspend.
    """
    facts = facts_of(workspace)
    if action == "workspace.open":
        return replace(facts, unmet=unmet_for(workspace.project, person))
    if action == "workspace.resume":
        return replace(facts, unmet=unmet_by_project(workspace.project, person))
    return facts


def has_entered(workspace: Workspace, person: Person) -> bool:
    """Whether the person was given a ticket to this workspace before."""
    return workspace.tickets.filter(person=person).exists()


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
    may_suspend: bool
    may_resume: bool

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again by itself: a step is to come, and no person has to come first."""
        return any(step.status in _UNDER_WAY for step in self.steps) and self.workspace.status != Status.FAILED


def workspace_progress(project: Project, person: Person) -> Progress | None:
    """The workspace of a project for this person's eyes; None before there is one. A fixed number of queries."""
    workspace = Workspace.objects.select_related("project__entitlement").filter(project=project).first()
    if workspace is None:
        return None
    roles, facts = roles_for(person, workspace.project), facts_of(workspace)
    may_enter = replace(facts, unmet=unmet_for(project, person))
    opening = decide("workspace.open", roles, may_enter)
    operation = workspace.operations.prefetch_related("steps").order_by("-generation").first()
    return Progress(
        workspace=workspace,
        kind=operation.kind if operation else "",
        steps=tuple(_line(step) for step in operation.steps.all()) if operation else (),
        may_open=not isinstance(opening, Refused),
        why_not=reason_sentences(opening.reasons) if isinstance(opening, Refused) else (),
        may_suspend=not isinstance(decide("workspace.suspend", roles, facts), Refused),
        may_resume=not isinstance(decide("workspace.resume", roles, facts), Refused),
    )


def _line(step: Step) -> StepLine:
    return StepLine(str(STEP_LABELS[step.name]), step.status, step.finished_at or step.started_at)


def operation_to_advance(operation_id: str) -> Operation:
    """An operation with its workspace and dossier. One query."""
    return Operation.objects.select_related("workspace__project__entitlement").get(pk=operation_id)


def workspaces_at_rest() -> QuerySet[Workspace]:
    """Workspaces with nothing under way, not yet destroyed: those a reconciler compares with the world."""
    busy = Operation.objects.filter(status__in=["running", "failed"]).values("workspace_id")
    return Workspace.objects.select_related("project").exclude(pk__in=busy).exclude(status=Status.DESTROYED)


def workspaces_living() -> QuerySet[Workspace]:
    """Workspaces that are not destroyed, with project and entitlement."""
    return Workspace.objects.select_related("project__entitlement").exclude(status=Status.DESTROYED)


def usual_size(provider: str) -> str:
    """The size of a workspace for which none was chosen."""
    return USUAL_SIZES.get(provider, "")


def over_budget(workspaces: QuerySet[Workspace]) -> QuerySet[Workspace]:
    """Those of them whose costs have reached their budget."""
    return workspaces.exclude(budget=None).annotate(spent=Sum("costs__amount")).filter(spent__gte=F("budget"))


def idle_since(moment: datetime) -> QuerySet[Workspace]:
    """Running workspaces into which nobody has been since this moment, nor anything changed."""
    lively = GatewaySession.objects.filter(workspace=OuterRef("pk")).filter(Q(ended_at=None) | Q(ended_at__gte=moment))
    running = workspaces_at_rest().filter(status=Status.RUNNING, desired=Desired.RUNNING, changed_at__lt=moment)
    return running.exclude(Exists(lively))


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
