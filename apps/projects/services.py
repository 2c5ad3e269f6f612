"""Creating what an approval grants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.accounts import grants
from apps.accounts.models import Person
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile
from apps.core.happenings import happened
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


def membership_end(*, membership: Membership, by: str) -> None:
    """Take a person off the project: its pages and workspace are closed to them with the next request.

    Raises ChangedMeanwhile when they had left already.
    """
    with transaction.atomic():
        if not Membership.objects.filter(pk=membership.pk).delete()[0]:
            raise ChangedMeanwhile
        grants.withdraw(membership.person, "view_project", membership.project)
        person_id = str(membership.person_id)
        _record("membership.ended", by, membership.project, {"person": person_id, "role": membership.role})
        happened("access.narrowed", subject_id=person_id, by=by)


def _record(action: str, by: str, project: Project, data: dict[str, Any]) -> None:
    event_record(
        action=action,
        actor=by,
        object_kind="project",
        object_id=str(project.pk),
        dossier_id=str(project.application_id),
        data=data,
    )
