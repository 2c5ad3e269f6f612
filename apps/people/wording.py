"""What the room of people says: refusals, conditions of access, advice."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Message

REFUSALS: Mapping[str, Message] = {
    "own_grant": _("Nobody changes what they themselves may do: ask another administrator, or a data steward."),
}
SIREN_WRONG: Message = _("This is not a SIREN: nine digits, of which the last one is a key that must fit the others.")
SIREN_TAKEN: Message = _("An organisation with this SIREN exists already: look for it in the list.")
LINK_NO_LONGER_WORKS: Message = _(
    "This invitation can no longer be used: it was already accepted, was withdrawn, or its time has run out."
)
INVITED_ALREADY: Message = _("An invitation to this address already awaits an answer: send that one again.")
ACTS_ALREADY: Message = _("This person already acts for the organisation: change their mandate instead.")
ADDRESS_TAKEN: Message = _("An account with this address exists: sign in with it, then accept the invitation.")
OTHER_ADDRESS: Message = _("This invitation was sent to another address than the one of your account.")
NOT_PROFESSIONAL: Message = _(
    "This address belongs to a provider that serves anybody. Give the address that your organisation gave you."
)
ADDRESS_LINK_NO_LONGER_WORKS: Message = _(
    "This link no longer works: it was used, replaced by a newer one, or its time has run out. Ask for another one."
)
ORCID_WRONG: Message = _("This is not an ORCID iD: sixteen characters, of which the last one is a key.")
OUTSIDE_TRAINING_RULES: Message = _("No rule says how long a training of that day counts.")
TRAINING_IN_FUTURE: Message = _("A training is completed today or before.")
TRAINING_TOO_OLD: Message = _("A training of that day no longer counts: the training is to be followed every year.")
CONDITIONS_CHANGED: Message = _("A newer version of the conditions of use is in force: read this one, then accept it.")
REASON_MISSING: Message = _("Say why, so that the person knows what to do.")

CONDITIONS: Mapping[str, Message] = {
    "training": _("Training followed"),
    "conditions": _("Conditions of use accepted"),
    "address": _("Professional e-mail address proven"),
}
ADVICE: Mapping[str, Message] = {
    "training_missing": _("Follow the training, then add its certificate to your accreditation."),
    "training_pending": _("A data steward will examine your certificate; you have nothing to do."),
    "training_not_yet": _("Your certificate counts from the day shown."),
    "training_ended": _("The training is to be followed every year: add a new certificate to your accreditation."),
    "conditions_missing": _("Read the conditions of use and accept them."),
    "conditions_ended": _("The conditions of use have a new version: read it and accept it."),
    "address_missing": _("Give your professional e-mail address; a link is sent to it."),
    "address_pending": _("Follow the link that was sent to your professional address, or ask for another one."),
}
FILE_EMPTY: Message = _("This file is empty.")
FILE_TOO_LARGE: Message = _("This file is too large: 10 MB at most.")
FILE_TYPE: Message = _("This type of file is not accepted: PDF, PNG or JPEG.")
