"""Keys and pseudonyms: stable, separated, and silent about their secret."""

import base64
import copy
import hmac
import pickle
from pathlib import Path

import pytest

from apps.extracts.engine.catalogue import Kind
from apps.extracts.engine.problems import KeyFileError
from apps.extracts.engine.pseudonyms import ProjectKey, read_key_file

MASTER = bytes(range(64))
SECRET = bytes(range(32))


def test_a_pseudonym_is_stable_and_a_valid_uuid() -> None:
    value = ProjectKey(SECRET).pseudonym(Kind.PERSON, "Aabc")
    assert value == ProjectKey(SECRET).pseudonym(Kind.PERSON, "Aabc")
    assert value.version == 8
    assert value.variant == "specified in RFC 4122"


def test_it_is_an_hmac_sha256_under_a_key_of_its_kind() -> None:
    key = ProjectKey(SECRET)
    digest = hmac.digest(key._key_of(Kind.FACILITY), b"990000001", "sha256")
    assert key.pseudonym(Kind.FACILITY, "990000001").bytes[:6] == digest[:6]


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    key = ProjectKey(SECRET)
    texts = ["", "a", "é" * 200, "1b"]
    assert key.pseudonyms(Kind.PERSON, texts) == [key.pseudonym(Kind.PERSON, text).bytes for text in texts]


def test_kinds_projects_and_masters_share_no_value() -> None:
    keys = [
        ProjectKey.for_project(MASTER, "one"),
        ProjectKey.for_project(MASTER, "two"),
        ProjectKey.for_project(MASTER[::-1], "one"),
    ]
    values = {key.pseudonym(kind, "same") for key in keys for kind in Kind}
    assert len(values) == len(keys) * len(Kind)
    assert len({key.id for key in keys}) == 3


def test_a_key_never_shows_its_secret() -> None:
    key = ProjectKey(SECRET)
    for text in (repr(key), str(key), f"{key}", "%r" % [key]):
        assert SECRET.hex() not in text
        assert repr(SECRET) not in text
        assert key.id in text
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(key)
    with pytest.raises(TypeError, match="never serialised"):
        copy.deepcopy(key)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(KeyFileError, match="32"):
        ProjectKey(SECRET[:31])
    with pytest.raises(KeyFileError, match="32"):
        ProjectKey.for_project(SECRET[:31], "one")


@pytest.mark.parametrize(
    "content", [SECRET, SECRET.hex().encode() + b"\n", base64.b64encode(SECRET), bytes(range(200, 240))]
)
def test_a_key_file_is_hexadecimal_base64_or_raw(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    file.chmod(0o600)
    secret, warnings = read_key_file(file)
    assert secret == (SECRET if content[:1] != b"\xc8" else content)
    assert warnings == ()


def test_a_key_file_that_others_read_gives_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(SECRET)
    file.chmod(0o640)
    assert "chmod 600" in read_key_file(file)[1][0]


@pytest.mark.parametrize("content", [b"", b"too short", SECRET[:31], SECRET[:31].hex().encode()])
def test_a_key_file_that_is_too_short_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(KeyFileError, match="at least 32"):
        read_key_file(file)


def test_a_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="nowhere"):
        read_key_file(tmp_path / "nowhere")
