"""Which projects a person has, and as what."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts import grants
from apps.accounts.models import Person
from apps.core.rules import Role
from apps.projects.models import Membership, Project
from apps.projects.rules import entitlement_holds


def projects_visible_to(person: Person) -> QuerySet[Project]:
    """The projects of which the person is a member; all of them for a steward."""
    projects = Project.objects.select_related("application", "entitlement").order_by("-created_at")
    if Role.STEWARD in person.staff_roles:
        return projects
    return projects.filter(pk__in=grants.granted_ids(person, "view_project", Project))


def projects_of(person: Person) -> QuerySet[Project]:
    """The projects of which the person is a member, newest first."""
    return Project.objects.filter(memberships__person=person).select_related("application").order_by("-created_at")


def member_roles(person: Person, project: Project) -> frozenset[Role]:
    """What the person is in the project: nothing, or one of member and principal investigator. One query."""
    found = Membership.objects.filter(project=project, person=person).values_list("role", flat=True)
    return frozenset(Role(role) for role in found)


def roles_for(person: Person, project: Project) -> frozenset[Role]:
    """Staff roles and membership together: what the permission table asks about."""
    return person.staff_roles | member_roles(person, project)


def entitled(project_id: UUID, today: date) -> bool:
    """Whether the project's entitlement holds on this day."""
    project = Project.objects.select_related("entitlement").get(pk=project_id)
    entitlement = project.entitlement
    return entitlement_holds(
        project_status=project.status, starts_on=entitlement.starts_on, ends_on=entitlement.ends_on, today=today
    )
