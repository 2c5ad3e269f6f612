"""Grants on single objects: one table a model, one query a list, and no privilege for superusers."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured

from apps.accounts import grants
from apps.accounts.models import Organisation, Person
from apps.applications.models import Application
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.applications import draft

pytestmark = pytest.mark.django_db
VIEW = "view_application"


def held(person: Person) -> set[object]:
    return set(grants.granted_ids(person, VIEW, Application))


def test_a_grant_opens_one_object_to_one_person() -> None:
    mine, other = draft(), draft()
    person, stranger = PersonFactory.create_batch(2)
    grants.grant(person, VIEW, mine)
    assert VIEW in [row.codename for row in Permission.objects.filter(content_type__model="application")]
    assert mine.pk in held(person)
    assert other.pk not in held(person)
    assert mine.pk not in held(stranger)
    assert person.has_perm(f"applications.{VIEW}", mine)
    assert not person.has_perm(f"applications.{VIEW}", other)
    assert not stranger.has_perm(VIEW, mine)


def test_granting_twice_is_granting_once_and_withdrawing_ends_it() -> None:
    application, person = draft(), PersonFactory.create()
    for _ in range(2):
        grants.grant(person, VIEW, application)
    assert list(grants.granted_ids(person, VIEW, Application)) == [application.pk]
    assert person in grants.granted_people(VIEW, application)
    for _ in range(2):
        grants.withdraw(person, VIEW, application)
    assert held(person) == set()
    assert person not in grants.granted_people(VIEW, application)


def test_a_superuser_and_somebody_inactive_open_nothing() -> None:
    application = draft()
    root, gone = PersonFactory.create(is_superuser=True), PersonFactory.create(is_active=False)
    grants.grant(gone, VIEW, application)
    assert not root.has_perm(VIEW, application)
    assert held(root) == set()
    assert not gone.has_perm(VIEW, application)


def test_the_flag_of_a_superuser_stays_technical() -> None:
    assert PersonFactory.create(is_superuser=True).has_perm("accounts.add_person")
    assert not PersonFactory.create().has_perm("accounts.add_person")


@pytest.mark.parametrize("number", [1, 12])
def test_a_list_is_one_query_however_long(
    number: int, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    person = PersonFactory.create()
    for application in [draft() for _ in range(number)]:
        grants.grant(person, VIEW, application)
    with django_assert_num_queries(1):
        assert Application.objects.filter(pk__in=grants.granted_ids(person, VIEW, Application)).count() == number


def test_an_unknown_permission_is_a_programming_error() -> None:
    with pytest.raises(Permission.DoesNotExist):
        grants.grant(PersonFactory.create(), "eat_application", draft())


def test_a_model_without_its_own_table_is_a_programming_error() -> None:
    organisation = OrganisationFactory.create()
    with pytest.raises(ImproperlyConfigured, match="Organisation"):
        grants.grant(PersonFactory.create(), "view_organisation", organisation)
    with pytest.raises(ImproperlyConfigured, match="Organisation"):
        grants.granted_ids(PersonFactory.create(), "view_organisation", Organisation)
