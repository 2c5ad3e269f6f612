"""The checker of the fault campaigns finds a planted violation of each promise, and none where there is none."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, transaction

from apps.applications import services
from apps.applications.models import Application, Page
from apps.audit.services import event_record
from apps.core.models import OutboxItem
from apps.extracts.models import ExtractRequest
from tests.factories import extracts
from tests.factories.applications import draft, fresh, researcher
from tests.factories.audit import Log, new_log, unguarded
from tests.faults import checker, ledger
from tests.faults.checker import Scene
from tests.faults.ledger import Attempt, Ledger, RefusedInWords

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return new_log(tmp_path)


@pytest.fixture
def scene(tmp_path: Path, log: Log, settings) -> Scene:
    """A portal at rest: an attached document, a submitted dossier, everything sealed."""
    for name in ("media", "delivery", "workspaces"):
        (tmp_path / name).mkdir()
    settings.MEDIA_DIR = tmp_path / "media"
    place = connection.settings_dict
    return Scene(
        database_url=f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}",
        checkpoints=log.folder,
        public_key=tmp_path / "audit.key.pub",
        media=tmp_path / "media",
        delivery=tmp_path / "delivery",
        workspaces=tmp_path / "workspaces",
    )


@pytest.fixture
def dossier(scene: Scene) -> Application:
    by = researcher()
    made = draft(by, complete=True)
    services.application_submit(application=fresh(made), seen_version=made.version, by=by)
    return fresh(made)


@pytest.fixture
def history(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def tell(
    history: Ledger, dossier: object, effect: str = "", *, outcome: str = ledger.ACKNOWLEDGED, **what: str
) -> None:
    with history.attempt("camille", effect, str(dossier), **what) as told:
        told[0] = outcome == ledger.ACKNOWLEDGED
        if outcome == ledger.REFUSED:
            raise RefusedInWords("no")


def found(scene: Scene, history: Ledger, log: Log) -> list[str]:
    log.seal()
    return [str(one) for one in checker.violations(scene, history.file, converges_within=0)]


def sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_a_portal_at_rest_holds_every_promise(scene, log, history, dossier):
    title = Page.objects.get(application=dossier, key="title").content["title"]
    tell(history, dossier.pk, "application.submitted")
    tell(history, dossier.pk, page="title", name="title", value=title)
    tell(history, dossier.pk, "application.attachment_added", sha256=dossier.attachments.get().sha256)
    tell(history, dossier.pk, "application.submitted", outcome=ledger.REFUSED)
    assert found(scene, history, log) == []


def test_what_was_acknowledged_and_is_lost_is_found(scene, log, history, dossier):
    title = Page.objects.get(application=dossier, key="title").content["title"]
    tell(history, "00000000-0000-4000-8000-000000000000", "application.created")
    tell(history, dossier.pk, "application.submitted")
    tell(history, dossier.pk, "application.submitted")
    tell(history, dossier.pk, page="title", name="title", value="Perdu")
    tell(history, dossier.pk, page="title", name="title", value=title, outcome=ledger.REFUSED)
    tell(history, dossier.pk, sha256="0" * 64)
    said = found(scene, history, log)
    assert [one.partition(" ")[0] for one in said] == ["(1)"] * 5
    for words in ("dossier 00000000", "acknowledged 2 times and recorded 1", "'Perdu' was", "document 0000"):
        assert any(words in one for one in said), words


def test_a_value_that_an_attempt_of_unknown_end_may_have_replaced_is_not_lost(scene, log, history, dossier):
    title = Page.objects.get(application=dossier, key="title").content["title"]
    tell(history, dossier.pk, page="title", name="title", value="Avant")
    tell(history, dossier.pk, page="title", name="title", value=title, outcome=ledger.UNKNOWN)
    assert found(scene, history, log) == []


def test_what_happened_twice_is_found(scene, log, history, dossier):
    once = ("project.created", "extract.delivered", "workspace.step.home", "workspace.ready")
    for action in ("application.submitted", *once, *once):
        with transaction.atomic():
            record(action, dossier, operation="1", generation=1)
    decision = (
        "INSERT INTO applications_decision (application_id, round, outcome, by_id, at, content_hash, definition_hash,"
        f" comment) SELECT '{dossier.pk}', 1, 'returned', id, now(), '', '', '' FROM accounts_person LIMIT 1"
    )
    with without_once_a_round():
        unguarded(decision)
        unguarded(decision)
        tell(history, dossier.pk, "application.submitted")
        said = found(scene, history, log)
    assert any("tried 1 times and recorded 2" in one for one in said)
    for sentence in checker.TWICE:
        assert any(sentence.partition("{}")[2] in one for one in said), sentence


@contextmanager
def without_once_a_round() -> Iterator[None]:
    """The database would refuse a second decision of a round: for a moment it does not."""
    sql("ALTER TABLE applications_decision DROP CONSTRAINT decision_once_a_round")
    try:
        yield
    finally:
        unguarded("DELETE FROM applications_decision")
        sql("ALTER TABLE applications_decision ADD CONSTRAINT decision_once_a_round UNIQUE (application_id, round)")


def test_a_log_that_was_touched_is_found(scene, log, history, dossier):
    log.seal()
    unguarded("UPDATE audit_event SET actor = 'somebody else' WHERE action = 'application.submitted'")
    said = found(scene, history, log)
    assert any("leaf at position" in one for one in said)
    assert any("TAMPERED" in one for one in said)
    unguarded("DELETE FROM audit_event WHERE action = 'application.submitted'")
    last = max(log.folder.rglob("*.json"))
    last.with_name("000000000099.json").write_bytes(last.read_bytes())
    said = [str(one) for one in checker.violations(scene, history.file, converges_within=0)]
    assert any("is gone" in one for one in said)
    assert any("checkpoints are published, and the database knows" in one for one in said)


def test_what_does_not_come_to_rest_is_found(scene, history, tmp_path):
    extracts.request()
    said = [str(one) for one in checker.violations(scene, history.file, converges_within=0)]
    for words in ("outbox item", "extract", "events wait for their seal"):
        assert any(one.startswith("(4)") and words in one for one in said), words
    away = replace(scene, database_url=f"postgresql://hdh@/hdh?host={tmp_path}")
    assert [one.promise for one in checker.remaining(away, 0)] == [4]


def test_files_and_processes_that_belong_to_nobody_are_found(scene, log, history, dossier):
    for file in scene.media.rglob("*"):
        if file.is_file():
            file.rename(scene.media / "abcd")
    (scene.media / "abce.part").write_bytes(b"")
    (scene.delivery / "manifest.json.unfinished").write_bytes(b"")
    (scene.checkpoints / ".000000000001.json.0123").write_bytes(b"")
    (scene.delivery / str(uuid4())).mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"{scene.workspaces}/{uuid4().hex}/home"]
    with subprocess.Popen(command) as process:
        try:
            said = found(scene, history, log)
        finally:
            process.kill()
    assert sum(one.startswith("(5) half-made") for one in said) == 3
    for words in ("abcd has no row", "is not on disk", "was asked for by nobody", "which should not run"):
        assert any(words in one for one in said), words


def test_rows_that_belong_to_nobody_are_found(scene, log, history):
    delivered, untold = extracts.request(), extracts.request()
    ExtractRequest.objects.filter(pk=delivered.pk).update(status="delivered", manifest_sha256="0" * 64)
    (scene.delivery / f"{delivered.pk}.work").mkdir()
    OutboxItem.objects.all().delete()
    ExtractRequest.objects.filter(pk=untold.pk).update(status="needs_human")
    OutboxItem.objects.create(
        key="nothing",
        kind="extract.run",
        queue="extract",
        subject_id=str(uuid4()),
        not_before="2027-01-01T00:00Z",
        status="needs_human",
        lease_until="2027-01-01T00:00Z",
    )
    said = found(scene, history, log)
    for words in (
        "has no manifest",
        "its work still lies in",
        "speaks of nothing that exists",
        "still leased",
        "needs a person and is on no list",
    ):
        assert any(words in one for one in said), words


def test_the_ledger_keeps_the_last_that_is_known_of_each_attempt(history):
    with history.attempt("camille", "application.created", "1"):
        raise OSError("connection refused")
    tell(history, "2", outcome=ledger.REFUSED)
    tell(history, "3")
    lines = [Attempt(**json.loads(line)) for line in history.file.read_text().splitlines()]
    assert len(lines) == 6
    assert [one.outcome for one in ledger.read(history.file)] == ["unknown", "refused", "acknowledged"]
    assert asdict(ledger.read(history.file)[0])["detail"] == "OSError: connection refused"


def record(action: str, dossier: Application, **data: object) -> None:
    event_record(
        action=action, actor="system:test", object_kind="thing", object_id="1", dossier_id=str(dossier.pk), data=data
    )
