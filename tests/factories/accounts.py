"""People, organisations and roles for tests."""

import uuid
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import factory
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from factory.django import DjangoModelFactory

from apps.accounts.models import Mandate, Organisation, Person, StaffRole, StepUp, TotpDevice
from apps.accounts.rules import siren_is_valid
from apps.accounts.sealing import seal
from apps.accounts.totp import code_at, counter_now
from apps.core.rules import Role

PASSWORD = "des mots que personne n'attend ici"
SEED = b"a seed of twenty byt"


def siren_numbered(number: int) -> str:
    """A valid SIREN made from a number: eight digits and the ninth that fits the Luhn key."""
    stem = f"{number + 10_000_000:08d}"
    return next(stem + key for key in "0123456789" if siren_is_valid(stem + key))


class PersonFactory(DjangoModelFactory[Person]):
    """An active person whose password is PASSWORD, without second factor or role."""

    class Meta:
        model = Person

    email = factory.LazyFunction(lambda: f"{uuid.uuid4().hex[:12]}@exemple.fr")
    given_name = "Dominique"
    family_name = factory.Sequence(lambda n: f"Essai{n}")

    @classmethod
    def _create(cls, model_class: type[Person], *args: Any, **kwargs: Any) -> Person:
        return model_class.objects.create_user(password=kwargs.pop("password", PASSWORD), **kwargs)


class OrganisationFactory(DjangoModelFactory[Organisation]):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Hôpital {n}")
    kind = "public"
    siren = factory.Sequence(siren_numbered)


class MandateFactory(DjangoModelFactory[Mandate]):
    """An open mandate since 2020."""

    class Meta:
        model = Mandate

    person = factory.SubFactory(PersonFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    starts_on = date(2020, 1, 1)


class StaffRoleFactory(DjangoModelFactory[StaffRole]):
    """The role of data steward since 2020, without end."""

    class Meta:
        model = StaffRole

    person = factory.SubFactory(PersonFactory)
    role = Role.STEWARD.value
    starts_on = date(2020, 1, 1)


class TotpDeviceFactory(DjangoModelFactory[TotpDevice]):
    """A confirmed authenticator application whose seed is SEED."""

    class Meta:
        model = TotpDevice

    user = factory.SubFactory(PersonFactory)
    name = "Application"
    confirmed = True
    seed = factory.LazyAttribute(lambda device: seal(SEED, context=str(device.user.pk)))


def steward(**fields: Any) -> Person:
    """A person with the role of data steward."""
    return StaffRoleFactory.create(person=PersonFactory.create(**fields)).person


def current_code(person: Person, steps_ahead: int = 0) -> str:
    """The code that the person's authenticator application shows now, or `steps_ahead` time steps later."""
    seed = TotpDevice.objects.get(user=person, confirmed=True).seed_open()
    return code_at(seed, counter_now() + steps_ahead)


def confirmed(person: Person, action: str, object_id: object = "", content_hash: str = "") -> StepUp:
    """A confirmation of this act by the person's second factor, a moment ago."""
    return StepUp.objects.create(
        person=person, action=action, object_id=str(object_id), content_hash=content_hash, confirmed_at=timezone.now()
    )


def confirm(client: Client, led_to: str, code: str) -> Any:
    """On the page that confirms an act, at the address somebody was led to, type a code; gives the page's answer."""
    token = parse_qs(urlsplit(led_to).query)["acte"][0]
    return client.post("/compte/confirmer/", {"acte": token, "otp_code": code})


class Browser(Client):
    """Django's test client, its answers untyped: they carry attributes of many classes (`url`, `context`…)."""

    last: Any = None

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return super().get(*args, **kwargs)

    def post(self, *args: Any, **kwargs: Any) -> Any:
        return super().post(*args, **kwargs)


def client_signed_in(person: Person, client: Browser | None = None) -> Browser:
    """A test client in which the person has passed both factors, with pages in their language."""
    client = client or Browser()
    device = TotpDevice.objects.filter(user=person, confirmed=True).first() or TotpDeviceFactory.create(user=person)
    client.force_login(person, backend="apps.accounts.backends.PersonBackend")
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = person.language
    return client
