"""What tests of sandboxes need of this machine."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from apps.workspaces.providers.base import ProviderUnavailable, RunState
from apps.workspaces.providers.local import LocalProvider
from hdh_portal.devstack.places import REPOSITORY, WORKSPACE_IMAGE

TOOLS = REPOSITORY / "docker" / "workspace"


def image_or_skip() -> Path:
    """The workspace image; the test is skipped, visibly, where there is none or no bubblewrap."""
    image = Path(os.environ.get("HDH_WORKSPACE_IMAGE", WORKSPACE_IMAGE))
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt-get install bubblewrap")
    if not (image / "bin" / "python").exists():
        pytest.skip(f"no workspace image at {image}: make setup")
    return image


def deliver(deliveries: Path) -> UUID:
    """Leave a small extract as the engine would; gives its id."""
    extract_id = uuid4()
    delivery = deliveries / str(extract_id)
    delivery.mkdir(parents=True)
    people = b"age,sex\n40,1\n50,2\n"
    listed = {"path": "people.csv", "bytes": len(people), "sha256": hashlib.sha256(people).hexdigest()}
    (delivery / "people.csv").write_bytes(people)
    (delivery / "manifest.json").write_text(json.dumps({"files": [listed]}))
    (delivery / "manifest.sig.json").write_text("{}")
    delivery.chmod(0o755)
    return extract_id


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
