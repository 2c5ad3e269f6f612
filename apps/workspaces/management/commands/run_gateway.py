"""The gateway's process."""

from typing import Any

from aiohttp import web
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.gateway.app import application


class Command(BaseCommand):
    help = "Serve the entrance to workspaces: one origin per workspace, nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SOCKETS_DIR is None:
            raise CommandError("HDH_SOCKETS_DIR must be set for the gateway.")
        app = application(pattern=settings.GATEWAY_ORIGIN, portal=settings.PORTAL_URL, sockets=settings.SOCKETS_DIR)
        web.run_app(
            app,
            host=options["host"],
            port=options["port"],
            access_log=None,
            print=None,
            handler_cancellation=True,
            shutdown_timeout=1.0,
        )
