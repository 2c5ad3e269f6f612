"""What a project's team is told by e-mail about its workspace: the end that comes near, and the budget."""

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.core.mail import Mail, composes, mail_enqueue, portal_link
from apps.projects.models import Membership
from apps.workspaces.budgets import budget_lines
from apps.workspaces.ledger import ACTOR, workspace_event
from apps.workspaces.models import Workspace
from apps.workspaces.rules import WARNINGS, Status, budget_alert_due
from apps.workspaces.selectors import idle_policy

EXPIRY, BUDGET, IDLE = "workspace-expiry", "workspace-budget", "workspace-idle"


def team_told(workspace: Workspace, kind: str, mark: str) -> None:
    """Have each member written to, once for each `mark`. In the transaction of what they are told about."""
    members = Membership.objects.filter(project=workspace.project_id, person__is_active=True)
    for membership_id in members.values_list("pk", flat=True):
        mail_enqueue(kind=kind, subject_id=str(membership_id), key=f"{membership_id}:{mark}")


def alerts_give() -> None:
    """Tell each team once when 80 % and once when all of the budget is used."""
    for line in budget_lines().exclude(budget=None):
        mark = budget_alert_due(line.spent, line.budget, line.budget_warned)
        if mark is None:
            continue
        with transaction.atomic():
            seen = Workspace.objects.filter(pk=line.pk, budget_warned=line.budget_warned, budget=line.budget)
            if seen.update(budget_warned=mark):
                workspace_event("workspace.budget_alert", line, by=ACTOR, data={"share": mark})
                team_told(line, BUDGET, f"{line.budget}:{mark}")


@composes(EXPIRY)
def expiry_is_near(membership_id: str) -> Mail | None:
    """How many days are left; nothing when the entitlement was extended or the workspace is no more."""
    workspace, person = _about(membership_id)
    if workspace is None or person is None:
        return None
    ends_on = workspace.project.entitlement.ends_on
    days = (ends_on - timezone.localdate()).days
    if not 0 <= days <= max(WARNINGS):
        return None
    return _mail(person, workspace, "expiry.txt", days=days, ends_on=ends_on)


@composes(BUDGET)
def budget_is_near(membership_id: str) -> Mail | None:
    """How much of the budget is used; nothing when it was raised meanwhile."""
    workspace, person = _about(membership_id)
    if workspace is None or person is None:
        return None
    line = budget_lines().get(pk=workspace.pk)
    if not line.budget_warned:
        return None
    return _mail(person, workspace, "budget.txt", line=line)


@composes(IDLE)
def idle_is_about_to_stop(membership_id: str) -> Mail | None:
    """When it stops; nothing when somebody needed it meanwhile."""
    workspace, person = _about(membership_id)
    if workspace is None or person is None or workspace.idle_warned_at is None:
        return None
    return _mail(person, workspace, "idle.txt", stops_at=workspace.idle_warned_at + idle_policy().warning)


def _about(membership_id: str) -> tuple[Workspace | None, Person | None]:
    """The workspace, unless it is destroyed, and its reader, unless they left."""
    membership = Membership.objects.select_related("person").filter(pk=membership_id, person__is_active=True).first()
    if membership is None:
        return None, None
    living = Workspace.objects.select_related("project__entitlement").exclude(status=Status.DESTROYED)
    return living.filter(project=membership.project_id).first(), membership.person


def _mail(person: Person, workspace: Workspace, template: str, **more: object) -> Mail:
    link = portal_link("fulfilment:project", workspace.project_id)
    context = {"person": person, "project": workspace.project, "link": link, **more}
    return Mail(person.email, person.language, f"workspaces/mail/{template}", context)
