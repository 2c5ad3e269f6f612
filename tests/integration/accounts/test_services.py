"""Roles and mandates, one-time codes for decisions, and what the audit log keeps of them."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts import factor_changes, factors, identities, passkeys, recovering, selectors, services
from apps.accounts.models import Person, RecoveryCode, StaffRole, Throttle
from apps.accounts.rules import FACTOR_BACK_OFF
from apps.accounts.sentences import SENTENCES
from apps.accounts.throttling import TooManyAttempts
from apps.accounts.totp import code_at, counter_now
from apps.accounts.wording import ANY_CODE, TOTP_ONLY
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.rules import Role
from tests.factories.accounts import SEED, OrganisationFactory, PersonFactory, StaffRoleFactory, current_code, steward

pytestmark = pytest.mark.django_db
TODAY = date(2027, 3, 1)


def confirm(*, person: Person, code: str) -> None:
    """Spend a one-time code as a decision does."""
    services.second_factor_verify(person=person, code=code, purpose="decision", field="otp_code", kinds=TOTP_ONLY)


def actions() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("action", flat=True))


def test_a_role_given_by_another_is_held_and_told() -> None:
    giver, person = steward(), PersonFactory.create()
    services.staff_role_give(person=person, role=Role.STEWARD, starts_on=date(2020, 1, 1), by=giver)
    event = Event.objects.get()
    assert person.staff_roles == {Role.STEWARD}
    assert (event.action, event.actor, event.object_id) == ("staff_role.given", str(giver.pk), str(person.pk))
    assert event.data == {"role": "steward"}


def test_a_role_for_oneself_is_refused_and_nothing_is_written() -> None:
    person = PersonFactory.create()
    with pytest.raises(RefusedError):
        services.staff_role_give(person=person, role=Role.STEWARD, starts_on=TODAY, by=person)
    assert not StaffRole.objects.exists()
    assert actions() == []


@pytest.mark.parametrize("days_ago", [0, 1, 400])
def test_an_ended_role_is_gone_at_once(days_ago: int) -> None:
    row = StaffRoleFactory.create(starts_on=timezone.localdate() - timedelta(days=days_ago))
    services.staff_role_end(staff_role=row, by=None)
    assert Person.objects.get(pk=row.person_id).staff_roles == frozenset()
    assert actions() == ["staff_role.ended"]


def test_a_role_ends_once() -> None:
    row = StaffRoleFactory.create()
    services.staff_role_end(staff_role=row, by=None)
    with pytest.raises(ChangedMeanwhile):
        services.staff_role_end(staff_role=row, by=None)
    assert actions() == ["staff_role.ended"]


def test_a_mandate_lets_a_person_act_for_an_organisation() -> None:
    person, organisation = PersonFactory.create(), OrganisationFactory.create()
    services.mandate_give(person=person, organisation=organisation, starts_on=TODAY, by=None)
    assert list(selectors.organisations_of(person, TODAY)) == [organisation]
    assert Event.objects.get().data == {"organisation": str(organisation.pk), "role": "member", "may_sign": False}


def test_a_code_of_no_known_shape_is_never_accepted() -> None:
    assert factors.code_accept(factors.device_create(PersonFactory.create(), SEED), "12345", ANY_CODE) is None


def test_a_decision_is_confirmed_by_a_code_once(person: Person) -> None:
    code = current_code(person)
    confirm(person=person, code=f" {code[:3]} {code[3:]} ")
    with pytest.raises(RefusedError) as refused:
        confirm(person=person, code=code)
    assert refused.value.field == "otp_code"
    assert actions() == ["second_factor.accepted", "second_factor.refused"]
    assert Event.objects.order_by("pk")[0].data == {"purpose": "decision", "kind": "totp"}


def test_an_older_code_than_the_last_one_is_refused(person: Person) -> None:
    confirm(person=person, code=current_code(person, 1))
    with pytest.raises(RefusedError):
        confirm(person=person, code=current_code(person))


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_code_too_old_or_too_early_is_refused(person: Person, steps: int) -> None:
    with pytest.raises(RefusedError):
        confirm(person=person, code=current_code(person, steps))


def test_a_malformed_code_is_told_apart_and_costs_no_attempt(person: Person) -> None:
    for code in ("", "12345", "abcdef", "ABCD EFGH 2345"):
        with pytest.raises(RefusedError) as refused:
            confirm(person=person, code=code)
        assert refused.value.field == "otp_code"
    assert not Throttle.objects.exists()


def test_wrong_codes_are_slowed_down_and_the_right_one_too(person: Person) -> None:
    wrong = f"{(int(current_code(person)) + 1) % 1_000_000:06d}"
    for _ in range(FACTOR_BACK_OFF.free + 1):
        with pytest.raises(RefusedError):
            confirm(person=person, code=wrong)
    with pytest.raises(TooManyAttempts) as refused:
        confirm(person=person, code=current_code(person))
    assert refused.value.field == "otp_code"
    Throttle.objects.update(blocked_until=timezone.now())
    confirm(person=person, code=current_code(person))
    assert Throttle.objects.get(key__startswith="factor:").failures == 0
    assert Throttle.objects.get(key__startswith="global:").failures == FACTOR_BACK_OFF.free + 1


def test_somebody_without_second_factor_confirms_nothing(newcomer: Person) -> None:
    with pytest.raises(RefusedError):
        confirm(person=newcomer, code="123456")


@pytest.mark.django_db(transaction=True)
def test_a_confirmation_inside_the_decision_s_transaction_is_a_programming_error(person: Person) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        confirm(person=person, code=current_code(person))


def test_enrolment_makes_ten_codes_of_which_only_digests_are_kept(newcomer: Person) -> None:
    counter_code = counter_now()
    code = code_at(SEED, counter_code)
    device, codes = factor_changes.enrolment_confirm(person=newcomer, seed=SEED, code=code, replacing=False)
    kept = " ".join(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(set(codes)) == RecoveryCode.objects.count() == selectors.recovery_codes_left(newcomer) == 10
    assert not any(one.replace(" ", "") in kept for one in codes)
    assert device.last_counter == counter_code


def test_the_first_code_of_an_enrolment_does_not_sign_in_again(newcomer: Person) -> None:
    code = code_at(SEED, counter_now())
    factor_changes.enrolment_confirm(person=newcomer, seed=SEED, code=code, replacing=False)
    with pytest.raises(RefusedError):
        confirm(person=newcomer, code=code)


@pytest.mark.parametrize("replacing", [True, False])
def test_an_enrolment_that_does_not_find_the_expected_state_changes_nothing(
    person: Person, newcomer: Person, replacing: bool
) -> None:
    target = newcomer if replacing else person
    code = code_at(SEED, counter_now())
    with pytest.raises(ChangedMeanwhile):
        factor_changes.enrolment_confirm(person=target, seed=SEED, code=code, replacing=replacing)
    assert actions() == []
    assert selectors.recovery_codes_left(target) == 0


@pytest.mark.parametrize("code", ["12345", "abcdefghijkl"])
def test_an_enrolment_wants_six_digits(newcomer: Person, code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        factor_changes.enrolment_confirm(person=newcomer, seed=SEED, code=code, replacing=False)
    assert refused.value.field == "code"


def test_every_event_of_the_accounts_has_its_sentence() -> None:
    import re
    from pathlib import Path

    modules = (services, passkeys, factor_changes, identities, recovering)
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules)
    kinds = "session|identity|second_factor|person|mandate|staff_role|passkey|recovery"
    written = set(re.findall(rf'"((?:{kinds})\.[a-z_]+)"', source))
    written |= {f"recovery.{step}" for step in re.findall(r'_told\("([a-z]+)"', source)}
    written -= {passkeys.SIGN_IN, recovering.APPROVE, "recovery.refuse", "person.manage"}
    assert written == set(SENTENCES)
