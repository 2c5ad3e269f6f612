"""What an approval grants, as the rooms above need to know it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from apps.applications import composition
from apps.applications.models import Application, Member, Submission
from apps.applications.rules import Status


@dataclass(frozen=True)
class ApprovedFacts:
    """What an approval grants. `definition` is the engine's JSON; the days are in Paris, both included.

    `member_ids` are those of the team without the principal investigator; `amends` is the dossier whose project an
    amendment changes, None for the dossier that begins one.
    """

    application_id: UUID
    amends: UUID | None
    title: str
    organisation_id: UUID
    principal_investigator_id: UUID
    member_ids: tuple[UUID, ...]
    definition: dict[str, Any]
    definition_hash: str
    starts_on: date
    ends_on: date


def approved_facts(application_id: UUID | str) -> ApprovedFacts:
    """What was approved, from the submission the decision is bound to. Raises DoesNotExist unless approved."""
    application = Application.objects.get(pk=application_id, status=Status.APPROVED)
    submission = Submission.objects.get(application=application, round=application.round)
    pages, team = submission.content["pages"], submission.content["team"]
    definition = composition.definition(pages)
    lead = Member.Role.PRINCIPAL_INVESTIGATOR
    return ApprovedFacts(
        application_id=application.pk,
        amends=application.amends_id,
        title=pages["title"]["title"],
        organisation_id=application.organisation_id,
        principal_investigator_id=next(UUID(member["person"]) for member in team if member["role"] == lead),
        member_ids=tuple(UUID(member["person"]) for member in team if member["role"] != lead),
        definition=definition.to_json(),
        definition_hash=definition.hash,
        starts_on=date.fromisoformat(pages["period"]["access_from"]),
        ends_on=date.fromisoformat(pages["period"]["access_to"]),
    )
