"""Codes of the agreement's rules put into sentences."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.agreements.rules import Check
from apps.core.errors import Message

REASONS: Mapping[str, Message] = {
    "role": _("You hold no role in this agreement that allows this."),
    "state": _("This is not possible in the present state of the agreement."),
    "no_mandate": _("You hold no mandate to sign for this party today."),
    "party_signed": _("This party has signed already."),
    "signed_for_another": _("You signed for another party: somebody else signs for this one."),
    "document_changed": _("The document changed since you read it: read the present one, then sign."),
    "dossier_changed": _(
        "The dossier changed since this document was made, so nobody signs it: a data steward makes a new version."
    ),
    "own_application": _("You are on the team of this dossier: somebody else signs for the platform."),
    "takes_part": _("This dossier involves you or an organisation you act for: leave it to another steward."),
}

CHECKS: Mapping[Check, Message] = {
    Check.DOCUMENT: _("The document kept is not the one whose hash was recorded."),
    Check.BOUND: _("A signature is bound to another document."),
    Check.RECORD: _("The record of a signature is not the one that was sealed."),
}
