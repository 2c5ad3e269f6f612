"""Why something about an extract is refused, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Message

REFUSALS: Mapping[str, Message] = {
    "own_project": _("You take part in this project: another data steward decides on its extract."),
    "not_entitled": _(
        "The project's entitlement does not hold today: the extract cannot be handed over, only refused."
    ),
}
