"""Whether a portal that went through faults holds its five promises, judged from the outside.

Nothing of the portal is imported. The checker reads the clients' ledger, the database by SQL as its owner, the
published checkpoints with the verifier that auditors are given, the folders and the list of processes.

1. nothing that was acknowledged is lost; 2. every effect happened once; 3. the audit log verifies;
4. everything came to rest in time; 5. nothing is left that belongs to nobody.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.faults import leftovers, sealed
from tests.faults.ledger import ACKNOWLEDGED, REFUSED, Attempt, read

Connection = psycopg.Connection[tuple[Any, ...]]
VERIFIER = Path(__file__).parent.parent.parent / "apps" / "audit" / "standalone" / "verify_audit.py"
CONVERGES_WITHIN = 60.0
LOOK_AGAIN = 0.5


@dataclass(frozen=True)
class Scene:
    """Where the traces of a portal are. `mark` is what the command lines and environments of its processes hold."""

    database_url: str
    checkpoints: Path
    public_key: Path
    media: Path
    delivery: Path
    workspaces: Path
    mark: str = ""


@dataclass(frozen=True)
class Violation:
    """A promise (1 to 5) that does not hold, and where."""

    promise: int
    what: str

    def __str__(self) -> str:
        return f"({self.promise}) {self.what}"


def violations(scene: Scene, ledger: Path, *, converges_within: float = CONVERGES_WITHIN) -> list[Violation]:
    """Everything that does not hold; waits at most `converges_within` seconds for the portal to come to rest."""
    found = remaining(scene, converges_within)
    attempts = read(ledger)
    with psycopg.connect(scene.database_url) as connection:
        for promise, sentences in (
            (1, lost(connection, attempts)),
            (2, repeated(connection, attempts)),
            (3, unverified(connection, scene)),
        ):
            found += [Violation(promise, sentence) for sentence in sentences]
    return sorted(found, key=str)


def remaining(scene: Scene, seconds: float) -> list[Violation]:
    """What is not at rest, or belongs to nobody, when the time is up; empty as soon as there is nothing."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with psycopg.connect(scene.database_url) as connection:
                found = [Violation(4, what) for what in unrest(connection)]
                found += [Violation(5, what) for what in leftovers.orphans(connection, scene)]
        except psycopg.OperationalError as error:
            found = [Violation(4, f"the database does not answer: {error}")]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(LOOK_AGAIN)


# What waits for something that itself waits for a person is at rest too.
UNREST = {
    "outbox item {} is due and not done": """
        SELECT i.key FROM core_outboxitem i WHERE i.status = 'pending' AND i.not_before <= now() + interval '10 s'
        AND NOT EXISTS (
            SELECT FROM workspaces_operation o JOIN workspaces_workspace w ON w.id = o.workspace_id
            JOIN extracts_extractrequest e ON e.project_id = w.project_id
            WHERE o.id::text = i.subject_id AND e.status IN ('needs_human', 'to_release', 'cancelled'))""",
    "extract {} is neither delivered nor on a person's list": """
        SELECT id FROM extracts_extractrequest WHERE status NOT IN ('delivered', 'needs_human', 'superseded')
        AND status IN ('requested', 'running')""",
    "operation {} is under way": """
        SELECT o.id FROM workspaces_operation o JOIN workspaces_workspace w ON w.id = o.workspace_id
        WHERE o.status = 'running' AND NOT EXISTS (
            SELECT FROM extracts_extractrequest e WHERE e.project_id = w.project_id
            AND e.status IN ('needs_human', 'to_release', 'cancelled'))""",
    "{} events wait for their seal": """
        SELECT count(*) FROM audit_event e WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.event_id = e.id)
        HAVING count(*) > 0""",
    "a transaction of {} has been open for a minute": """
        SELECT usename FROM pg_stat_activity WHERE datname = current_database()
        AND state LIKE 'idle in transaction%' AND xact_start < clock_timestamp() - interval '60 s'""",
}


def unrest(connection: Connection) -> Iterator[str]:
    """What is not at rest now."""
    yield from _each(connection, UNREST)


def lost(connection: Connection, attempts: list[Attempt]) -> Iterator[str]:
    """Acknowledged things that are not there."""
    told = [attempt for attempt in attempts if attempt.outcome == ACKNOWLEDGED]
    kept = {str(row[0]) for row in connection.execute("SELECT id FROM applications_application")}
    for attempt in told:
        if attempt.dossier not in kept:
            yield f"dossier {attempt.dossier} of {attempt.client}"
        if attempt.sha256 and not _document(connection, attempt):
            yield f"document {attempt.sha256[:12]} of dossier {attempt.dossier}"
    yield from _lost_values(connection, attempts)
    events = _events(connection)
    for (effect, dossier), count in Counter((one.effect, one.dossier) for one in told if one.effect).items():
        if events[effect, dossier] < count:
            yield f"{effect} of {dossier} was acknowledged {count} times and recorded {events[effect, dossier]} times"


