"""`manage.py key_end`: decide the end of a project's key; a worker of the extract zone then destroys it."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from apps.extracts.project_keys import key_end
from apps.projects.models import Project


class Command(BaseCommand):
    help = "End a project's pseudonymisation key, for ever: no extract can be made for the project any more."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", type=UUID, help="the project's identifier")
        parser.add_argument("--by", required=True, help="who decided it, for the audit log: steward:morgan")
        parser.add_argument("--for-ever", action="store_true", help="say that it cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["for_ever"]:
            raise CommandError("Nothing was done. A destroyed key never comes back: say --for-ever.")
        try:
            decided = key_end(project=Project.objects.get(pk=options["project"]), by=options["by"])
        except Project.DoesNotExist:
            raise CommandError("There is no project with this identifier.") from None
        if not decided:
            raise CommandError("The end of this project's key was decided already.")
        self.stdout.write("Decided and recorded. A worker of the zone extract destroys the key and records the proof.")
