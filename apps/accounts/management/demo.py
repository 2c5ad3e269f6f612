"""What the demonstration commands share."""

from django.conf import settings
from django.core.management.base import CommandError


def only_in_demonstration() -> None:
    """Raises CommandError unless this installation is a demonstration (HDH_DEMO=1) or a developer's."""
    if not (settings.DEMO_MODE or settings.DEBUG):
        raise CommandError("Refused: this is no demonstration. Set HDH_DEMO=1 on an installation without real people.")
