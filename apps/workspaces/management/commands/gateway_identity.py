"""Make and renew the identity by which the gateway is known to the servers of workspaces in the cloud."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.identities import (
    NoIdentityError,
    believed_in,
    identity_finish,
    identity_init,
    identity_renew,
    public_file,
)


class Command(BaseCommand):
    help = "Make the gateway's key and certificate in HDH_GATEWAY_IDENTITY_FILE (kept if it is there), or renew them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_mutually_exclusive_group()
        steps.add_argument("--renew", action="store_true", help="make the next one; servers are told of both")
        steps.add_argument("--finish", action="store_true", help="put the next one in the place of the former")

    def handle(self, *args: Any, **options: Any) -> None:
        file = settings.GATEWAY_IDENTITY_FILE
        if file is None:
            raise CommandError("Name the file of the gateway's identity in HDH_GATEWAY_IDENTITY_FILE.")
        try:
            is_new = identity_init(file)
            if options["renew"]:
                identity_renew(file)
            if options["finish"]:
                identity_finish(file)
            believed = believed_in(public_file(file))
        except NoIdentityError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"{'Made' if is_new else 'Kept'} {file}; give {public_file(file)} to the zone provision.")
        self.stdout.write(f"{len(believed.sha256)} certificate(s) believed, until {believed.until:%d/%m/%Y}.")
