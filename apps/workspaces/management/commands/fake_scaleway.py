"""python manage.py fake_scaleway --port P: the imitation of Scaleway's API, as a process of its own."""

import asyncio
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.workspaces.fake_scaleway.process import Options, serve
from apps.workspaces.providers.base import ProviderRefused
from apps.workspaces.providers.configured import local_provider


class Command(BaseCommand):
    help = "Serve the fake Scaleway API on the loopback interface; its controls are under /_fake/."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="0: any free port (it is printed)")
        parser.add_argument("--clock", choices=("real", "virtual"), default="real")
        parser.add_argument("--faults", type=Path, help="JSON file of faults, quotas, stock and lag")
        parser.add_argument("--ledger", type=Path, help="SQLite file of every request (default: in memory)")
        parser.add_argument("--state", type=Path, help="file that keeps the account between runs (default: none)")
        parser.add_argument("--speed", type=float, default=1.0, help="divides every delay")
        parser.add_argument(
            "--notebooks",
            action="store_true",
            help="run the JupyterLab of each server as a sandbox on this machine (HDH_WORKSPACES_DIR and the like)",
        )
        parser.add_argument("--lag", type=float, default=0.0, help="seconds for which a new resource stays unseen")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("port", "clock", "faults", "ledger", "state", "speed", "lag")
        given: dict[str, Any] = {name: options[name] for name in names}
        keys: dict[str, Any] = {name: os.environ.get(f"SCW_{name.upper()}") for name in ("access_key", "secret_key")}
        try:
            chosen = Options(**given, **keys, notebooks=local_provider() if options["notebooks"] else None)
            asyncio.run(serve(chosen, announce=self._announce))
        except (OSError, ValueError, ProviderRefused) as problem:
            raise CommandError(str(problem)) from None

    def _announce(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
