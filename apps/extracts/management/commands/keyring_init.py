"""`manage.py keyring_init`: make the local keyring of the extract zone once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.extracts.keyring import KeyringError, configured


class Command(BaseCommand):
    help = (
        "Create the keyring named by HDH_KEYRING_FILE and its unlock secret (HDH_KEYRING_UNLOCK_FILE), unless they "
        "exist; encrypt one of the first format. No secret is ever printed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            master = configured().create()
        except KeyringError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Keyring ready, newest master {master}.")
