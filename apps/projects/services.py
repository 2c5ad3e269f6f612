"""Writing what an approval grants, what an amendment changes of it, and its end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts import grants
from apps.accounts.models import Person
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile
from apps.core.happenings import happened
from apps.projects.models import Entitlement, Membership, Project
from apps.projects.rules import OPEN


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
    project = Project(
        application_id=grant.application_id, title=grant.title, starts_on=grant.starts_on, ends_on=grant.ends_on
    )
    # Each names the other: the database looks at both when the transaction ends.
    project.entitlement = _entitlement_grant(project, grant, grant.starts_on, by)
    project.save(force_insert=True)
    _memberships_create(project, grant)
    _record("project.created", by, project, {"members": 1 + len(grant.member_ids)})
    _entitlement_recorded("entitlement.granted", project, by)
    return project


def _entitlement_grant(project: Project, grant: Grant, starts_on: date, by: str) -> Entitlement:
    return Entitlement.objects.create(
        project=project,
        application_id=grant.application_id,
        definition=grant.definition,
        definition_hash=grant.definition_hash,
        starts_on=starts_on,
        ends_on=grant.ends_on,
        granted_by=by,
    )


def _entitlement_recorded(action: str, project: Project, by: str) -> None:
    entitlement = project.entitlement
    _record(action, by, project, {"entitlement": str(entitlement.pk), "definition_hash": entitlement.definition_hash})


def project_amend(project: Project, grant: Grant, *, by: str) -> Project:
    """End the project's entitlement and begin the one of an approved amendment: same project, other terms or people.

    To be called in the transaction of the decision. Raises ChangedMeanwhile when the project is over or was amended
    meanwhile.
    """
    today = timezone.localdate()
    ended = Entitlement.objects.filter(pk=project.entitlement_id, ended_at=None).update(ended_at=timezone.now())
    if not ended or project.status not in OPEN:
        raise ChangedMeanwhile
    _entitlement_recorded("entitlement.ended", project, by)
    project.entitlement = _entitlement_grant(project, grant, min(max(grant.starts_on, today), grant.ends_on), by)
    project.title, project.ends_on = grant.title, max(grant.ends_on, project.starts_on)
    project.save(update_fields=["entitlement", "title", "ends_on"])
    _memberships_follow(project, grant, by)
    _entitlement_recorded("entitlement.amended", project, by)
    return project


def _memberships_follow(project: Project, grant: Grant, by: str) -> None:
    """Whoever left the team leaves the project; whoever joined it joins; who leads the team leads the project."""
    wanted = {grant.principal_investigator_id, *grant.member_ids}
    present = list(Membership.objects.filter(project=project).select_related("person", "project"))
    for member in present:
        if member.person_id not in wanted:
            membership_end(membership=member, by=by)
    for person in Person.objects.filter(pk__in=wanted - {member.person_id for member in present}):
        Membership.objects.create(project=project, person=person, role=Membership.Role.MEMBER)
        grants.grant(person, "view_project", project)
        _record("membership.begun", by, project, {"person": str(person.pk)})
    _lead_follow(project, grant.principal_investigator_id, by)


def _lead_follow(project: Project, person_id: UUID, by: str) -> None:
    team, lead = Membership.objects.filter(project=project), Membership.Role.PRINCIPAL_INVESTIGATOR
    if team.filter(person=person_id, role=lead).exists():
        return
    team.filter(role=lead).update(role=Membership.Role.MEMBER)
    team.filter(person=person_id).update(role=lead)
    _record("project.investigator_changed", by, project, {"person": str(person_id)})


@dataclass(frozen=True)
class End:
    """How a project ended, and what became of it, in words for the public."""

    ending: Project.Ending
    told: str = ""


def project_end(*, project: Project, end: End, by: str) -> Project:
    """End the project: access stops now. To be called in the transaction of whoever decided it.

    Raises ChangedMeanwhile when it is over already.
    """
    status = Project.Status.REVOKED if end.ending == Project.Ending.REVOKED else Project.Status.CLOSED
    ended = Project.objects.filter(pk=project.pk, status__in=OPEN).update(
        status=status, ended_on=timezone.localdate(), ending=end.ending, ending_told=end.told
    )
    if not ended:
        raise ChangedMeanwhile
    _record("project.revoked" if status == Project.Status.REVOKED else "project.closed", by, project, {})
    happened("project.ended", subject_id=str(project.pk), by=by)
    return Project.objects.get(pk=project.pk)


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
