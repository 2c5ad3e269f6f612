"""Step-up: the second factor again, just before an act, and for that act alone.

A confirmation is a row bound to the action, its object and the hash of the content that was read. The act spends it in
its own transaction: rolled back with the act, never spent twice, worthless after five minutes or for anything else.

    step_up_confirm(person=by, code=code, action="application.approve", object_id=str(pk), content_hash=read)
    with transaction.atomic():
        step_up_spend(person=by, action="application.approve", object_id=str(pk), content_hash=present)
        …
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts import wording
from apps.accounts.models import PasskeyChallenge, Person, StepUp
from apps.accounts.rules import STEP_UP_LIFE
from apps.accounts.services import second_factor_verify
from apps.accounts.wording import TOTP_ONLY
from apps.core.errors import RefusedError


def step_up_confirm(
    *, person: Person, code: str, action: str, object_id: str = "", content_hash: str = "", field: str = "otp_code"
) -> StepUp:
    """Spend a one-time code for this act, before the act's transaction is opened.

    Raises RefusedError for the form field `field` (TooManyAttempts, a subclass, while throttled) and RuntimeError
    inside a transaction.
    """
    second_factor_verify(person=person, code=code, purpose=action, field=field, kinds=TOTP_ONLY)
    return StepUp.objects.create(
        person=person, action=action, object_id=object_id, content_hash=content_hash, confirmed_at=timezone.now()
    )


def step_up_spend(*, person: Person, action: str, object_id: str = "", content_hash: str = "") -> None:
    """Use the confirmation of exactly this act up. Raises RefusedError without a fresh one, RuntimeError outside the
    transaction of the act.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"the confirmation of {action} was to be spent outside the transaction of the act")
    now = timezone.now()
    fresh = StepUp.objects.select_for_update().filter(
        person=person,
        action=action,
        object_id=object_id,
        content_hash=content_hash,
        used_at=None,
        confirmed_at__gt=now - STEP_UP_LIFE,
    )
    found = fresh.order_by("confirmed_at").first()
    if found is None:
        raise RefusedError((wording.STEP_UP_MISSING,), field="otp_code")
    found.used_at = now
    found.save(update_fields=["used_at"])


def step_ups_forget(now: datetime) -> int:
    """Delete confirmations and challenges that can no longer be used. Gives the number of confirmations."""
    PasskeyChallenge.objects.filter(made_at__lt=now - STEP_UP_LIFE).delete()
    return StepUp.objects.filter(confirmed_at__lt=now - STEP_UP_LIFE).delete()[0]
