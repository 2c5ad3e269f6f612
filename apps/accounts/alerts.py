"""Telling people by e-mail what happened to the way they sign in: whoever did not do it themselves knows at once.

Source: OWASP ASVS 5.0, 6.3.5 (suspicious attempts) and 6.3.7 (updates of what one signs in with). Nobody is written to
about attempts that only guess at the password: an account must cost the same whether it exists or not.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.core.mail import Mail, composes, mail_enqueue

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAIL = "account_alert"
AFTER_FAILURES, HALF_WAY, AFTER_LONG = "session.after_failures", "second_factor.guessed_at", "session.after_long"
CHANGES: Mapping[str, "StrOrPromise"] = {
    "person.password_changed": _("Your password was changed, from a session opened with it."),
    "person.password_reset": _(
        "Your password was set anew by a link sent to this address, and all your sessions were ended."
    ),
    "second_factor.enrolled": _("An authenticator application was set up as your second factor."),
    "second_factor.replaced": _("Your second factor was replaced by another authenticator application."),
    "second_factor.codes_renewed": _("Your recovery codes were replaced by new ones."),
    "passkey.added": _("A passkey was added to your account."),
    "passkey.removed": _("A passkey was removed from your account."),
    "identity.linked": _("Your account was linked to an identity provider: one may sign in through it."),
    "identity.unlinked": _("Your account is no longer linked to the identity provider."),
}
SUSPICIOUS: Mapping[str, "StrOrPromise"] = {
    AFTER_FAILURES: _("Your password was typed correctly after several wrong attempts."),
    HALF_WAY: _("Somebody typed your password correctly, then several wrong codes of your second factor."),
    AFTER_LONG: _("Your account was entered, for the first time in six months."),
}


def change_alert(person_id: str, action: str) -> None:
    """Have the person told of a change, if this is one; to be called in its transaction."""
    if action in CHANGES:
        mail_enqueue(kind=MAIL, subject_id=f"{action}:{person_id}", key=str(uuid4()))


def suspicion_alert(person: Person, what: str) -> None:
    """Have the person told of an attempt that may not be theirs, once a day for each kind at most."""
    mail_enqueue(kind=MAIL, subject_id=f"{what}:{person.pk}", key=f"{what}:{person.pk}:{timezone.localdate()}")


@composes(MAIL)
def alert_compose(told: str) -> Mail | None:
    """What happened, and what to do if it was somebody else."""
    what, _separator, person_id = told.partition(":")
    person = Person.objects.get(pk=person_id)
    sentence = {**CHANGES, **SUSPICIOUS}[what]
    return Mail(person.email, person.language, "accounts/mail/alert.txt", {"person": person, "sentence": sentence})
