"""A confirmation is worth one act, on one object, with one content, within five minutes."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Person, StepUp
from apps.accounts.rules import STEP_UP_LIFE
from apps.accounts.stepping_up import StepUpMissing, step_up_confirm, step_up_spend, step_ups_forget
from apps.accounts.tasks import forget_expired
from apps.audit.models import Event
from apps.core.errors import RefusedError
from tests.factories.accounts import TotpDeviceFactory, current_code
from tests.integration.accounts.test_races import at_once

ACT: Mapping[str, str] = {"action": "application.approve", "object_id": "41", "content_hash": "a" * 64}


def confirmed(person: Person) -> StepUp:
    """A confirmation of ACT by the person's present code."""
    return step_up_confirm(person=person, code=current_code(person), **ACT)


def spend(person: Person, **other: str) -> bool:
    """Whether the confirmation is accepted for ACT, or for what `other` makes of it."""
    try:
        with transaction.atomic():
            step_up_spend(person=person, **{**ACT, **other})
    except StepUpMissing:
        return False
    return True


@pytest.mark.django_db
def test_a_confirmation_is_spent_once(person: Person) -> None:
    confirmed(person)
    assert [spend(person), spend(person)] == [True, False]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [{"action": "application.refuse"}, {"object_id": "42"}, {"content_hash": "b" * 64}, {"content_hash": ""}],
    ids=str,
)
def test_it_is_worth_nothing_for_another_act_object_or_content(person: Person, other: dict[str, str]) -> None:
    confirmed(person)
    assert not spend(person, **other)
    assert spend(person)


@pytest.mark.django_db
def test_it_is_worth_nothing_for_somebody_else(person: Person, newcomer: Person) -> None:
    confirmed(person)
    assert not spend(newcomer)


@pytest.mark.django_db
def test_it_is_worth_nothing_after_five_minutes_and_then_forgotten(person: Person) -> None:
    step_up = confirmed(person)
    StepUp.objects.filter(pk=step_up.pk).update(confirmed_at=timezone.now() - STEP_UP_LIFE + timedelta(seconds=20))
    assert step_ups_forget(timezone.now()) == 0
    StepUp.objects.filter(pk=step_up.pk).update(confirmed_at=timezone.now() - STEP_UP_LIFE)
    assert not spend(person)
    forget_expired()
    assert not StepUp.objects.exists()


@pytest.mark.django_db
def test_a_wrong_code_confirms_nothing_and_the_audit_log_says_for_what_it_was(person: Person) -> None:
    wrong = f"{(int(current_code(person)) + 1) % 1_000_000:06d}"
    with pytest.raises(RefusedError) as refused:
        step_up_confirm(person=person, code=wrong, **ACT)
    assert refused.value.field == "otp_code"
    assert not StepUp.objects.exists()
    assert Event.objects.get(action="second_factor.refused").data["purpose"] == "application.approve"


@pytest.mark.django_db
def test_an_act_that_fails_gives_its_confirmation_back(person: Person) -> None:
    confirmed(person)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        step_up_spend(person=person, **ACT)
        raise ZeroDivisionError
    assert spend(person)


@pytest.mark.django_db(transaction=True)
def test_spending_outside_the_transaction_of_the_act_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError):
        step_up_spend(person=Person(), **ACT)


@pytest.mark.django_db(transaction=True)
def test_of_eight_acts_at_once_one_spends_it() -> None:
    person = TotpDeviceFactory.create().user
    confirmed(person)
    assert sum(at_once([lambda: spend(person)] * 8)) == 1
