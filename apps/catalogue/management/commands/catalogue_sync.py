"""`manage.py catalogue_sync --source DIR`: read the code lists of a copy of the SNDS into the catalogue."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.catalogue.services import release_read
from apps.extracts.engine.nomenclature import load_nomenclature
from apps.extracts.engine.problems import SourceError
from apps.extracts.engine.source import Source


class Command(BaseCommand):
    help = "Replace the catalogue's codes by those of a copy of the SNDS. Run by an operator who can read the copy."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", type=Path, required=True, help="folder of the copy")

    def handle(self, *args: Any, source: Path, **options: Any) -> None:
        try:
            release, nomenclature = Source.open(source), load_nomenclature(source)
        except SourceError as error:
            raise CommandError(str(error)) from error
        count = release_read(
            identifier=release.release, synthetic=release.synthetic, nomenclature=nomenclature, by="system:operator"
        )
        self.stdout.write(f"{count} codes of release {release.release[:12]} are in the catalogue.")
