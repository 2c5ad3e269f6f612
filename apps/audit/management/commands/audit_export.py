"""Export the sealed audit log so that it can be verified without the portal."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit.exporting import export
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError


class Command(BaseCommand):
    help = "Write events, checkpoints, public key and the stand-alone verifier to a new folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")
        parser.add_argument("--since", type=int, default=1, metavar="SEQ", help="the first checkpoint to export")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = export(options["out"], since=options["since"])
        except (FileExistsError, TamperedError, UncheckableError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} events exported. Verify them: python verify_audit.py export {options['out']}")
