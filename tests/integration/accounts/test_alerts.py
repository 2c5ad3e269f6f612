"""Whoever's account is touched is told by e-mail, in their language, whoever did it."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts import alerts, factor_changes, services
from apps.accounts.models import Person
from apps.core.errors import RefusedError
from apps.core.models import OutboxItem
from tests.factories.accounts import PASSWORD, PersonFactory, TotpDeviceFactory, current_code

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Person:
    return TotpDeviceFactory.create(user=PersonFactory.create(language="en")).user


def told(person: Person) -> list[str]:
    """What the person is to be told, in order."""
    items = OutboxItem.objects.filter(subject_id__startswith=f"{alerts.MAIL}:").order_by("pk")
    found = [item.subject_id.removeprefix(f"{alerts.MAIL}:").rpartition(":") for item in items]
    assert {to for _what, _, to in found} <= {str(person.pk)}
    return [what for what, _, _to in found]


def sign_in(person: Person, password: str) -> None:
    services.password_check(email=person.email, password=password, address="192.0.2.1")


def test_a_change_of_what_one_signs_in_with_is_told_with_it(person: Person) -> None:
    factor_changes.recovery_codes_renew(person=person, code=current_code(person))
    assert told(person) == ["second_factor.codes_renewed"]


def test_a_change_that_is_taken_back_is_not_told(person: Person) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.event_of_person("passkey.added", person)
        raise ZeroDivisionError
    assert told(person) == []


def test_the_message_says_what_happened_and_what_to_do(person: Person) -> None:
    for what in {**alerts.CHANGES, **alerts.SUSPICIOUS}:
        composed = alerts.alert_compose(f"{what}:{person.pk}")
        assert composed is not None
        assert (composed.to, composed.language) == (person.email, "en")
        assert composed.context["sentence"]


def test_wrong_passwords_alone_tell_nobody_anything(person: Person) -> None:
    for _ in range(services.MANY_ATTEMPTS):
        with pytest.raises(RefusedError):
            sign_in(person, "not this one")
    assert told(person) == []


def test_a_right_password_after_several_wrong_ones_is_told_once_a_day(person: Person) -> None:
    for _ in range(2):
        for _ in range(services.MANY_ATTEMPTS):
            with pytest.raises(RefusedError):
                sign_in(person, "not this one")
        sign_in(person, PASSWORD)
    assert told(person) == [alerts.AFTER_FAILURES]


def test_a_right_password_after_one_slip_is_nothing_to_tell(person: Person) -> None:
    with pytest.raises(RefusedError):
        sign_in(person, "not this one")
    sign_in(person, PASSWORD)
    assert told(person) == []


def test_somebody_who_knows_the_password_and_guesses_codes_is_told_of(person: Person) -> None:
    wrong = f"{(int(current_code(person)) + 1) % 1_000_000:06d}"
    for _ in range(services.MANY_ATTEMPTS + 1):
        with pytest.raises(RefusedError):
            services.second_factor_verify(person=person, code=wrong, purpose="sign_in")
    assert told(person) == [alerts.HALF_WAY]


@pytest.mark.parametrize("absent, expected", [(timedelta(days=200), [alerts.AFTER_LONG]), (timedelta(days=170), [])])
def test_the_first_entry_in_six_months_is_told(person: Person, absent: timedelta, expected: list[str]) -> None:
    Person.objects.filter(pk=person.pk).update(last_login=timezone.now() - absent)
    sign_in(person, PASSWORD)
    assert told(person) == expected
