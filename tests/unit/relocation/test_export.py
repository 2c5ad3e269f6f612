"""An export is read whole or not at all, and everything that is wrong is said at once."""

import json
from pathlib import Path

import pytest

from apps.relocation.export import ExportError, read_export
from tests.factories.relocation import WHOLE, export_in


def said(folder: Path) -> str:
    with pytest.raises(ExportError) as raised:
        read_export(folder)
    return "\n".join(raised.value.sentences)


def test_a_whole_export_is_read(tmp_path: Path) -> None:
    export = read_export(export_in(tmp_path))

    assert len(export.records) == sum(len(ones) for ones in WHOLE.values())
    assert export.platform == "Première plateforme"
    assert len(export.manifest_sha256) == 64


def test_a_manifest_that_is_missing_foreign_or_silent_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in said(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    assert "not of the format" in said(tmp_path)
    assert "platform" in said(export_in(tmp_path, platform=""))


def test_every_difference_between_manifest_and_files_is_said(tmp_path: Path) -> None:
    export_in(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    del manifest["files"]["workspaces.jsonl"]
    manifest["files"]["people.jsonl"]["records"] = 3
    manifest["files"]["passwords.jsonl"] = {}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "projects.jsonl").unlink()
    (tmp_path / "organisations.jsonl").write_text("{}\n")

    sentences = said(tmp_path)

    assert "organisations.jsonl has another SHA-256" in sentences
    assert "people.jsonl has 2 records; the manifest says 3" in sentences
    assert "projects.jsonl is missing" in sentences
    assert "does not name workspaces.jsonl" in sentences
    assert "passwords.jsonl is named by the manifest and unknown" in sentences


@pytest.mark.parametrize(
    ("line", "why"),
    [(b"{", "not a JSON object"), (b"[]", '"id"'), (b'{"id": "a", "name": "\\ud800"}', "Unicode")],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: bytes, why: str) -> None:
    export_in(tmp_path)
    (tmp_path / "people.jsonl").write_bytes(line + b"\n")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    import hashlib

    manifest["files"]["people.jsonl"] = {"records": 1, "sha256": hashlib.sha256(line + b"\n").hexdigest()}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    assert why in said(tmp_path)
    assert "people.jsonl, line 1" in said(tmp_path)
