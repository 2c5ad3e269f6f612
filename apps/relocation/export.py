"""Reading an export of the previous platform: a manifest and files of one JSON object a line (docs/relocation.md)."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.applications.canonical import sha256_of
from apps.relocation.rules import Kind, Record, is_text

FORMAT, VERSION = "hdh-relocation", 1
MANIFEST = "manifest.json"
FILES = {
    Kind.ORGANISATION: "organisations.jsonl",
    Kind.PERSON: "people.jsonl",
    Kind.ENTITLEMENT: "entitlements.jsonl",
    Kind.PROJECT: "projects.jsonl",
    Kind.WORKSPACE: "workspaces.jsonl",
}
LONGEST_LINE = 2_000_000
"""Bytes; a definition of an extract has at most half a million."""


class ExportError(Exception):
    """The export is not whole or not readable: nothing of it is looked at. `sentences` say everything that is wrong."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        self.sentences = sentences
        super().__init__("\n".join(sentences))


@dataclass(frozen=True)
class Export:
    """An export that is what its manifest says."""

    manifest_sha256: str
    platform: str
    exported_at: str
    records: tuple[Record, ...]


def read_export(folder: Path) -> Export:
    """Read and verify an export. Raises ExportError."""
    raw, manifest = _manifest(folder / MANIFEST)
    problems = [sentence for kind in Kind for sentence in _differences(folder, kind, manifest["files"])]
    problems += [
        f"{name} is named by the manifest and unknown." for name in set(manifest["files"]) - set(FILES.values())
    ]
    if problems:
        raise ExportError(tuple(problems))
    records = tuple(record for kind in Kind for record in _records(folder / FILES[kind], kind))
    return Export(hashlib.sha256(raw).hexdigest(), manifest["platform"], manifest["exported_at"], records)


def _manifest(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        raw = path.read_bytes()
        value = json.loads(raw)
    except (OSError, ValueError) as error:
        raise ExportError((f"{path.name} cannot be read ({type(error).__name__}).",)) from error
    if not isinstance(value, dict) or (value.get("format"), value.get("version")) != (FORMAT, VERSION):
        raise ExportError((f'{path.name} is not of the format "{FORMAT}", version {VERSION}.',))
    if not (
        is_text(value.get("platform")) and is_text(value.get("exported_at")) and isinstance(value.get("files"), dict)
    ):
        raise ExportError((f"{path.name} must say platform, exported_at and files.",))
    return raw, value


def _differences(folder: Path, kind: Kind, files: dict[str, Any]) -> Iterator[str]:
    name = FILES[kind]
    said, path = files.get(name), folder / name
    if not isinstance(said, dict):
        yield f"The manifest does not name {name}."
    elif not path.is_file():
        yield f"{name} is missing."
    else:
        count, digest = _counted(path)
        if said.get("sha256") != digest:
            yield f"{name} has another SHA-256 than the manifest says."
        if said.get("records") != count:
            yield f"{name} has {count} records; the manifest says {said.get('records')}."


def _counted(path: Path) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            count += bool(line.strip())
    return count, digest.hexdigest()


def _records(path: Path, kind: Kind) -> Iterator[Record]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _record(line, kind, f"{path.name}, line {number}")


def _record(line: bytes, kind: Kind, place: str) -> Record:
    if len(line) > LONGEST_LINE:
        raise ExportError((f"{place}: longer than {LONGEST_LINE} bytes.",))
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ExportError((f"{place}: not a JSON object.",)) from error
    if not isinstance(value, dict) or not is_text(value.get("id"), 100):
        raise ExportError((f'{place}: an object with a text "id" is wanted.',))
    try:
        digest = sha256_of(value)
    except ValueError as error:
        raise ExportError((f"{place}: holds text that is no Unicode.",)) from error
    return Record(kind, value["id"], value, digest)
