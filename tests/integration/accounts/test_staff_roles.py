"""Giving and ending roles on the platform from its pages."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Person, StaffRole
from apps.accounts.staff_roles import content_of, staff_role_grant
from apps.audit.models import Event
from apps.core.errors import RefusedError
from apps.core.rules import Role
from tests.factories.accounts import (
    PersonFactory,
    StaffRoleFactory,
    client_signed_in,
    confirm,
    confirmed,
    current_code,
    steward,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Person:
    return StaffRoleFactory.create(role="operator", person=PersonFactory.create(language="en")).person


def test_a_role_is_given_with_the_second_factor_bound_to_what_is_given(operator: Person, person: Person) -> None:
    """Given an operator, when they confirm what they filled in, then the role is given; another one is asked anew."""
    client, today = client_signed_in(operator), timezone.localdate()
    found = client.get("/roles/", {"email": person.email})
    assert found.url == f"/roles/{person.pk}/"
    fields = {"role": "auditor", "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=30)).isoformat()}
    led = client.post(f"{found.url}donner/", fields)
    assert led.url.startswith("/compte/confirmer/")
    assert not StaffRole.objects.filter(person=person).exists()
    onward = confirm(client, led.url, current_code(operator)).content.decode()
    assert all(f'name="{name}" value="{value}"' in onward for name, value in fields.items())
    assert client.post(f"{found.url}donner/", {**fields, "role": "steward"}).url.startswith("/compte/confirmer/")
    assert client.post(f"{found.url}donner/", fields).url == found.url
    row = StaffRole.objects.get(person=person)
    assert (row.role, row.given_by, row.ends_on) == ("auditor", operator, today + timedelta(days=30))
    assert Event.objects.get(action="staff_role.given").actor == str(operator.pk)


def test_a_role_is_ended_with_the_second_factor_and_the_next_request_goes_without(operator: Person) -> None:
    holder = steward()
    used = client_signed_in(holder)
    assert used.get("/roles/").status_code == 200
    row, client = StaffRole.objects.get(person=holder), client_signed_in(operator)
    led = client.post(f"/roles/{row.pk}/terminer/")
    confirm(client, led.url, current_code(operator))
    assert client.post(f"/roles/{row.pk}/terminer/").status_code == 302
    assert used.get("/roles/").status_code == 404
    assert Event.objects.filter(action="staff_role.ended").count() == 1


def test_nobody_gives_a_role_to_themselves_nor_without_one(operator: Person, person: Person) -> None:
    today = timezone.localdate()
    for by in (operator, person):
        confirmed(by, "staff_role.give", operator.pk, content_of("auditor", today, None))
        with pytest.raises(RefusedError):
            staff_role_grant(person=operator, role=Role.AUDITOR, starts_on=today, ends_on=None, by=by)
    page = client_signed_in(operator).get(f"/roles/{operator.pk}/").content.decode()
    assert "Nobody can give a role to themselves." in page


def test_what_is_wrong_in_the_form_is_said(operator: Person, person: Person) -> None:
    client, today = client_signed_in(operator), timezone.localdate()
    address = f"/roles/{person.pk}/donner/"
    backwards = {"role": "auditor", "starts_on": today, "ends_on": today - timedelta(days=1)}
    assert client.post(address, backwards).status_code == 422
    StaffRoleFactory.create(person=person, role="auditor", starts_on=today)
    assert client.post(address, {"role": "auditor", "starts_on": today}).status_code == 422
    assert client.get("/roles/", {"email": "personne@exemple.fr"}).status_code == 422


def test_auditors_look_on(person: Person) -> None:
    auditor = StaffRoleFactory.create(role="auditor").person
    client = client_signed_in(auditor)
    page = client.get(f"/roles/{auditor.pk}/").content.decode()
    assert "/donner/" not in page
    assert client.post(f"/roles/{person.pk}/donner/", {}).status_code == 404


@pytest.mark.parametrize("number", [1, 5])
def test_the_list_asks_a_fixed_number_of_queries(
    operator: Person, number: int, django_assert_max_num_queries: object
) -> None:
    StaffRoleFactory.create_batch(number)
    client = client_signed_in(operator)
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        client.get("/roles/")


@pytest.mark.parametrize(
    "values",
    ["'{holder}', 'auditor', '{holder}'", "'{other}', 'auditor', '{other}'", "'{holder}', 'auditor', '{other}'"],
    ids=["to themselves", "to themselves without a role", "by somebody without a role"],
)
def test_raw_sql_gives_no_role_either(operator: Person, values: str) -> None:
    filled = values.format(holder=operator.pk, other=PersonFactory.create().pk)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_staffrole (person_id, role, given_by_id, starts_on) VALUES ({filled}, CURRENT_DATE)"
        )
