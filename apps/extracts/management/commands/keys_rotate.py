"""`manage.py keys_rotate`: seal the secret of every project under a new master."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import ChangedMeanwhile
from apps.extracts.keys import KeyServiceError, key_service
from apps.extracts.project_keys import keys_rotate


class Command(BaseCommand):
    help = "Seal the secret of every project anew, under a new master. Pseudonyms stay what they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--by", required=True, help="who decided it, for the audit log: operator:camille")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = keys_rotate(service=key_service(), by=options["by"])
        except KeyServiceError as error:
            raise CommandError(str(error)) from error
        except ChangedMeanwhile:
            raise CommandError("A key changed meanwhile: nothing is lost, run the command again.") from None
        self.stdout.write(f"{count} project keys sealed anew.")
