"""Step-up: the second factor again, just before an act, and for that act alone.

A confirmation is a row bound to the action, its object and the hash of the content that was read. The act spends it in
its own transaction: rolled back with the act, never spent twice, worthless after five minutes or for anything else.

    step_up_confirm(person=by, code=code, action="application.approve", object_id=str(pk), content_hash=read)
    with transaction.atomic():
        step_up_spend(person=by, action="application.approve", object_id=str(pk), content_hash=present)
        …

A form that performs an act carries the confirmation with it (forms.ConfirmForm). An act without a form of its own, such
as a download, raises StepUpMissing and leads through the page of apps/accounts/acts.py.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts import wording
from apps.accounts.models import PasskeyChallenge, Person, StepUp
from apps.accounts.passkeys import passkey_verify
from apps.accounts.rules import STEP_UP_LIFE, Act, CodeKind, is_passkey_answer
from apps.accounts.services import second_factor_verify
from apps.accounts.wording import TOTP_ONLY
from apps.core.errors import PortalError


class StepUpMissing(PortalError):
    """An act was not confirmed by the second factor, or too long ago. `act` says which: a middleware asks for it."""

    status = 403

    def __init__(self, act: Act) -> None:
        super().__init__(wording.STEP_UP_MISSING)
        self.act = act


def step_up_confirm(
    *,
    person: Person,
    code: str,
    action: str,
    object_id: str = "",
    content_hash: str = "",
    field: str = "otp_code",
    kinds: frozenset[CodeKind] = TOTP_ONLY,
) -> StepUp:
    """Spend a one-time code, or a passkey's answer to a challenge for this act, before the act's transaction is opened.

    Raises RefusedError for the form field `field` (TooManyAttempts, a subclass, while throttled) and RuntimeError
    inside a transaction.
    """
    if is_passkey_answer(code):
        passkey_verify(person=person, answer=code, act=Act(action, object_id, content_hash), field=field)
    else:
        second_factor_verify(person=person, code=code, purpose=action, field=field, kinds=kinds)
    return StepUp.objects.create(
        person=person, action=action, object_id=object_id, content_hash=content_hash, confirmed_at=timezone.now()
    )


def step_up_spend(*, person: Person, action: str, object_id: str = "", content_hash: str = "") -> None:
    """Use the confirmation of exactly this act up. Raises StepUpMissing without a fresh one, RuntimeError outside the
    transaction of the act.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"the confirmation of {action} was to be spent outside the transaction of the act")
    act = Act(action, object_id, content_hash)
    found = _fresh(person, act).select_for_update().order_by("confirmed_at").first()
    if found is None:
        raise StepUpMissing(act)
    found.used_at = timezone.now()
    found.save(update_fields=["used_at"])


def step_up_is_fresh(person: Person, act: Act) -> bool:
    """Whether the person has confirmed this act and not done it yet."""
    return _fresh(person, act).exists()


def _fresh(person: Person, act: Act) -> QuerySet[StepUp]:
    return StepUp.objects.filter(
        person=person,
        action=act.action,
        object_id=act.object_id,
        content_hash=act.content_hash,
        used_at=None,
        confirmed_at__gt=timezone.now() - STEP_UP_LIFE,
    )


def step_ups_forget(now: datetime) -> int:
    """Delete confirmations and challenges that can no longer be used. Gives the number of confirmations."""
    PasskeyChallenge.objects.filter(made_at__lt=now - STEP_UP_LIFE).delete()
    return StepUp.objects.filter(confirmed_at__lt=now - STEP_UP_LIFE).delete()[0]
