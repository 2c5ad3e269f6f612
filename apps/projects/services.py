"""Creating what an approval grants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from apps.accounts import grants
from apps.accounts.models import Person
from apps.audit.services import event_record
from apps.projects.models import Entitlement, Membership, Project


@dataclass(frozen=True)
class Grant:
    """What was approved, as the decision states it."""

    application_id: UUID
    title: str
    principal_investigator_id: UUID
    member_ids: tuple[UUID, ...]
    definition: dict[str, Any]
    definition_hash: str
    starts_on: date
    ends_on: date


def project_create(grant: Grant, *, by: str) -> Project:
    """Write the project, its memberships and its entitlement. To be called in the transaction of the decision."""
    project = Project.objects.create(
        application_id=grant.application_id, title=grant.title, starts_on=grant.starts_on, ends_on=grant.ends_on
    )
    _memberships_create(project, grant)
    entitlement = Entitlement.objects.create(
        project=project,
        definition=grant.definition,
        definition_hash=grant.definition_hash,
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
        granted_by=by,
    )
    _record("project.created", by, project, {"members": 1 + len(grant.member_ids)})
    _record(
        "entitlement.granted",
        by,
        project,
        {"entitlement": str(entitlement.pk), "definition_hash": grant.definition_hash},
    )
    return project


def _memberships_create(project: Project, grant: Grant) -> None:
    roles = dict.fromkeys(grant.member_ids, Membership.Role.MEMBER)
    roles[grant.principal_investigator_id] = Membership.Role.PRINCIPAL_INVESTIGATOR
    Membership.objects.bulk_create(
        Membership(project=project, person_id=person_id, role=role) for person_id, role in roles.items()
    )
    _grant_view(project, Person.objects.filter(pk__in=roles))


def _grant_view(project: Project, people: Iterable[Person]) -> None:
    for person in people:
        grants.grant(person, "view_project", project)


def _record(action: str, by: str, project: Project, data: dict[str, Any]) -> None:
    event_record(
        action=action,
        actor=by,
        object_kind="project",
        object_id=str(project.pk),
        dossier_id=str(project.application_id),
        data=data,
    )
