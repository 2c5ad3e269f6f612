"""Giving and ending roles on the platform from its pages: confirmed by the second factor, never one's own."""

import hashlib
import json
from datetime import date

from django.db import transaction

from apps.accounts import services, wording
from apps.accounts.models import Person, StaffRole
from apps.accounts.rules import decide
from apps.accounts.stepping_up import step_up_spend
from apps.core.errors import RefusedError, refusal
from apps.core.rules import Refused, Role

GIVE, END = "staff_role.give", "staff_role.end"


def content_of(role: str, starts_on: date, ends_on: date | None) -> str:
    """What a confirmation of giving a role is bound to, beyond the person who receives it."""
    words = json.dumps([role, starts_on.isoformat(), ends_on.isoformat() if ends_on else None])
    return hashlib.sha256(words.encode()).hexdigest()


def staff_role_grant(*, person: Person, role: Role, starts_on: date, ends_on: date | None, by: Person) -> StaffRole:
    """Give a role between two days. Raises RefusedError, StepUpMissing before it is confirmed."""
    _refuse_unless_allowed(GIVE, by)
    if person.pk == by.pk:
        raise RefusedError((wording.REFUSALS["own_role"],))
    if StaffRole.objects.filter(person=person, role=role.value, starts_on=starts_on).exists():
        raise RefusedError((wording.SAME_ROLE,), field="starts_on")
    with transaction.atomic():
        content = content_of(role.value, starts_on, ends_on)
        step_up_spend(person=by, action=GIVE, object_id=str(person.pk), content_hash=content)
        return services.staff_role_give(person=person, role=role, starts_on=starts_on, ends_on=ends_on, by=by)


def staff_role_withdraw(*, staff_role: StaffRole, by: Person) -> None:
    """End a role now. Raises RefusedError, StepUpMissing before it is confirmed, ChangedMeanwhile when it had ended."""
    _refuse_unless_allowed(END, by)
    with transaction.atomic():
        step_up_spend(person=by, action=END, object_id=str(staff_role.pk))
        services.staff_role_end(staff_role=staff_role, by=by)


def _refuse_unless_allowed(action: str, by: Person) -> None:
    decision = decide(action, by.staff_roles)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)
