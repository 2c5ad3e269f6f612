"""Projects with a workspace, as an approval leaves them, without going through a dossier's pages."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications.models import Application
from apps.core.rules import Role
from apps.projects.models import Project
from apps.projects.services import Grant, project_create
from apps.workspaces.models import Operation, Workspace
from apps.workspaces.rules import Desired, Status
from apps.workspaces.selectors import has_entered
from apps.workspaces.services import Entry, workspace_open, workspace_request
from tests.factories.accounts import MandateFactory, OrganisationFactory, PersonFactory, StaffRoleFactory, confirmed
from tests.factories.people import accredit


def project(*, investigator: Person | None = None, members: tuple[Person, ...] = ()) -> Project:
    """An active project entitled from yesterday for a year, whose people have mandates and accreditations."""
    investigator = investigator or PersonFactory.create()
    organisation = OrganisationFactory.create()
    for person in (investigator, *members):
        MandateFactory.create(person=person, organisation=organisation)
        accredit(person)
    application = Application.objects.create(
        number=f"HDH-T-{uuid.uuid4().hex[:8]}",
        organisation=organisation,
        created_by=investigator,
        changed_by=investigator,
        changed_at=timezone.now(),
    )
    today = timezone.localdate()
    grant = Grant(
        application_id=application.pk,
        title="Parcours des personnes opérées",
        principal_investigator_id=investigator.pk,
        member_ids=tuple(member.pk for member in members),
        definition={},
        definition_hash="0" * 64,
        starts_on=today - timedelta(days=1),
        ends_on=today + timedelta(days=364),
    )
    with transaction.atomic():
        return project_create(grant, by=str(investigator.pk))


def workspace(**people: Any) -> Workspace:
    """A requested workspace with its provision operation."""
    with transaction.atomic():
        return workspace_request(project=project(**people), by="system:test")


def confirmed_opening(workspace: Workspace, person: Person) -> None:
    """The person confirms by their second factor that they are about to enter the workspace for the first time."""
    confirmed(person, "workspace.open", workspace.pk, workspace.project.entitlement.definition_hash)


def entry(workspace: Workspace, person: Person) -> Entry:
    """A ticket for the person, whose first opening is confirmed."""
    if not has_entered(workspace, person):
        confirmed_opening(workspace, person)
    return workspace_open(workspace=workspace, by=person)


def at_status(status: Status, *, pk: uuid.UUID | None = None, **people: Any) -> Workspace:
    """A workspace in this state, with nothing under way; `pk` when its sandbox exists already."""
    made = Workspace.objects.create(pk=pk, project=project(**people)) if pk else workspace(**people)
    Operation.objects.filter(workspace=made).update(status=Operation.Status.DONE)
    desired = {Status.SUSPENDED: Desired.SUSPENDED, Status.DESTROYED: Desired.DESTROYED}.get(status, Desired.RUNNING)
    Workspace.objects.filter(pk=made.pk).update(
        status=status, desired=desired, route_open=status is Status.RUNNING, extract_id=uuid.uuid4()
    )
    return Workspace.objects.select_related("project__entitlement").get(pk=made.pk)


def steward() -> Person:
    """A data steward."""
    return StaffRoleFactory.create(role=Role.STEWARD.value).person