def _document(connection: Connection, attempt: Attempt) -> bool:
    query = "SELECT count(*) FROM applications_attachment WHERE application_id = %s AND sha256 = %s"
    row = connection.execute(query, [attempt.dossier, attempt.sha256]).fetchone()
    return row is not None and row[0] > 0


def _lost_values(connection: Connection, attempts: list[Attempt]) -> Iterator[str]:
    """A field holds what was acknowledged last, or what was tried later and may have arrived."""
    by_field: dict[tuple[str, str, str], list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        if attempt.name:
            by_field[attempt.dossier, attempt.page, attempt.name].append(attempt)
    for (dossier, page, name), tried in by_field.items():
        acknowledged = [n for n, attempt in enumerate(tried) if attempt.outcome == ACKNOWLEDGED]
        if not acknowledged:
            continue
        last = acknowledged[-1]
        allowed = {tried[last].value, *(one.value for one in tried[last:] if one.outcome != REFUSED)}
        row = connection.execute(
            "SELECT content ->> %s FROM applications_page WHERE application_id = %s AND key = %s", [name, dossier, page]
        ).fetchone()
        if row is None or row[0] not in allowed:
            yield f"{page}.{name} of {dossier} is {row and row[0]!r}, and {tried[last].value!r} was acknowledged"


def _events(connection: Connection) -> Counter[tuple[str, str]]:
    rows = connection.execute("SELECT action, dossier_id::text, count(*) FROM audit_event GROUP BY 1, 2")
    return Counter({(action, dossier or ""): count for action, dossier, count in rows})


TWICE = {
    "project of dossier {} made more than once": """
        SELECT dossier_id FROM audit_event WHERE action = 'project.created' GROUP BY 1 HAVING count(*) > 1""",
    "extract {} delivered more than once": """
        SELECT object_id FROM audit_event WHERE action = 'extract.delivered' GROUP BY 1 HAVING count(*) > 1""",
    "step of operation {} recorded more than once": """
        SELECT data ->> 'operation' FROM audit_event WHERE action LIKE 'workspace.step.%'
        GROUP BY action, 1 HAVING count(*) > 1""",
    "workspace {} said ready more than once in a generation": """
        SELECT object_id FROM audit_event WHERE action = 'workspace.ready'
        GROUP BY 1, data ->> 'generation' HAVING count(*) > 1""",
    "dossier {} has another number of submissions than of events": """
        SELECT a.id FROM applications_application a WHERE
        (SELECT count(*) FROM applications_submission s WHERE s.application_id = a.id) <>
        (SELECT count(*) FROM audit_event e WHERE e.dossier_id = a.id AND e.action = 'application.submitted')""",
    "a round of dossier {} was decided more than once": """
        SELECT application_id FROM applications_decision GROUP BY 1, round HAVING count(*) > 1""",
}


def repeated(connection: Connection, attempts: list[Attempt]) -> Iterator[str]:
    """Effects that happened more often than they were asked for, or more than once where once is all there is."""
    yield from _each(connection, TWICE)
    events = _events(connection)
    asked = Counter((one.effect, one.dossier) for one in attempts if one.effect and one.outcome != REFUSED)
    for (effect, dossier), count in asked.items():
        if dossier and events[effect, dossier] > count:
            yield f"{effect} of {dossier} was tried {count} times and recorded {events[effect, dossier]} times"


def unverified(connection: Connection, scene: Scene) -> Iterator[str]:
    """What the stand-alone verifier finds in an export of our own, against the published checkpoints."""
    with tempfile.TemporaryDirectory(prefix="hdh-faults-") as name:
        folder = Path(name)
        yield from sealed.export(connection, scene.checkpoints, folder)
        if not (folder / "checkpoints.jsonl").stat().st_size:
            return
        words = ["export", name, "--public-key", str(scene.public_key), "--checkpoints", str(scene.checkpoints)]
        done = subprocess.run([sys.executable, str(VERIFIER), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            yield f"the verifier exits {done.returncode}: {done.stdout.strip() or done.stderr.strip()[-300:]}"


def _each(connection: Connection, queries: dict[str, str]) -> Iterator[str]:
    for sentence, query in queries.items():
        for row in connection.execute(query).fetchall():  # type: ignore[arg-type]
            yield sentence.format(row[0])
