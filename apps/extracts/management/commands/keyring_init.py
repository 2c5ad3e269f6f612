"""`manage.py keyring_init`: make the master key of the extract zone once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.extracts.keyring import KeyringError, keyring_create


class Command(BaseCommand):
    help = "Create the keyring named by HDH_KEYRING_FILE, unless it exists. Its secret is never printed."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.KEYRING_FILE is None:
            raise CommandError("Set HDH_KEYRING_FILE to the path of the keyring.")
        try:
            key_id = keyring_create(settings.KEYRING_FILE)
        except KeyringError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Master key {key_id} is ready.")
