"""The page "Why can I not…?": each condition of access to a project's data, since and until when, and what to do."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.accounts.models import Person
from apps.core.rules import Role
from apps.people.rules import Condition
from apps.projects.models import Membership, Project
from apps.projects.selectors import access_of
from apps.projects.wording import ADVICE, CONDITIONS

_ACCREDITATION = frozenset({"training", "address"})


@dataclass(frozen=True)
class Line:
    """A condition in words; `link` is where something can be done about it, blank where nothing can."""

    condition: Condition
    label: str
    advice: str
    link: str


def access_page(project: Project, reader: Person, person_id: str) -> dict[str, Any]:
    """The conditions of the reader's own access; for a steward, of whomever of the team they chose."""
    team = [member.person for member in _team(project)] if Role.STEWARD in reader.staff_roles else []
    chosen = next((one for one in team if str(one.pk) == person_id), None)
    person = chosen or (reader if reader in team or not team else team[0])
    conditions = access_of(project, person)
    return {
        "project": project,
        "person": person,
        "is_own": person == reader,
        "team": team,
        "lines": [_line(one, project, own=person == reader) for one in conditions],
        "is_open": all(one.is_met for one in conditions),
    }


def _team(project: Project) -> list[Membership]:
    return list(project.memberships.select_related("person").order_by("-role", "pk"))


def _line(condition: Condition, project: Project, *, own: bool) -> Line:
    label, advice = str(CONDITIONS[condition.code]), str(ADVICE.get(condition.what_to_do, ""))
    return Line(condition, label, advice, _link(condition, project) if own and not condition.is_met else "")


def _link(condition: Condition, project: Project) -> str:
    if condition.code in _ACCREDITATION:
        return reverse("people:accreditation")
    if condition.code == "conditions":
        return reverse("people:conditions")
    if condition.code == "mandate":
        return reverse("accounts:account")
    return reverse("fulfilment:project", args=[project.pk])
