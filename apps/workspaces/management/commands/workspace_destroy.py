"""Destroying a workspace: an operator's decision, with its reason."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import PortalError
from apps.workspaces.models import Workspace
from apps.workspaces.services import workspace_destroy


class Command(BaseCommand):
    help = "Ask for the destruction of a workspace with everything in it. The workers do it; the events say when."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workspace", type=UUID)
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.select_related("project").filter(pk=options["workspace"]).first()
        if workspace is None:
            raise CommandError("There is no such workspace.")
        try:
            workspace_destroy(workspace=workspace, by="system:operator", reason=options["reason"])
        except PortalError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write("Destruction asked for.")
