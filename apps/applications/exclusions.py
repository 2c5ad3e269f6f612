"""Who may file no new application after a misuse, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.applications.models import Application, Exclusion
from apps.applications.rules import Barred


def exclusions_in_force() -> QuerySet[Exclusion]:
    """Those that count today, with whom they concern."""
    found = Exclusion.objects.filter(lifted_at=None, until_on__gte=timezone.localdate())
    return found.select_related("person", "organisation").order_by("-until_on", "id")


def exclusions_of(people: Iterable[UUID], organisations: Iterable[UUID]) -> list[Exclusion]:
    """Those that count today for any of these people and organisations. One query."""
    return list(exclusions_in_force().filter(Q(person__in=list(people)) | Q(organisation__in=list(organisations))))


def barred_of(people: Iterable[UUID], organisations: Iterable[UUID]) -> tuple[Barred, ...]:
    """Who of these people and organisations may file nothing today, until when, and why. One query."""
    return tuple(Barred(concerned(one), one.until_on, one.reason) for one in exclusions_of(people, organisations))


def concerned(one: Exclusion) -> str:
    """The name of the person or organisation that an exclusion is about."""
    if one.person:
        return one.person.full_name
    return one.organisation.name if one.organisation else ""


def barred_team(application: Application) -> tuple[Barred, ...]:
    """Who of a dossier's team and organisations may file nothing. Two queries, one once the dossier is gathered."""
    members = application.members.all()
    organisations = {application.organisation_id, *(member.organisation_id for member in members)}
    return barred_of((member.person_id for member in members), organisations)


@dataclass(frozen=True)
class ExclusionLine:
    """One exclusion for stewards; `is_in_force`: it bars today."""

    exclusion: Exclusion
    who: str
    is_in_force: bool


def exclusion_lines() -> list[ExclusionLine]:
    """Every exclusion, the latest first. One query."""
    today = timezone.localdate()
    found = Exclusion.objects.select_related("person", "organisation", "application", "by", "lifted_by")
    return [
        ExclusionLine(one, concerned(one), one.lifted_at is None and one.until_on >= today)
        for one in found.order_by("-at", "id")
    ]
