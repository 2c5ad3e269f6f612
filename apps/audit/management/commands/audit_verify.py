"""Verify the audit log against its seals, its signatures and the published checkpoints."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db.utils import Error as DatabaseError

from apps.audit.keys import trusted_keys
from apps.audit.publication import PublishedFolder
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError, read_public_keys
from apps.audit.verification import verify
from apps.audit.watch import published_folder


class Command(BaseCommand):
    help = (
        "Exit 0 when the log is intact, 1 when it was tampered with (naming the first bad place), 2 when not checkable."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=int, default=1, metavar="SEQ", help="the first checkpoint to verify")
        parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="published folder, by default the portal's")
        parser.add_argument("--public-key", type=Path, metavar="FILE", help="trusted keys, by default the portal's")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys = read_public_keys(options["public_key"]) if options["public_key"] else trusted_keys()
            folder = PublishedFolder(options["checkpoints"]) if options["checkpoints"] else published_folder()
            found = verify(keys, folder, since=options["since"])
        except TamperedError as error:
            self.stdout.write(f"TAMPERED: {error}")
            raise SystemExit(1) from error
        except (UncheckableError, OSError, DatabaseError) as error:
            self.stdout.write(f"COULD NOT CHECK: {error}")
            raise SystemExit(2) from error
        self.stdout.write(
            f"Intact: {found.events} events, checkpoints {found.since} to {found.until}; "
            f"{found.waiting} events wait for their seal."
        )
