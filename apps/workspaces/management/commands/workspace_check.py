"""Asking this host whether it can isolate a workspace."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.workspaces.providers.base import ProviderRefused
from apps.workspaces.providers.configured import provider


class Command(BaseCommand):
    help = "Start a real sandbox, try to get out of it, and say what is wrong with this host. Exit 1 if anything is."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            problems = provider().check()
        except ProviderRefused as error:
            raise CommandError(str(error)) from error
        if problems:
            raise CommandError("\n".join(f"{one.cause} {one.fix}" for one in problems))
        self.stdout.write("Workspaces can be isolated on this host.")
