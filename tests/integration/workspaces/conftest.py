"""Real sandboxes for tests: short directories, an image, and nothing left behind."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.workspaces.probe import answers
from apps.workspaces.providers.base import ProviderUnavailable, RunState, WorkspaceSpec
from apps.workspaces.providers.local import LocalProvider
from tests.support.sandbox import TOOLS, deliver, image_or_skip


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


@contextlib.contextmanager
def room_for_sandboxes() -> Iterator[Path]:
    """A directory whose sandboxes are all gone afterwards."""
    image_or_skip()
    base = Path(tempfile.mkdtemp(prefix="hdh-ws-"))
    try:
        yield base
    finally:
        provider = local_in(base)
        for workspace_id in provider.list_all():
            destroy(provider, workspace_id)
        shutil.rmtree(base, ignore_errors=True)


def local_in(base: Path) -> LocalProvider:
    """The provider whose workspaces live below this directory."""
    return LocalProvider(workspaces=base / "w", sockets=base / "s", image=image_or_skip(), tools=TOOLS)


def destroy(provider: LocalProvider, workspace_id: UUID) -> None:
    """Remove a workspace, waiting for its sandbox to end."""
    deadline = time.monotonic() + 10
    while provider.observe(workspace_id).state is not RunState.ABSENT and time.monotonic() < deadline:
        with contextlib.suppress(ProviderUnavailable):
            provider.destroy(workspace_id)
        time.sleep(0.02)


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[UUID, Path]]:
    """A sandbox with JupyterLab that answers, for all tests of a module: its workspace's id and its directory."""
    with room_for_sandboxes() as base:
        provider, workspace_id = local_in(base), uuid4()
        spec = WorkspaceSpec(workspace_id, base / "d" / str(deliver(base / "d")))
        provider.provision(spec)
        provider.start(spec)
        deadline = time.monotonic() + 60
        while not answers(provider.endpoint(workspace_id)):
            assert time.monotonic() < deadline, (provider.store.room(workspace_id).path / "log").read_text()
        yield workspace_id, base
