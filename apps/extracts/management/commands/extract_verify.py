"""Verify a delivery. Needs no database. Exit codes: 0 all holds, 1 something differs (named on stderr)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.extracts.engine.places import place_of
from apps.extracts.engine.run import verify


class Command(BaseCommand):
    """Recomputes everything that the manifest says."""

    help = "Recomputes the manifest of a delivery from its files and reports every difference."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("delivery", type=place_of, help="the folder, or s3://…, that holds manifest.json")
        parser.add_argument("--public-key", default="", help="the key that must have signed it, in hexadecimal")

    def handle(self, *args: Any, **options: Any) -> None:
        if problems := verify(options["delivery"], options["public_key"]):
            raise CommandError("\n".join(map(str, problems)), returncode=1)
        self.stdout.write(f"{options['delivery']}: everything holds")
