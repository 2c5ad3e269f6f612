"""Signing how the relocation stands: docs/relocation.md. For the zone `default`, which has the key."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.audit.keys import KeyMissingError
from apps.relocation.reporting import report_make, report_signed


class Command(BaseCommand):
    help = "Write and sign a report of what was taken over and copied. Exit status 0 when everything is here, else 1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, metavar="FILE", help="write it there too")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = report_make()
        except KeyMissingError as error:
            raise CommandError(str(error)) from error
        if options["to"]:
            options["to"].write_text(json.dumps(report_signed(report), ensure_ascii=False, indent=1) + "\n")
        for store in report.content["workspaces"]:
            self.stdout.write(f"{store['project']}: {store['verified']} of {store['objects']} objects verified.")
        self.stdout.write(f"{len(report.content['not_taken_over'])} records were not taken over.")
        if not report.content["complete"]:
            raise CommandError("The relocation is not complete: the report says what is missing.", returncode=1)
        self.stdout.write("Complete.")
