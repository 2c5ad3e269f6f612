"""The local key service: an encrypted file that opens with a secret kept elsewhere."""

import base64
import json
import stat
from pathlib import Path

import pytest

from apps.extracts.keyring import Keyring, KeyringError
from apps.extracts.keys import KeyDestroyedError, Sealed

SECRET = b"the 32 bytes of a project secret"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    made = Keyring(tmp_path / "keyring.json", tmp_path / "unlock")
    made.create()
    return made


def test_a_keyring_is_made_once_and_for_its_owner_alone(keyring):
    first = keyring.create()
    assert keyring.create() == first
    for path in (keyring.path, keyring.unlock):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_in_the_file_is_in_clear(keyring):
    sealed = keyring.seal("the-project", SECRET)
    written = keyring.path.read_bytes()
    assert set(json.loads(written)) == {"format", "cipher", "nonce", "sealed"}
    for clear in (b"the-project", sealed.wrapping_key.encode(), SECRET, base64.b64encode(SECRET)):
        assert clear not in written
    assert SECRET not in sealed.ciphertext
    assert str(sealed.ciphertext) not in repr(sealed)


def test_what_is_sealed_opens_again_for_its_project_only(keyring):
    sealed = keyring.seal("one", SECRET)
    assert keyring.open("one", sealed) == SECRET
    with pytest.raises(KeyringError, match="another one"):
        keyring.open("two", sealed)
    with pytest.raises(KeyringError, match="altered"):
        keyring.open("one", Sealed(sealed.wrapping_key, sealed.ciphertext[:-1] + b"?"))
    with pytest.raises(KeyringError, match="altered"):
        keyring.open("one", Sealed(sealed.wrapping_key, b""))


def test_two_seals_have_nothing_in_common(keyring):
    one, two = keyring.seal("one", SECRET), keyring.seal("one", SECRET)
    assert one.wrapping_key != two.wrapping_key
    keyring.forget("one", one.wrapping_key)
    assert keyring.open("one", two) == SECRET
    with pytest.raises(KeyringError, match="does not hold"):
        keyring.open("one", one)


def test_a_new_master_seals_what_follows_and_an_unused_one_is_dropped(keyring):
    first = keyring.create()
    before = keyring.seal("one", SECRET)
    second = keyring.renew()
    after = keyring.seal("one", SECRET)
    assert before.wrapping_key.startswith(first)
    assert after.wrapping_key.startswith(second)
    assert keyring.open("one", before) == keyring.open("one", after) == SECRET
    keyring.forget("one", before.wrapping_key)
    keyring.renew()
    assert first not in keyring._content()["masters"]
    assert second in keyring._content()["masters"]


def test_a_destroyed_project_never_opens_nor_seals_again_and_the_others_do(keyring):
    gone, kept = keyring.seal("gone", SECRET), keyring.seal("kept", SECRET)
    said = keyring.destroy("gone")
    assert said["dropped"] == gone.wrapping_key
    assert keyring.destroy("gone")["since"] == said["since"], "asked twice, destroyed once"
    for attempt in (lambda: keyring.open("gone", gone), lambda: keyring.seal("gone", SECRET)):
        with pytest.raises(KeyDestroyedError, match="was destroyed on"):
            attempt()
    assert gone.wrapping_key not in json.dumps(keyring._content())
    assert keyring.open("kept", kept) == SECRET


def test_without_the_memory_of_the_destruction_the_salt_is_gone_all_the_same(keyring):
    gone = keyring.seal("gone", SECRET)
    keyring.destroy("gone")
    with keyring._changed() as content:
        content["destroyed"].clear()
    with pytest.raises(KeyringError, match="does not hold"):
        keyring.open("gone", gone)


def test_a_keyring_of_the_first_format_is_encrypted(tmp_path):
    path, secret = tmp_path / "keyring.json", base64.b64encode(bytes(range(32))).decode()
    path.write_text(json.dumps({"id": "master-1", "secret": secret}))
    path.chmod(0o600)
    keyring = Keyring(path, tmp_path / "unlock")
    assert keyring.create() == "master-1"
    assert secret not in path.read_text()
    assert keyring.seal("one", SECRET).wrapping_key.startswith("master-1/")


def test_a_missing_keyring_says_what_to_do(tmp_path):
    with pytest.raises(KeyringError, match="keyring_init"):
        Keyring(tmp_path / "none", tmp_path / "unlock").open("one", Sealed("x", b""))


@pytest.mark.parametrize("which", ["path", "unlock"])
def test_a_keyring_open_to_others_is_refused(keyring, which):
    getattr(keyring, which).chmod(0o640)
    with pytest.raises(KeyringError, match="chmod 600"):
        keyring.seal("one", SECRET)


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"nonce": "?", "sealed": "?"})])
def test_a_damaged_keyring_is_told_as_such(keyring, content):
    keyring.path.write_text(content)
    with pytest.raises(KeyringError, match="damaged"):
        keyring.create()


def test_the_unlock_secret_must_be_the_one_and_long_enough(keyring):
    keyring.unlock.write_bytes(base64.b64encode(bytes(32)))
    with pytest.raises(KeyringError, match="unlock secret is another"):
        keyring.seal("one", SECRET)
    for short in (b"c2hvcnQ=", b"?"):
        keyring.unlock.write_bytes(short)
        with pytest.raises(KeyringError, match="32 random bytes"):
            keyring.seal("one", SECRET)
