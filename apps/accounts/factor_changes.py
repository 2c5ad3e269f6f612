"""Changing what one signs in with: each change is confirmed by a present factor, and ends the other sessions."""

from django.db import transaction
from django_otp_webauthn.models import WebAuthnCredential

from apps.accounts import factors, passkeys, selectors, wording
from apps.accounts.models import Person, RecoveryCode, TotpDevice
from apps.accounts.rules import Act, CodeKind, code_kind, code_normalised
from apps.accounts.services import event_of_person
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.accounts.throttling import Counter, attempt_begin, attempt_succeeded
from apps.accounts.totp import counter_matching
from apps.accounts.wording import ANY_CODE, TOTP_ONLY
from apps.core.errors import ChangedMeanwhile, RefusedError

PASSWORD, REPLACE, RENEW_CODES = "account.password_change", "account.factor_replace", "account.recovery_codes_renew"
ADD_PASSKEY, REMOVE_PASSKEY = passkeys.ADD, "account.passkey_remove"


def act_on_own(person: Person, action: str, what: object = "") -> Act:
    """What a confirmation of this change of the person's own factors is bound to."""
    return Act(action, str(what or person.pk))


def _confirm(person: Person, code: str, act: Act) -> None:
    step_up_confirm(person=person, code=code, action=act.action, object_id=act.object_id)


def _spend(person: Person, act: Act) -> None:
    step_up_spend(person=person, action=act.action, object_id=act.object_id)


def factor_replace_confirm(*, person: Person, code: str) -> None:
    """Confirm by a present factor, or a recovery code, that another application is about to take its place."""
    act = act_on_own(person, REPLACE)
    step_up_confirm(person=person, code=code, action=act.action, object_id=act.object_id, field="code", kinds=ANY_CODE)


def enrolment_confirm(*, person: Person, seed: bytes, code: str, replacing: bool) -> tuple[TotpDevice, tuple[str, ...]]:
    """Make the seed the person's second factor, once a first code proves that their application has it.

    Gives the factor and its ten recovery codes in clear, this once. The factor before it (`replacing`) and its codes
    end, against a confirmation by it. Raises RefusedError for the field `code`, StepUpMissing, ChangedMeanwhile when a
    factor was enrolled from elsewhere.
    """
    typed = code_normalised(code)
    if code_kind(typed) is not CodeKind.TOTP:
        raise RefusedError((wording.code_shape(TOTP_ONLY),), field="code")
    counter = counter_matching(seed, typed)
    if counter is None:
        raise RefusedError((wording.WRONG_FIRST_CODE,), field="code")
    with transaction.atomic():
        _factor_place_free(person, replacing=replacing)
        if replacing:
            _spend(person, act_on_own(person, REPLACE))
        device = factors.device_create(person, seed, counter)
        codes = factors.recovery_codes_create(device)
        event_of_person("second_factor.replaced" if replacing else "second_factor.enrolled", person)
    return device, codes


def _factor_place_free(person: Person, *, replacing: bool) -> None:
    Person.objects.select_for_update().get(pk=person.pk)
    present = selectors.factor_of(person)
    if (present is not None) is not replacing:
        raise ChangedMeanwhile(wording.FACTOR_CHANGED)
    if present:
        present.delete()


def recovery_codes_renew(*, person: Person, code: str) -> tuple[str, ...]:
    """Ten fresh recovery codes in clear, this once; those before are worth nothing any more.

    Raises RefusedError for the field `otp_code`, ChangedMeanwhile when the factor was replaced from elsewhere.
    """
    act = act_on_own(person, RENEW_CODES)
    _confirm(person, code, act)
    with transaction.atomic():
        _spend(person, act)
        device = TotpDevice.objects.select_for_update().filter(user=person, confirmed=True).first()
        if device is None:
            raise ChangedMeanwhile(wording.FACTOR_CHANGED)
        RecoveryCode.objects.filter(device=device).delete()
        codes = factors.recovery_codes_create(device)
        event_of_person("second_factor.codes_renewed", person)
    return codes


def password_change(*, person: Person, current: str, new: str, code: str) -> None:
    """Give the person a new password (already validated by the form), against the present one and a second factor.

    Raises RefusedError for the field `current_password` or `otp_code`; a wrong password does not spend the code.
    """
    account, act = Counter.for_account(person.email), act_on_own(person, PASSWORD)
    attempt_begin(account, field="current_password")
    if not person.check_password(current):
        with transaction.atomic():
            event_of_person("session.password_refused", person)
        raise RefusedError((wording.WRONG_PRESENT_PASSWORD,), field="current_password")
    attempt_succeeded(account)
    _confirm(person, code, act)
    with transaction.atomic():
        _spend(person, act)
        person.set_password(new)
        person.save(update_fields=["password"])
        event_of_person("person.password_changed", person)


def passkey_add(*, person: Person, answer: str, name: str, code: str) -> WebAuthnCredential:
    """Keep the passkey that the browser made, against a present factor.

    Raises RefusedError (field "otp_code" for the code, none for the passkey), TooManyAttempts.
    """
    if selectors.passkeys_of(person).count() >= passkeys.MOST_PASSKEYS:
        raise RefusedError((wording.TOO_MANY_PASSKEYS,))
    act = act_on_own(person, ADD_PASSKEY)
    _confirm(person, code, act)
    with transaction.atomic():
        _spend(person, act)
        return passkeys.passkey_register(person=person, answer=answer, name=name)


def passkey_remove(*, person: Person, passkey: WebAuthnCredential, code: str) -> None:
    """Delete a passkey, against a present factor. Raises RefusedError for the field "otp_code"."""
    act = act_on_own(person, REMOVE_PASSKEY, passkey.pk)
    _confirm(person, code, act)
    with transaction.atomic():
        _spend(person, act)
        event_of_person("passkey.removed", person, passkey=passkey.pk)
        passkey.delete()
