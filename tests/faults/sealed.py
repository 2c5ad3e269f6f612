"""An export of the sealed events made from the tables and the published folder alone, as the auditor's format says."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import psycopg

CONTENT = (
    "action",
    "actor",
    "at",
    "data",
    "dossier_id",
    "object_id",
    "object_kind",
    "personal",
    "reading",
    "request_id",
    "subject",
    "uid",
)
QUERY = f"""
    SELECT s.position, e.leaf, {", ".join(f"e.{name}" for name in CONTENT)}
    FROM audit_seal s LEFT JOIN audit_event e ON e.id = s.event_id ORDER BY s.position"""


def export(connection: psycopg.Connection[Any], published: Path, folder: Path) -> Iterator[str]:
    """Write `events.jsonl` and `checkpoints.jsonl` into the folder; gives what is wrong already."""
    files = sorted(published.glob("*/*.json"))
    (folder / "checkpoints.jsonl").write_bytes(b"".join(file.read_bytes() for file in files))
    with (folder / "events.jsonl").open("wb") as written:
        for position, leaf, *columns in connection.execute(QUERY):
            if leaf is None:
                yield f"the event at position {position} is gone"
                continue
            line = event_line(dict(zip(CONTENT, columns, strict=True)))
            written.write(line + b"\n")
            if hashlib.sha256(b"\0" + line).digest() != bytes(leaf):
                yield f"the leaf at position {position} is not that of its event"
    row = connection.execute("SELECT count(*) FROM audit_checkpoint").fetchone()
    if row is None or row[0] != len(files):
        yield f"{len(files)} checkpoints are published, and the database knows {row and row[0]}"


def event_line(columns: dict[str, Any]) -> bytes:
    """The canonical line of an event, format 1."""
    personal, dossier = columns["personal"], columns["dossier_id"]
    content = {
        **columns,
        "at": columns["at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "dossier_id": str(dossier) if dossier else None,
        "personal": None if personal is None else base64.b64encode(personal).decode(),
        "uid": str(columns["uid"]),
        "v": 1,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
