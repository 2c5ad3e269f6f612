"""What the database itself refuses, and what a person is."""

from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from apps.accounts import selectors
from apps.accounts.models import Mandate, Organisation, Person, RecoveryCode, StaffRole, TotpDevice
from apps.accounts.sealing import keyed_digest, seal, unseal
from apps.core.rules import Role
from tests.factories.accounts import (
    SEED,
    MandateFactory,
    OrganisationFactory,
    PersonFactory,
    StaffRoleFactory,
    TotpDeviceFactory,
    steward,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def refused(write: Any, **fields: object) -> bool:
    with pytest.raises(DatabaseError), transaction.atomic():
        write(**fields)
    return True


def test_an_address_with_other_capitals_is_the_same_account() -> None:
    person = PersonFactory.create(email="Marie.Curie@Exemple.fr")
    assert person.email == "marie.curie@exemple.fr"
    assert selectors.person_by_email(" MARIE.curie@exemple.FR ") == person
    assert Person.objects.get_by_natural_key("MARIE.CURIE@EXEMPLE.FR") == person
    assert refused(PersonFactory.create, email="marie.curie@EXEMPLE.fr")


def test_the_database_keeps_no_address_in_capitals() -> None:
    assert refused(Person.objects.create, email="Marie@exemple.fr", given_name="M", family_name="C")


def test_an_unknown_address_is_nobody() -> None:
    assert selectors.person_by_email("nobody@exemple.fr") is None


def test_an_unknown_language_is_refused_by_the_database() -> None:
    assert refused(PersonFactory.create, language="de")


def test_a_person_reads_as_their_full_name() -> None:
    person = PersonFactory.build(given_name="Marie", family_name="Curie")
    assert str(person) == person.get_full_name() == person.full_name == "Marie Curie"


@pytest.mark.parametrize("siren", ["12345678", "1234567890", "12345678x", ""])
def test_a_siren_of_wrong_shape_is_refused_by_the_database(siren: str) -> None:
    assert refused(OrganisationFactory.create, siren=siren)


def test_two_organisations_cannot_share_a_siren() -> None:
    first = OrganisationFactory.create()
    assert refused(OrganisationFactory.create, siren=first.siren)


@pytest.mark.parametrize("fields", [{"kind": "secret"}, {"name": ""}])
def test_an_organisation_needs_a_name_and_a_known_kind(fields: dict[str, str]) -> None:
    assert refused(OrganisationFactory.create, **fields)


@pytest.mark.parametrize("factory", [MandateFactory, StaffRoleFactory])
def test_dates_out_of_order_are_refused_by_the_database(factory: Any) -> None:
    assert refused(factory.create, starts_on=date(2027, 3, 2), ends_on=date(2027, 3, 1))
    assert factory.create(starts_on=date(2027, 3, 2), ends_on=date(2027, 3, 2)).pk


def test_a_role_the_portal_does_not_know_is_refused_by_the_database() -> None:
    assert refused(StaffRoleFactory.create, role="member")


@pytest.mark.parametrize("factory", [MandateFactory, StaffRoleFactory])
def test_the_same_line_is_written_once(factory: Any) -> None:
    row = factory.create()
    same = {"organisation": row.organisation} if isinstance(row, Mandate) else {"role": row.role}
    assert refused(factory.create, person=row.person, starts_on=row.starts_on, **same)


def test_staff_roles_are_those_of_today(django_assert_num_queries: Any) -> None:
    today = timezone.localdate()
    person = steward()
    StaffRoleFactory.create(person=person, role="auditor", starts_on=today - 9 * DAY, ends_on=today - DAY)
    StaffRoleFactory.create(person=person, role="operator", starts_on=today + DAY)
    with django_assert_num_queries(1):
        assert person.staff_roles == person.staff_roles == frozenset({Role.STEWARD})


def test_a_superuser_has_no_business_role() -> None:
    root = Person.objects.create_superuser("root@exemple.fr", "x", given_name="Root", family_name="Root")
    assert root.is_superuser
    assert root.staff_roles == frozenset()
    assert not root.is_verified()


def test_organisations_are_those_of_current_mandates() -> None:
    today = date(2027, 3, 1)
    mandate = MandateFactory.create(organisation__name="B")
    MandateFactory.create(person=mandate.person, organisation__name="A", ends_on=today)
    MandateFactory.create(person=mandate.person, organisation__name="C", ends_on=today - DAY)
    MandateFactory.create(person=mandate.person, organisation__name="D", starts_on=today + DAY)
    MandateFactory.create()
    assert [str(one) for one in selectors.organisations_of(mandate.person, today)] == ["A", "B"]
    assert [one.organisation.name for one in selectors.mandates_of(mandate.person, today)] == ["A", "B"]


def test_an_organisation_with_mandates_cannot_vanish() -> None:
    mandate = MandateFactory.create()
    with pytest.raises(IntegrityError):
        Organisation.objects.filter(pk=mandate.organisation_id).delete()


def test_a_seed_is_not_in_the_row_and_opens_only_for_its_person() -> None:
    device = TotpDeviceFactory.create()
    row = TotpDevice.objects.get(pk=device.pk)
    assert SEED not in bytes(row.seed)
    assert row.seed_open() == SEED
    row.user = PersonFactory.create()
    with pytest.raises(InvalidTag):
        row.seed_open()


def test_a_person_has_one_application_at_most() -> None:
    device = TotpDeviceFactory.create()
    assert refused(TotpDeviceFactory.create, user=device.user)


def test_the_same_recovery_code_is_kept_once() -> None:
    device = TotpDeviceFactory.create()
    RecoveryCode.objects.create(device=device, digest="a")
    assert refused(RecoveryCode.objects.create, device=device, digest="a")


def test_a_role_row_ends_with_its_person() -> None:
    person = steward()
    person.delete()
    assert not StaffRole.objects.exists()


def test_sealing_twice_gives_different_bytes_and_altered_bytes_do_not_open() -> None:
    first, second = seal(b"secret", context="a"), seal(b"secret", context="a")
    assert first != second
    assert unseal(first, context="a") == unseal(second, context="a") == b"secret"
    with pytest.raises(InvalidTag):
        unseal(first[:-1] + bytes([first[-1] ^ 1]), context="a")


def test_another_key_opens_nothing_and_digests_differently(settings: Any) -> None:
    sealed, digest = seal(b"secret", context="a"), keyed_digest("x", purpose="p")
    settings.FIELD_KEY = "another key"
    assert keyed_digest("x", purpose="p") != digest
    with pytest.raises(InvalidTag):
        unseal(sealed, context="a")


def test_digests_of_two_purposes_never_meet() -> None:
    assert keyed_digest("x", purpose="p") == keyed_digest("x", purpose="p") != keyed_digest("x", purpose="q")
