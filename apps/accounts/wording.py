"""What the accounts say when they refuse, to forms and services alike."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.rules import CodeKind
from apps.core.errors import Message

TOTP_ONLY = frozenset({CodeKind.TOTP})
ANY_CODE = frozenset(CodeKind)

REFUSALS: dict[str, Message] = {"own_role": _("Nobody can give a role to themselves.")}
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
