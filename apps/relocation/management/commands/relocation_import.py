"""Taking over what an export of the previous platform holds: docs/relocation.md."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from apps.accounts.models import Person
from apps.core.rules import Role
from apps.relocation.export import ExportError, read_export
from apps.relocation.models import RelocationRun
from apps.relocation.rules import Verdict
from apps.relocation.services import relocation_import
from apps.relocation.wording import VERDICTS, reason_in_words, verdict_words


class Command(BaseCommand):
    help = (
        "Take over the organisations, people, entitlements, projects and workspaces of an export, in a steward's name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--by", required=True, metavar="E-MAIL", help="the steward in whose name access is given")
        parser.add_argument("--dry-run", action="store_true", help="say what would be made and refused; make nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        person = Person.objects.filter(email=options["by"].strip().lower(), is_active=True).first()
        if person is None or Role.STEWARD not in person.staff_roles:
            raise CommandError("--by names nobody who is a data steward today: only a steward gives access to data.")
        try:
            export = read_export(options["folder"])
        except ExportError as error:
            raise CommandError("\n".join(("The export is not whole: nothing was made.", *error.sentences))) from error
        with translation.override("en"):
            self._say(relocation_import(export=export, by=person, is_dry=options["dry_run"]))

    def _say(self, run: RelocationRun) -> None:
        words = verdict_words(is_dry=run.is_dry)
        for kind, counts in run.counts.items():
            said = ", ".join(f"{counts[one]} {words[one]}" for one in Verdict if one in counts)
            self.stdout.write(f"{kind}: {said or 'none'}")
        for line in run.lines:
            why = " ".join(reason_in_words(one["code"], one["params"]) for one in line["why"])
            self.stdout.write(f"  {line['kind']} {line['old_id']}: {VERDICTS[line['verdict']]}. {why}".rstrip())
        self.stdout.write("Nothing was made: this was a dry run." if run.is_dry else "Done.")
