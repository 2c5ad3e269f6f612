"""A sealed log in a folder of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.factories.audit import Log, new_log


@pytest.fixture
def log(tmp_path: Path, settings: Settings) -> Log:
    """A log whose key and folder are those of the settings."""
    made = new_log(tmp_path)
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    settings.AUDIT_PUBLIC_KEY_FILE = None
    settings.CHECKPOINTS_DIR = made.folder
    return made
