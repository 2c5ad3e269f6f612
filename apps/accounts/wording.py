"""What the accounts say when they refuse, to forms and services alike."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.rules import CodeKind
from apps.core.errors import Message

TOTP_ONLY = frozenset({CodeKind.TOTP})
ANY_CODE = frozenset(CodeKind)

REFUSALS: dict[str, Message] = {
    "own_role": _("Nobody can give a role to themselves."),
    "own_recovery": _("Nobody vouches for the recovery of their own account."),
    "same_steward": _("You have vouched for this person already: another steward must do it too."),
}
LINK_OVER: Message = _("This link was already used, was replaced by a newer message, or its time has run out.")
SAME_ROLE: Message = _("This person already has this role from this day on.")
IDENTITY_REFUSED = _(
    "Your identity provider did not confirm who you are, so nothing was changed."
    " Try again, or sign in with your password."
)
IDENTITY_OF_ANOTHER = _("This identity is already linked to another account, so nothing was changed.")
IDENTITY_ALREADY = _("Your account is already linked to another identity. End that link first.")
WRONG_PASSWORD: Message = _("This e-mail address and this password do not go together.")
WRONG_PRESENT_PASSWORD: Message = _("This is not your present password.")
WRONG_CODE: Message = _("This code is wrong or has already been used. Wait for the next code and type that one.")
WRONG_FIRST_CODE: Message = _(
    "This is not the code of this moment. Check the clock of your device, then type the code it shows now."
)
STEP_UP_MISSING: Message = _("This must be confirmed by your second factor at the moment it is done: type a new code.")
SOME_ACT: Message = _("Confirm what you are about to do.")
ACTS: dict[str, Message] = {
    "audit.export": _("You are about to download events of the audit log."),
    "application.review_attachment": _("You are about to download a document of somebody else's dossier."),
    "staff_role.give": _("You are about to give a role on the platform."),
    "staff_role.end": _("You are about to end a role on the platform."),
    "workspace.open": _("You are about to open this workspace for the first time."),
}
WRONG_PASSKEY: Message = _("This passkey was not accepted. Try again, or use a code of your authenticator application.")
TOO_MANY_PASSKEYS: Message = _("An account has ten passkeys at most: remove one first.")
FACTOR_CHANGED: Message = _("Your second factor was changed from another window meanwhile. Sign in with it.")


def code_shape(kinds: frozenset[CodeKind]) -> Message:
    """What a code of these kinds looks like."""
    if CodeKind.RECOVERY in kinds:
        return _("A code has six digits; a recovery code has twelve letters and digits.")
    return _("Type the six digits that your authenticator application shows now.")
