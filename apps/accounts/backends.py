"""Who a session belongs to."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts.models import Person, StaffRole
from apps.core.rules import Role


class PersonBackend(ModelBackend):
    """Finds a person by password, or by their session: then with what nearly every page asks of them, in one query."""

    def get_user(self, user_id: Any) -> Person | None:
        roles = StaffRole.objects.current(timezone.localdate()).filter(person=OuterRef("pk")).values("role")
        passkeys = WebAuthnCredential.objects.filter(user=OuterRef("pk"), confirmed=True)
        found = Person.objects.annotate(roles_held=ArraySubquery(roles), passkey_held=Exists(passkeys))
        person = found.filter(pk=user_id, is_active=True).first()
        if person:
            person.__dict__["staff_roles"] = frozenset(Role(role) for role in person.roles_held)
            person.__dict__["has_passkey"] = person.passkey_held
        return person
