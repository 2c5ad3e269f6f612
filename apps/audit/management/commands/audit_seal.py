"""Seal the audit events that are due, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit.keys import KeyMissingError
from apps.audit.publication import ConflictError
from apps.audit.sealing import RolledBackError, configured_sealer


class Command(BaseCommand):
    help = "Seal what is due, publish the checkpoints, and say how many events were sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sealed = configured_sealer().run()
        except (KeyMissingError, RolledBackError, ConflictError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sealed} events sealed.")
