"""The messages of recoveries and resets, composed when they are sent: secrets are made here and nowhere kept."""

from apps.accounts.mailed_secrets import Purpose, secret_new
from apps.accounts.models import Person
from apps.accounts.recovering import RESET_MAIL, STEP_MAIL
from apps.accounts.recovery_models import AccountRecovery
from apps.accounts.rules import RECOVERY_ACTIVE, RECOVERY_ANSWERED_WITHIN, RECOVERY_OPEN_FOR, RESET_LINK_LIFE
from apps.core.mail import Mail, composes, portal_link

_CANCEL_LIFE = RECOVERY_ANSWERED_WITHIN * 2


@composes(RESET_MAIL)
def reset(person_id: str) -> Mail | None:
    """The link with which a password is set anew."""
    person = Person.objects.filter(pk=person_id, is_active=True).first()
    if person is None:
        return None
    link = portal_link("accounts:password_reset", secret_new(person, Purpose.RESET, RESET_LINK_LIFE))
    return Mail(person.email, person.language, "accounts/mail/password_reset.txt", {"person": person, "link": link})


@composes(STEP_MAIL)
def recovery_step(told: str) -> Mail | None:
    """What happened to a recovery, with the link that stops it and, once it is open, the one that finishes it."""
    step, _, recovery_id = told.partition(":")
    recovery = AccountRecovery.objects.select_related("person").get(pk=recovery_id)
    person, context = recovery.person, {"step": step, "recovery": recovery}
    if recovery.status in RECOVERY_ACTIVE:
        secret = secret_new(person, Purpose.CANCEL, _CANCEL_LIFE, recovery)
        context["cancel"] = portal_link("accounts:recovery_cancel", secret)
    if recovery.status == AccountRecovery.Status.OPEN and step == "opened":
        secret = secret_new(person, Purpose.FINISH, RECOVERY_OPEN_FOR, recovery)
        context["finish"] = portal_link("accounts:recovery_finish", secret)
    return Mail(person.email, person.language, "accounts/mail/recovery.txt", {**context, "person": person})
