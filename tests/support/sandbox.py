"""What tests of sandboxes need of this machine."""

import os
import shutil
from pathlib import Path
from uuid import UUID, uuid4

import pytest

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
    (delivery / "manifest.json").write_text('{"files": []}')
    (delivery / "people.csv").write_text("age,sex\n40,1\n50,2\n")
    delivery.chmod(0o755)
    return extract_id
