"""The master key's file."""

import json
import stat

import pytest

from apps.extracts.keyring import KeyringError, keyring_create, keyring_read


def test_a_keyring_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "keyring.json"
    first = keyring_create(path)
    assert keyring_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = keyring_read(path)
    assert key.id == first
    assert len(key.secret) == 32
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)


def test_two_keyrings_have_nothing_in_common(tmp_path):
    keyring_create(tmp_path / "a")
    keyring_create(tmp_path / "b")
    assert keyring_read(tmp_path / "a") != keyring_read(tmp_path / "b")


def test_a_missing_keyring_says_what_to_do(tmp_path):
    with pytest.raises(KeyringError, match="keyring_init"):
        keyring_read(tmp_path / "none")


def test_a_keyring_open_to_others_is_refused(tmp_path):
    path = tmp_path / "keyring.json"
    keyring_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyringError, match="chmod 600"):
        keyring_read(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"id": "x", "secret": "??"})])
def test_a_damaged_keyring_is_told_as_such(tmp_path, content):
    path = tmp_path / "keyring.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="damaged"):
        keyring_read(path)


def test_a_short_secret_is_refused(tmp_path):
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps({"id": "x", "secret": "c2hvcnQ="}))
    path.chmod(0o600)
    with pytest.raises(KeyringError, match="too short"):
        keyring_read(path)
