"""People at each step of sign-in."""

from typing import Any

import pytest
from django.conf import settings as portal
from django.urls import reverse

from apps.accounts.models import Person
from tests.factories.accounts import PASSWORD, Browser, PersonFactory, TotpDeviceFactory, client_signed_in, current_code
from tests.support.authenticator import Authenticator


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


def device(**other: Any) -> Authenticator:
    """An authenticator on the portal's own pages."""
    return Authenticator(**{"origin": portal.PORTAL_URL, "host": portal.OTP_WEBAUTHN_RP_ID, **other})


def add_passkey(client: Browser, person: Person, authenticator: Authenticator, **other: str) -> Any:
    """Post the form that adds a passkey."""
    challenge = client.post("/compte/cles/options/").json()["challenge"]
    fields = {"name": "Bureau", "otp_code": current_code(person), "credential": authenticator.made(challenge)}
    return client.post("/compte/cles/ajouter/", {**fields, **other})


@pytest.fixture
def authenticator(signed_in: Browser, person: Person) -> Authenticator:
    """The authenticator whose passkey `person` added."""
    made = device()
    assert add_passkey(signed_in, person, made).status_code == 302
    return made
