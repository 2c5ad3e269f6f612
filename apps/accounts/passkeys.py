"""Passkeys (WebAuthn) as second factor: ceremonies by django-otp-webauthn, user verification always required.

Each challenge is a row that is deleted by whoever answers it first: one answer is worth one ceremony, whoever repeats
it, and nothing after five minutes.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement, UserVerificationRequirement

from apps.accounts import wording
from apps.accounts.models import PasskeyChallenge, Person
from apps.accounts.rules import STEP_UP_LIFE, Act
from apps.accounts.sealing import keyed_digest
from apps.accounts.services import event_of_person
from apps.accounts.throttling import Counter, attempt_begin, attempt_forgiven, attempt_succeeded
from apps.core.errors import RefusedError

ADD, SIGN_IN = "account.passkey_add", "session.passkey_confirm"
MOST_PASSKEYS = 10
Outcome = TypeVar("Outcome")


class PasskeyHelper(WebAuthnHelper):
    """The library's ceremonies, with the person verified by their device (fingerprint, face, PIN) every time."""

    def get_generate_registration_options_kwargs(self, *, user: Person) -> dict[str, Any]:
        options: dict[str, Any] = super().get_generate_registration_options_kwargs(user=user)
        options["authenticator_selection"] = AuthenticatorSelectionCriteria(
            user_verification=UserVerificationRequirement.REQUIRED, resident_key=ResidentKeyRequirement.PREFERRED
        )
        return options


def is_passkey(device: object) -> bool:
    """Whether a second factor is a passkey."""
    return isinstance(device, WebAuthnCredential)


def _helper() -> PasskeyHelper:
    # The request is for settings that are functions of it: the portal has one host, and none of them.
    return PasskeyHelper(HttpRequest())


def registration_options(person: Person) -> dict[str, Any]:
    """What the browser needs to make a new passkey."""
    options, _state = _helper().register_begin(user=person)
    _challenge_keep(person, ADD, options)
    return dict(options)


def sign_in_options(person: Person) -> dict[str, Any]:
    """What the browser needs to use one of the person's passkeys."""
    return _options_of_use(person, SIGN_IN)


def step_up_options(person: Person, act: Act) -> dict[str, Any]:
    """What the browser needs to confirm this very act by one of the person's passkeys."""
    return _options_of_use(person, act.challenge_purpose)


def _options_of_use(person: Person, purpose: str) -> dict[str, Any]:
    options, _state = _helper().authenticate_begin(user=person, require_user_verification=True)
    _challenge_keep(person, purpose, options)
    return dict(options)


def passkey_register(*, person: Person, answer: str, name: str) -> WebAuthnCredential:
    """Keep the passkey that the browser made. Raises RefusedError for an answer that is not one to our challenge."""
    ceremony = _helper().register_complete
    with transaction.atomic():
        device = _answered(person, ADD, answer, lambda state, data: ceremony(user=person, state=state, data=data))
        device.name = name
        device.save(update_fields=["name"])
        event_of_person("passkey.added", person, passkey=device.pk)
    return device


def passkey_verify(
    *, person: Person, answer: str, act: Act | None = None, field: str | None = None
) -> WebAuthnCredential:
    """The passkey of the person that signed the challenge: to sign in or, with an `act`, to confirm that act alone.

    Raises RefusedError in one sentence for every failure (for the form field `field`), TooManyAttempts, RuntimeError
    inside a transaction.
    """
    counter, everybody = Counter.for_factor(person.pk), Counter.for_everybody()
    attempt_begin(counter, everybody, field=field)
    ceremony, told = _helper().authenticate_complete, act.action if act else "sign_in"
    purpose = act.challenge_purpose if act else SIGN_IN
    try:
        with transaction.atomic():
            device = _answered(
                person, purpose, answer, lambda state, data: ceremony(user=person, state=state, data=data)
            )
            attempt_succeeded(counter)
            attempt_forgiven(everybody)
            event_of_person("second_factor.accepted", person, purpose=told, kind="passkey")
    except RefusedError as error:
        with transaction.atomic():
            event_of_person("second_factor.refused", person, purpose=told, kind="passkey")
        raise RefusedError(error.messages, field=field) from error
    return device


def passkey_needed(person: Person, device: object) -> bool:
    """Whether a role of the person is only held in sessions opened by a passkey, and this one was not."""
    return bool(person.staff_roles & settings.PASSKEY_ROLES) and not is_passkey(device)


def _challenge_keep(person: Person, purpose: str, options: dict[str, Any]) -> None:
    digest = keyed_digest(options["challenge"], purpose="challenge")
    PasskeyChallenge.objects.create(digest=digest, person=person, purpose=purpose, made_at=timezone.now())


def _answered(
    person: Person, purpose: str, answer: str, ceremony: Callable[[dict[str, Any], dict[str, Any]], Outcome]
) -> Outcome:
    """Hold the ceremony over the answer to a challenge of ours, which is thereby spent. Raises RefusedError."""
    try:
        data = json.loads(answer)
        challenge = json.loads(base64url_to_bytes(data["response"]["clientDataJSON"]))["challenge"]
        if not _challenge_spent(person, purpose, str(challenge)):
            raise RefusedError((wording.WRONG_PASSKEY,))
        return ceremony({"challenge": challenge, "require_user_verification": True}, data)
    except (OTPWebAuthnApiError, WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise RefusedError((wording.WRONG_PASSKEY,)) from error


def _challenge_spent(person: Person, purpose: str, challenge: str) -> bool:
    fresh = PasskeyChallenge.objects.filter(
        digest=keyed_digest(challenge, purpose="challenge"),
        person=person,
        purpose=purpose,
        made_at__gt=timezone.now() - STEP_UP_LIFE,
    )
    return bool(fresh.delete()[0])
