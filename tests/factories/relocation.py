"""Exports of a previous platform for tests: small, whole, and changeable record by record."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.relocation.export import FILES, FORMAT, VERSION
from apps.relocation.rules import Kind
from tests.factories.accounts import siren_numbered

DEFINITION = json.loads((Path(__file__).parents[2] / "docs" / "definitions" / "diabete.json").read_text())
ORGANISATION = {"id": "org-1", "name": "Hôpital de la reprise", "kind": "public", "siren": siren_numbered(7_654_321)}
MANDATE = {"organisation": "org-1", "role": "member", "starts_on": "2024-01-01", "ends_on": None}
LEAD = {
    "id": "p-1",
    "email": "ada@reprise.example",
    "given_name": "Ada",
    "family_name": "Martin",
    "language": "fr",
    "mandates": [MANDATE],
}
MEMBER = {**LEAD, "id": "p-2", "email": "Bo@Reprise.example", "given_name": "Bo", "language": "en"}
ENTITLEMENT = {
    "id": "e-1",
    "project": "pr-1",
    "definition": DEFINITION,
    "starts_on": "2025-01-01",
    "ends_on": "2099-12-31",
    "decided_on": "2024-12-01",
    "decision": "DR-2024-123",
}
PROJECT = {
    "id": "pr-1",
    "number": "PF1-0042",
    "title": "Suivi des personnes diabétiques",
    "path": "permanent_access",
    "organisation": "org-1",
    "principal_investigator": "p-1",
    "members": ["p-2"],
}
WORKSPACE = {"id": "w-1", "project": "pr-1", "container": "projet-1", "prefix": ""}
WHOLE: Mapping[Kind, list[dict[str, Any]]] = {
    Kind.ORGANISATION: [ORGANISATION],
    Kind.PERSON: [LEAD, MEMBER],
    Kind.ENTITLEMENT: [ENTITLEMENT],
    Kind.PROJECT: [PROJECT],
    Kind.WORKSPACE: [WORKSPACE],
}


def export_in(folder: Path, records: Mapping[Kind, list[dict[str, Any]]] = WHOLE, **manifest: Any) -> Path:
    """Write an export of these records with its manifest; gives the folder."""
    files = {}
    for kind, name in FILES.items():
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records.get(kind, [])).encode()
        (folder / name).write_bytes(lines)
        files[name] = {"records": len(records.get(kind, [])), "sha256": hashlib.sha256(lines).hexdigest()}
    said = {"format": FORMAT, "version": VERSION, "platform": "Première plateforme", "exported_at": "2026-06-01"}
    (folder / "manifest.json").write_text(json.dumps({**said, "files": files, **manifest}))
    return folder
