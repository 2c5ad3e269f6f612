"""People at each step of sign-in."""

import pytest
from django.urls import reverse

from apps.accounts.models import Person
from tests.factories.accounts import PASSWORD, Browser, PersonFactory, TotpDeviceFactory, client_signed_in, current_code


@pytest.fixture
def person(db: None) -> Person:
    """Somebody who has set up their second factor, and reads English."""
    person = PersonFactory.create(language="en")
    TotpDeviceFactory.create(user=person)
    return person


@pytest.fixture
def newcomer(db: None) -> Person:
    """Somebody who has a password only."""
    return PersonFactory.create(language="en")


@pytest.fixture
def signed_in(person: Person) -> Browser:
    """The browser of `person`, both factors given."""
    return client_signed_in(person)


def give_password(person: Person, client: Browser | None = None, query: str = "", password: str = PASSWORD) -> Browser:
    """Post the first step of sign-in."""
    client = client or Browser()
    client.last = client.post(reverse("accounts:sign_in") + query, {"email": person.email, "password": password})
    return client


def give_code(client: Browser, code: str, query: str = "") -> Browser:
    """Post the second step of sign-in."""
    client.last = client.post(reverse("accounts:second_factor") + query, {"code": code})
    return client


def sign_in(person: Person) -> Browser:
    """Both steps, as a visitor does them."""
    return give_code(give_password(person), current_code(person))
