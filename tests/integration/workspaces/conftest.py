"""Real sandboxes for tests: short directories, an image, and nothing left behind."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from apps.workspaces.providers.base import ProviderUnavailable, RunState
from apps.workspaces.providers.local import LocalProvider
from tests.support.sandbox import TOOLS, image_or_skip


@pytest.fixture
def places(settings: Any) -> Iterator[Path]:
    """Directories of a provision worker and a gateway, under a short path (unix sockets), with one delivered extract."""
    base = Path(tempfile.mkdtemp(prefix="hdh-ws-"))
    settings.WORKSPACES_DIR, settings.SOCKETS_DIR, settings.DELIVERY_DIR = base / "w", base / "s", base / "d"
    settings.WORKSPACE_IMAGE = image_or_skip()
    yield base
    provider = local(settings)
    for workspace_id in provider.list_all():
        _destroy(provider, workspace_id)
    shutil.rmtree(base, ignore_errors=True)


def local(settings: Any) -> LocalProvider:
    return LocalProvider(
        workspaces=settings.WORKSPACES_DIR, sockets=settings.SOCKETS_DIR, image=settings.WORKSPACE_IMAGE, tools=TOOLS
    )


def _destroy(provider: LocalProvider, workspace_id: UUID) -> None:
    deadline = time.monotonic() + 10
    while provider.observe(workspace_id).state is not RunState.ABSENT and time.monotonic() < deadline:
        with contextlib.suppress(ProviderUnavailable):
            provider.destroy(workspace_id)
        time.sleep(0.02)


@pytest.fixture
def extract(places: Path, settings: Any) -> UUID:
    """A small delivery: a manifest and one file of data."""
    extract_id = UUID(int=42)
    delivery = settings.DELIVERY_DIR / str(extract_id)
    delivery.mkdir(parents=True)
    (delivery / "manifest.json").write_text('{"files": []}')
    (delivery / "people.csv").write_text("age,sex\n40,1\n50,2\n")
    os.chmod(delivery, 0o755)
    return extract_id
