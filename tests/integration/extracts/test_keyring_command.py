"""`manage.py keyring_init`."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


@pytest.fixture
def place(tmp_path: Path, settings: Settings) -> Path:
    settings.KEYRING_FILE, settings.KEYRING_UNLOCK_FILE = tmp_path / "keyring.json", tmp_path / "unlock"
    return tmp_path


def test_the_keyring_is_made_and_no_secret_is_shown(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("keyring_init")
    said = capsys.readouterr().out
    assert "Keyring ready" in said
    assert (place / "unlock").read_text() not in said


def test_it_says_which_variables_are_missing(settings: Settings) -> None:
    settings.KEYRING_FILE = None
    with pytest.raises(CommandError, match="HDH_KEYRING_FILE and HDH_KEYRING_UNLOCK_FILE"):
        call_command("keyring_init")


def test_a_damaged_keyring_is_not_replaced(place: Path) -> None:
    (place / "keyring.json").write_text("damaged")
    (place / "keyring.json").chmod(0o600)
    with pytest.raises(CommandError, match="damaged"):
        call_command("keyring_init")
    assert (place / "keyring.json").read_text() == "damaged"
