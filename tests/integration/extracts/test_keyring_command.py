"""`manage.py keyring_init`."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings


def test_the_keyring_is_made_and_its_secret_is_not_shown(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    call_command("keyring_init")
    said = capsys.readouterr().out
    assert "is ready" in said
    assert (tmp_path / "keyring.json").read_text().split('"secret": "')[1][:20] not in said


def test_it_says_which_variable_is_missing(settings: Settings) -> None:
    settings.KEYRING_FILE = None
    with pytest.raises(CommandError, match="HDH_KEYRING_FILE"):
        call_command("keyring_init")


def test_a_damaged_keyring_is_not_replaced(tmp_path: Path, settings: Settings) -> None:
    settings.KEYRING_FILE = tmp_path / "keyring.json"
    settings.KEYRING_FILE.write_text("damaged")
    settings.KEYRING_FILE.chmod(0o600)
    with pytest.raises(CommandError, match="damaged"):
        call_command("keyring_init")
    assert settings.KEYRING_FILE.read_text() == "damaged"
