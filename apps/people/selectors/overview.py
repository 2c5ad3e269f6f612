"""What the pages of this room show, gathered with a fixed number of queries."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.accounts.models import Mandate, Organisation, Person
from apps.core.rules import Refused
from apps.people import rules, wording
from apps.people.models import TrainingCertificate
from apps.people.rules import Condition
from apps.people.selectors.accreditation import (
    accreditation_of,
    address_of,
    certificates_of,
    orcid_of,
    people_accredited,
)
from apps.people.selectors.organisations import mandates_lasting, roles_for


@dataclass(frozen=True)
class PersonLine:
    """Somebody of an organisation, as its administrator sees them. `may_change`: it is not the reader's own mandate."""

    mandate: Mandate
    is_accredited: bool
    may_change: bool


def people_lines(organisation: Organisation, reader: Person, today: date) -> list[PersonLine]:
    """The organisation's people and whether their accreditation holds; four queries, however many there are."""
    mandates = list(mandates_lasting(organisation, today))
    people = [mandate.person_id for mandate in mandates]
    accredited = set(people_accredited().filter(pk__in=people).values_list("pk", flat=True))
    roles = roles_for(reader, organisation)
    return [
        PersonLine(
            mandate=mandate,
            is_accredited=mandate.person_id in accredited,
            may_change=not isinstance(
                rules.decide("mandate.change", roles, is_own=mandate.person_id == reader.pk), Refused
            ),
        )
        for mandate in mandates
    ]


@dataclass(frozen=True)
class ConditionLine:
    """A condition in words."""

    condition: Condition
    label: str
    advice: str


def condition_lines(conditions: tuple[Condition, ...]) -> list[ConditionLine]:
    """The conditions of an accreditation in words."""
    return [
        ConditionLine(one, str(wording.CONDITIONS[one.code]), str(wording.ADVICE.get(one.what_to_do, "")))
        for one in conditions
    ]


def accreditation_page(person: Person) -> dict[str, Any]:
    """A person's accreditation: its conditions in words, certificates, address, ORCID iD."""
    conditions = accreditation_of(person)
    certificates: list[TrainingCertificate] = list(certificates_of(person).select_related("examined_by"))
    return {
        "lines": condition_lines(conditions),
        "is_whole": all(one.is_met for one in conditions),
        "certificates": certificates,
        "address": address_of(person),
        "orcid": orcid_of(person),
    }
