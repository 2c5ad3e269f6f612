"""Copying the data of the workspaces that moved: docs/relocation.md. For the zone `provision`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from apps.relocation.copying import Mover, Source, pass_stopped
from apps.relocation.models import Store
from apps.relocation.providers.blobs import BlobSource, SourceError, place_from
from apps.relocation.selectors import stores
from apps.workspaces.models import Workspace
from apps.workspaces.notebook import Notes
from apps.workspaces.providers.base import Job, ProviderRefused, ProviderUnavailable
from apps.workspaces.providers.configured import provider as configured_provider
from apps.workspaces.providers.scaleway.arrivals import Arrivals
from apps.workspaces.providers.scaleway.provider import ScalewayProvider
from apps.workspaces.reconcile import spec_of

LOCK = 0x48444852


class Command(BaseCommand):
    help = "Copy what is not copied yet, block by block, and verify it. Run it as often as wanted, until the move."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            source = BlobSource(place_from(os.environ))
        except SourceError as error:
            raise CommandError(str(error)) from error
        with _alone():
            for store in stores():
                self._move(store, source)
        for store in stores():
            problem = f" {store.problem}" if store.problem else ""
            self.stdout.write(f"{store}: {store.verified} of {store.there} objects are here and verified.{problem}")

    def _move(self, store: Store, source: Source) -> None:
        try:
            Mover(store, source, destination_of(store.workspace), time.sleep).run()
        except (SourceError, ProviderRefused, ProviderUnavailable) as error:
            pass_stopped(store, str(error))


def destination_of(workspace: Workspace) -> Arrivals:
    """The bucket of work of a workspace. Raises ProviderRefused while it has none."""
    provider = configured_provider(workspace.provider)
    if not isinstance(provider, ScalewayProvider):
        raise ProviderRefused("Its workspace here is not at Scaleway: there is no bucket to copy to.")
    notes = Notes(workspace, provider.now)
    if notes.known("data_keys") is None:
        raise ProviderRefused("Its workspace here is not prepared yet: the copy begins when it is.")
    return Arrivals(provider.cloud, Job(spec_of(workspace), notes, timezone.now(), workspace.generation))


@contextmanager
def _alone() -> Iterator[None]:
    """Two copies at once would bring everything twice: the second one is told so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise CommandError("Another relocation_copy is at work.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
