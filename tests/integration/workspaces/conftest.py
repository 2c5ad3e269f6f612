"""Real sandboxes for tests: short directories, an image, and nothing left behind."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest

from apps.workspaces import probe, reconcile, sweeping
from apps.workspaces.probe import answers
from apps.workspaces.providers.base import Limits, WorkspaceSpec
from tests.integration.workspaces.recorder import Recorder
from tests.support.cloud_fixtures import bench, running, workspace  # noqa: F401  fixtures
from tests.support.sandbox import deliver, image_or_skip, local_in, room_for_sandboxes


@pytest.fixture
def places(settings: Any) -> Iterator[Path]:
    """Directories of a provision worker, under a short path (unix sockets)."""
    with room_for_sandboxes() as base:
        settings.WORKSPACES_DIR, settings.SOCKETS_DIR, settings.DELIVERY_DIR = base / "w", base / "s", base / "d"
        settings.WORKSPACE_IMAGE = image_or_skip()
        yield base


@pytest.fixture
def extract(places: Path) -> UUID:
    """A small delivery."""
    return deliver(places / "d")


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[UUID, Path]]:
    """A sandbox with JupyterLab that answers, for all tests of a module: its workspace's id and its directory."""
    with room_for_sandboxes() as base:
        provider, workspace_id = local_in(base), uuid4()
        spec = WorkspaceSpec(workspace_id, base / "d" / str(deliver(base / "d")), Limits(memory=2**30, processes=300))
        provider.provision(spec)
        provider.start(spec)
        deadline = time.monotonic() + 60
        while not answers(provider.endpoint(workspace_id)):
            assert time.monotonic() < deadline, (provider.store.room(workspace_id).path / "log").read_text()
        yield workspace_id, base


@pytest.fixture
def recorder(settings: Any, tmp_path: Path) -> Iterator[Recorder]:
    settings.DELIVERY_DIR = tmp_path
    one = Recorder()
    with (
        mock.patch.object(reconcile, "configured_provider", lambda name: one),
        mock.patch.object(sweeping, "local_provider", lambda: one),
        mock.patch.object(probe, "answers", lambda _: True),
    ):
        yield one
