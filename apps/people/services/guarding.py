"""What every write of this room shares: the rule and the event."""

from collections.abc import Mapping
from typing import Any

from apps.accounts.models import Organisation, Person
from apps.audit.services import event_record
from apps.core.errors import refusal
from apps.core.rules import Refused, Role
from apps.people import rules, wording


def refuse_unless_allowed(action: str, roles: frozenset[Role], *, state: str = "", is_own: bool = False) -> None:
    """Raise RefusedError with every reason when the rules say no."""
    decision = rules.decide(action, roles, state=state, is_own=is_own)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)


def record_of_organisation(
    action: str, organisation: Organisation, by: Person, data: Mapping[str, Any] | None = None
) -> None:
    """Write the event of a change about an organisation."""
    event_record(action=action, actor=str(by.pk), object_kind="organisation", object_id=str(organisation.pk), data=data)


def record_of_person(action: str, person: Person, by: Person, data: Mapping[str, Any] | None = None) -> None:
    """Write the event of a change about a person."""
    event_record(action=action, actor=str(by.pk), object_kind="person", object_id=str(person.pk), data=data)
