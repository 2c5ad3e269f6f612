"""The gateway's process."""

from pathlib import Path
from typing import Any

from aiohttp import web
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.gateway.app import application
from apps.workspaces.identities import Identity, NoIdentityError, identity_in


class Command(BaseCommand):
    help = "Serve the entrance to workspaces: one origin per workspace, nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SOCKETS_DIR is None:
            raise CommandError("HDH_SOCKETS_DIR must be set for the gateway.")
        app = application(
            pattern=settings.GATEWAY_ORIGIN,
            portal=settings.PORTAL_URL,
            sockets=settings.SOCKETS_DIR,
            identity=_identity(settings.GATEWAY_IDENTITY_FILE),
        )
        web.run_app(
            app,
            host=options["host"],
            port=options["port"],
            access_log=None,
            print=None,
            handler_cancellation=True,
            shutdown_timeout=1.0,
        )


def _identity(file: Path | None) -> Identity | None:
    """None where no workspace is in the cloud."""
    try:
        return identity_in(file) if file else None
    except NoIdentityError as problem:
        raise CommandError(str(problem)) from None
