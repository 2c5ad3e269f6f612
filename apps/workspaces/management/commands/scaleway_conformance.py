"""python manage.py scaleway_conformance DIR: how much of the recorded traffic the fake conforms to."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.fake_scaleway.conformance.report import check_folder, summary


class Command(BaseCommand):
    help = "Replay recorded scenarios against a fresh fake each; print JSON; exit 1 below the bar for any product."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="folder of *.jsonl files, one recording per line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = summary(check_folder(options["folder"]))
        except (FileNotFoundError, ValueError) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        if not found["holds"]:
            sys.exit(1)
