"""Who a session belongs to."""

from datetime import date
from functools import lru_cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts.models import Person, StaffRole
from apps.core.rules import Role


class PersonBackend(ModelBackend):
    """Finds a person by password, or by their session: then with what nearly every page asks of them, in one query."""

    def get_user(self, user_id: Any) -> Person | None:
        person = _active_people(timezone.localdate()).filter(pk=user_id).first()
        if person:
            person.__dict__["staff_roles"] = frozenset(Role(role) for role in person.roles_held)
            person.__dict__["has_passkey"] = person.passkey_held
        return person


@lru_cache(maxsize=1)
def _active_people(today: date) -> QuerySet[Any]:
    """People with the roles they hold today and whether they have a passkey: put together once a day, not a request."""
    roles = StaffRole.objects.current(today).filter(person=OuterRef("pk")).values("role")
    passkeys = WebAuthnCredential.objects.filter(user=OuterRef("pk"), confirmed=True)
    people = Person.objects.filter(is_active=True)
    return people.annotate(roles_held=ArraySubquery(roles), passkey_held=Exists(passkeys))
