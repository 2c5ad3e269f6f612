"""Print the one-time code of a demonstration account."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.demonstration import DEMO_PEOPLE
from apps.accounts.management.demo import only_in_demonstration
from apps.accounts.models import TotpDevice, email_normalised
from apps.accounts.rules import CODE_TOLERANCE
from apps.accounts.totp import code_at, counter_now

_POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Print a one-time code that the portal accepts now; waits for the next one when the last was just used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, **options: Any) -> None:
        only_in_demonstration()
        email = email_normalised(options["email"])
        if email not in {person.email for person in DEMO_PEOPLE}:
            raise CommandError("Refused: this is not a demonstration account.")
        device = TotpDevice.objects.filter(user__email=email, confirmed=True).first()
        if device is None:
            raise CommandError("This account has not set up its second factor yet.")
        self.stdout.write(code_at(device.seed_open(), unspent_counter(device)))


def unspent_counter(device: TotpDevice) -> int:
    """The present time step, or the next one the portal would still accept once the present one was used."""
    wanted = max(device.last_counter + 1, counter_now())
    while wanted > counter_now() + CODE_TOLERANCE:
        time.sleep(_POLL_SECONDS)
    return wanted
