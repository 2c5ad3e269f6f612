"""Make the key that signs the checkpoints of the audit log, and the folder they are published in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.audit.keys import key_init, public_file
from apps.audit.standalone.verify_audit import fingerprint


class Command(BaseCommand):
    help = "Make the sealer's key in HDH_AUDIT_KEY_FILE (kept if it is there) and its public key beside it."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        file = settings.AUDIT_KEY_FILE
        if file is None:
            raise CommandError("Name the file of the key in HDH_AUDIT_KEY_FILE.")
        key, is_new = key_init(file)
        if settings.CHECKPOINTS_DIR:
            settings.CHECKPOINTS_DIR.mkdir(parents=True, exist_ok=True)
        self.stdout.write(f"{'Made' if is_new else 'Kept'} {file}; give {public_file(file)} to whoever verifies.")
        self.stdout.write(f"Fingerprint of the public key: {fingerprint(key)}")
