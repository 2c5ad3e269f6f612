"""A delivery is read from a folder or from a bucket; what is not as its manifest says goes no further."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.extracts.engine.places import ObjectPath
from apps.extracts.engine.source import sha256_of
from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable
from apps.workspaces.providers.deliveries import delivered
from apps.workspaces.providers.local import arriving
from apps.workspaces.providers.local.arriving import arrive
from tests.support.object_store import object_store

CONTENT = {"people/all.parquet": b"forty, fifty", "README.md": b"read me", "manifest.sig.json": b"{}"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[ObjectPath]:
    with object_store("deliveries") as bucket:
        yield bucket


@pytest.fixture
def extract(bucket: ObjectPath, request: pytest.FixtureRequest) -> ObjectPath:
    """A small delivery, of this test alone."""
    place = bucket / request.node.name
    for name, content in {**CONTENT, "manifest.json": manifest()}.items():
        (place / name).write_bytes(content)
    return place


def manifest() -> bytes:
    def facts(name: str) -> dict[str, object]:
        return {"bytes": len(CONTENT[name]), "sha256": hashlib.sha256(CONTENT[name]).hexdigest()}

    files = [{"path": "people/all.parquet", **facts("people/all.parquet")}]
    return json.dumps({"files": files, "documents": {"README.md": facts("README.md")}}).encode()


def test_a_folder_and_a_bucket_are_told_alike(extract: ObjectPath, tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    for name, content in {**CONTENT, "manifest.json": manifest()}.items():
        (tmp_path / name).write_bytes(content)
    there, here = delivered(extract), delivered(tmp_path)
    assert {name: (one.size, one.sha256) for name, one in there.items()} == {
        name: (one.size, one.sha256) for name, one in here.items()
    }
    assert sha256_of(extract / "manifest.json") == there["manifest.json"].sha256


def test_an_extract_arrives_whole_file_by_file_and_can_only_be_read(
    extract: ObjectPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "_AT_ONCE", 1)
    (tmp_path / "room" / "of-before-an-amendment").mkdir(parents=True)
    steps = 0
    while not arrive(extract, tmp_path / "room"):
        steps += 1
        assert [one.name for one in (tmp_path / "room").iterdir()] == [f".{extract.name}"]
    assert steps == 4
    arrived = tmp_path / "room" / extract.name
    assert {one.relative_to(arrived).as_posix() for one in arrived.rglob("*") if one.is_file()} == {
        *CONTENT,
        "manifest.json",
    }
    assert {one.stat().st_mode & 0o777 for one in arrived.rglob("*") if one.is_file()} == {0o444}
    assert {one.stat().st_mode & 0o777 for one in (arrived, arrived / "people")} == {0o755}
    (extract / "README.md").unlink()
    assert arrive(extract, tmp_path / "room"), "what has arrived is asked for no more"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people/all.parquet", b"forty, fifth"),
        ("UNFINISHED", b"{}"),
        ("people/more.parquet", b"not listed"),
        ("../elsewhere", b"up"),
        ("/etc/passwd", b"away"),
        ("manifest.json", b"{"),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"files": [{}]}'),
    ],
)
def test_what_is_not_as_the_manifest_says_is_refused(
    extract: ObjectPath, tmp_path: Path, name: str, content: bytes
) -> None:
    ObjectPath(extract.bucket, f"{extract.key}/{name}").write_bytes(content)
    with pytest.raises(ProviderRefused, match="delivery"):
        arrive(extract, tmp_path / "room")
    assert not (tmp_path / "room" / extract.name).exists()


def test_another_manifest_than_the_one_that_was_verified_is_refused_however_true_it_is(
    extract: ObjectPath, tmp_path: Path
) -> None:
    verified = hashlib.sha256(manifest()).hexdigest()
    assert arrive(extract, tmp_path / "room", verified)
    (extract / "manifest.json").write_bytes(manifest() + b"\n")
    with pytest.raises(ProviderRefused, match="not the one that was verified"):
        arrive(extract, tmp_path / "other", verified)


def test_a_delivery_without_its_manifest_or_a_file_is_none(extract: ObjectPath, tmp_path: Path) -> None:
    (extract / "README.md").unlink()
    with pytest.raises(ProviderRefused, match=r"README\.md is missing"):
        delivered(extract)
    (extract / "manifest.json").unlink()
    for nothing in (extract, None, tmp_path / "missing"):
        with pytest.raises(ProviderRefused, match="not where the extract left it"):
            delivered(nothing)


def test_a_store_that_does_not_answer_is_asked_again_later(
    extract: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: ObjectPath) -> bytes:
        raise OSError("no route to host")

    monkeypatch.setattr(ObjectPath, "read_bytes", away)
    with pytest.raises(ProviderUnavailable):
        delivered(extract)
