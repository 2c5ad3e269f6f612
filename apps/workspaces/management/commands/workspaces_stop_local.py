"""Stopping the sandboxes of this installation."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.workspaces.providers.base import ProviderRefused, RunState
from apps.workspaces.providers.configured import local_provider

_PATIENCE = 10.0
_ALIVE = {RunState.STARTING, RunState.RUNNING}


class Command(BaseCommand):
    help = (
        "Stop every sandbox below HDH_WORKSPACES_DIR and wait until they are gone. They start again with the workers."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            provider = local_provider()
        except ProviderRefused as error:
            raise CommandError(str(error)) from error
        running = [one for one in provider.list_all() if provider.observe(one).state in _ALIVE]
        for workspace_id in running:
            provider.stop(workspace_id)
        deadline = time.monotonic() + _PATIENCE
        while any(provider.observe(one).state in _ALIVE for one in running):
            if time.monotonic() > deadline:
                raise CommandError("Some sandboxes are still running.")
            time.sleep(0.05)
        self.stdout.write(f"{len(running)} sandbox(es) stopped.")
