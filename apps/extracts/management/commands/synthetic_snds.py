"""Make a synthetic SNDS: invented people in real tables. Needs no database."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.extracts.engine.problems import EngineError
from apps.extracts.engine.synthetic import SyntheticRequest, generate


class Command(BaseCommand):
    """Writes Parquet files and SOURCE.json into a new folder."""

    help = "Makes a synthetic SNDS (no real person in it), deterministic by seed, as Parquet files."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, required=True, help="how many people, from 100")
        parser.add_argument("--first-year", type=int, required=True, help="first year of care")
        parser.add_argument("--last-year", type=int, required=True, help="last year of care")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes")
        parser.add_argument("--processes", type=int, default=1, help="how many at once; the bytes are the same")
        parser.add_argument("--out", type=Path, required=True, help="a folder that is missing or empty")

    def handle(self, *args: Any, **options: Any) -> None:
        request = SyntheticRequest(options["people"], options["first_year"], options["last_year"], options["seed"])
        started = time.monotonic()
        try:
            release = generate(request, options["out"], options["processes"])
        except (EngineError, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        seconds = time.monotonic() - started
        self.stdout.write(f"{options['out']}: {request.people} invented people, release {release}, {seconds:.1f} s")
