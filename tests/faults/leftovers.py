"""What belongs to nobody: half-made files, files without a row, rows without their file or owner, stray sandboxes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from tests.faults.checker import Scene

Connection = psycopg.Connection[tuple[Any, ...]]
HALF_MADE = re.compile(r"\.part$|\.unfinished$|^\.[0-9]+\.json\.")
OWNERLESS = {
    "outbox item {} speaks of nothing that exists": """
        SELECT key FROM core_outboxitem WHERE
        (kind LIKE 'extract.%' AND kind <> 'extract.key_destroy'
            AND split_part(subject_id, '/', 1) NOT IN (SELECT id::text FROM extracts_extractrequest)) OR
        (kind LIKE 'workspace%' AND subject_id NOT IN (SELECT id::text FROM workspaces_operation))""",
    "outbox item {} ended and is still leased": """
        SELECT key FROM core_outboxitem WHERE status <> 'pending' AND lease_until IS NOT NULL""",
    "approved dossier {} has no project": """
        SELECT a.id FROM applications_application a LEFT JOIN projects_project p ON p.application_id = a.id
        WHERE a.status = 'approved' AND p.id IS NULL""",
    "project {} has no extract request or no workspace": """
        SELECT p.id FROM projects_project p LEFT JOIN extracts_extractrequest e ON e.project_id = p.id
        LEFT JOIN workspaces_workspace w ON w.project_id = p.id WHERE e.id IS NULL OR w.id IS NULL""",
    "extract {} needs a person and is on no list": """
        SELECT e.id FROM extracts_extractrequest e WHERE e.status = 'needs_human' AND NOT EXISTS (
            SELECT FROM core_outboxitem i WHERE i.subject_id = e.id::text AND i.status = 'needs_human')""",
    "workspace {} failed and is on no list": """
        SELECT w.id FROM workspaces_workspace w WHERE w.status = 'failed' AND w.reason = ''""",
    "transaction {} is prepared and forgotten": "SELECT gid FROM pg_prepared_xacts",
}


def orphans(connection: Connection, scene: "Scene") -> Iterator[str]:
    """Everything that nobody owns, in words."""
    for sentence, query in OWNERLESS.items():
        for row in connection.execute(query).fetchall():  # type: ignore[arg-type]
            yield sentence.format(row[0])
    yield from half_made(scene.media, scene.delivery, scene.checkpoints)
    yield from stray_documents(connection, scene.media)
    yield from stray_deliveries(connection, scene.delivery)
    yield from stray_sandboxes(connection, scene.workspaces)


def half_made(*folders: Path) -> Iterator[str]:
    """Files that somebody began and nobody finished."""
    for folder in folders:
        for inside, folders_there, files in os.walk(folder):  # passes over what is removed meanwhile
            for name in (*folders_there, *files):
                if HALF_MADE.search(name) and (Path(inside) / name).exists():
                    yield f"half-made: {Path(inside, name).relative_to(folder.parent)}"


def stray_documents(connection: Connection, media: Path) -> Iterator[str]:
    """Documents without a row, and rows that were not removed without their document."""
    columns = connection.execute(
        "SELECT table_name FROM information_schema.columns"
        " WHERE column_name = 'storage_key' AND table_schema = 'public'"
    ).fetchall()
    keys = {str(row[0]) for (table,) in columns for row in connection.execute(f'SELECT storage_key FROM "{table}"')}
    present = {path.name.partition(".")[0] for path in media.rglob("*") if path.is_file()}
    for name in sorted(present - keys):
        yield f"document {name} has no row"
    kept = connection.execute("SELECT storage_key FROM applications_attachment WHERE removed_at IS NULL").fetchall()
    for (key,) in kept:
        if str(key) not in present:
            yield f"document {key} is not on disk"


def stray_deliveries(connection: Connection, folder: Path) -> Iterator[str]:
    """Deliveries that no request asked for, and requests said delivered without a whole delivery."""
    delivered = {
        str(row[0]) for row in connection.execute("SELECT id FROM extracts_extractrequest WHERE status = 'delivered'")
    }
    known = {str(row[0]) for row in connection.execute("SELECT id FROM extracts_extractrequest")}
    for path in folder.iterdir() if folder.exists() else ():
        if not any(path.name.lstrip(".").startswith(name) for name in known):
            yield f"delivery {path.name} was asked for by nobody"
    for name in sorted(delivered):
        if not (folder / name / "manifest.json").is_file():
            yield f"extract {name} is said delivered and has no manifest"
        for path in folder.glob(f"*{name}*"):
            if path.name != name:
                yield f"extract {name} is delivered and its work still lies in {path.name}"


def stray_sandboxes(connection: Connection, workspaces: Path) -> Iterator[str]:
    """Processes of a workspace that should not run."""
    running = {
        str(row[0])
        for row in connection.execute(
            "SELECT id FROM workspaces_workspace WHERE status IN ('running', 'starting', 'provisioning', 'suspending')"
        )
    }
    pattern = re.compile(re.escape(f"{workspaces}/").encode() + rb"([0-9a-f-]{32,36})")
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found = pattern.search(command.read_bytes())
        except OSError:
            continue
        if found and not any(found[1].decode().replace("-", "") == one.replace("-", "") for one in running):
            yield f"process {command.parent.name} serves workspace {found[1].decode()}, which should not run"
