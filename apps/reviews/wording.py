"""What the access review says when it refuses."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Message

REFUSALS: Mapping[str, Message] = {
    "own_access": _("Nobody decides on their own access: another data steward does."),
}
NOTHING_CHOSEN: Message = _("Tick at least one access.")
REASON_MISSING: Message = _("Say why you withdraw these accesses.")
DEADLINE: Message = _("A review lasts between one week and ninety days.")
ONE_OPEN: Message = _("A review is open already: close that one first.")
