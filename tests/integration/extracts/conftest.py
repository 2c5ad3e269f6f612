"""A small copy of the SNDS and the folders of an extract worker."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from apps.core import outbox
from apps.extracts.keyring import Keyring


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: tests do the work of the workers themselves."""
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred invented people over a year."""
    out = tmp_path_factory.mktemp("copy") / "snds"
    call_command("synthetic_snds", people=200, first_year=2023, last_year=2023, seed=7, out=out)
    return out


@pytest.fixture
def worker(made_once: Path, tmp_path: Path, settings: Settings) -> Settings:
    """The settings of an extract worker, on a copy of its own that a test may spoil."""
    shutil.copytree(made_once, tmp_path / "snds")
    Keyring(tmp_path / "keyring.json", tmp_path / "unlock").create()
    settings.SOURCE_DIR = tmp_path / "snds"
    settings.KEYRING_FILE, settings.KEYRING_UNLOCK_FILE = tmp_path / "keyring.json", tmp_path / "unlock"
    settings.DELIVERY_DIR = tmp_path / "deliveries"
    settings.EXTRACT_MEMORY_LIMIT = "512MB"
    return settings
