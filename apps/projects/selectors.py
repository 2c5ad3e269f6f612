"""Which projects a person has, and as what."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from apps.accounts import grants
from apps.accounts.models import Mandate, Person
from apps.applications.models import Application, Member
from apps.core.reading_together import read_together
from apps.core.rules import Role
from apps.people.rules import Condition, Period, best_period
from apps.people.selectors.accreditation import accreditation_facts
from apps.projects.agreements import agreement_of
from apps.projects.models import Membership, Project
from apps.projects.rules import AccessFacts, access_conditions, entitlement_holds, project_conditions


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
    return roles_in(Membership.objects.filter(project=project, person=person))


def roles_in(memberships: Iterable[Membership]) -> frozenset[Role]:
    """The roles that these memberships give."""
    return frozenset(Role(membership.role) for membership in memberships)


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


def mandates_for(project: Project, person: Person) -> QuerySet[Mandate]:
    """The person's mandates for an organisation of the project: the one that applied, or theirs in the team."""
    as_member = Member.objects.filter(application=project.application_id, person=person).values("organisation_id")
    applicant = Application.objects.filter(pk=project.application_id).values("organisation_id")
    return Mandate.objects.filter(Q(organisation__in=applicant) | Q(organisation__in=as_member), person=person)


def access_facts(project: Project, person: Person) -> AccessFacts:
    """What this person's access to this project rests on today; two queries, one more where agreements are."""
    today = timezone.localdate()
    memberships, held = Membership.objects.filter(project=project, person=person), mandates_for(project, person)
    read_together(memberships, held)
    membership = next(iter(memberships), None)
    mandates = [Period(one.starts_on, one.ends_on) for one in held]
    return AccessFacts(
        today=today,
        project_is_active=project.status == Project.Status.ACTIVE,
        entitlement=Period(project.entitlement.starts_on, project.entitlement.ends_on),
        account_is_active=person.is_active,
        member_since=timezone.localdate(membership.created_at) if membership else None,
        mandate=best_period(mandates, today),
        accreditation=accreditation_facts(person, today),
        agreement=agreement_of(project.pk),
    )


def access_of(project: Project, person: Person) -> tuple[Condition, ...]:
    """Every condition of this person's access to this project, as it stands today."""
    return access_conditions(access_facts(project, person))


def unmet_for(project: Project, person: Person) -> tuple[str, ...]:
    """What to do about each condition that keeps this person from the project's data; empty when access is open."""
    return tuple(one.what_to_do for one in access_of(project, person) if not one.is_met)


def unmet_by_project(project: Project, person: Person) -> tuple[str, ...]:
    """The same for the conditions of the project alone: what keeps everybody from its data."""
    conditions = project_conditions(access_facts(project, person))
    return tuple(one.what_to_do for one in conditions if not one.is_met)


def mandated_now(*, person: str, application: str) -> Exists:
    """For the gateway's statement: whether the person of a row holds a mandate now for an organisation of its dossier.

    `person` and `application` are the row's columns. The same rule as `mandates_for`; a test compares the two.
    """
    today = TruncDate(Now())
    as_member = Member.objects.filter(
        application=OuterRef(OuterRef(application)), person=OuterRef(OuterRef(person))
    ).values("organisation_id")
    applicant = Application.objects.filter(pk=OuterRef(OuterRef(application))).values("organisation_id")
    return Exists(
        Mandate.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=today),
            Q(organisation__in=applicant) | Q(organisation__in=as_member),
            person=OuterRef(person),
            starts_on__lte=today,
        )
    )
