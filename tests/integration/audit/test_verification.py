"""Verification: every way of tampering is found and placed, and nothing else is."""

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.audit.keys import trusted_file
from apps.audit.models import Checkpoint, Event, Verdict, Verification
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError, leaf_hash, main, published_name
from apps.audit.watch import verify_now
from tests.factories.audit import Log, recorded, unguarded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(log: Log) -> Log:
    """Nine events in three checkpoints, and one that waits."""
    for _ in range(3):
        recorded(3)
        log.seal()
    recorded()
    return log


def event_at(position: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id FROM audit_seal WHERE position = %s", [position])
        return int(cursor.fetchone()[0])


def test_an_untouched_log_is_intact(sealed: Log) -> None:
    found = sealed.verify()
    assert (found.events, found.until, found.waiting) == (9, 3, 1)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'another'",
        "action = 'test.other'",
        "object_kind = 'x'",
        "object_id = '99'",
        "data = '{}'",
        "at = at + interval '1 microsecond'",
        "dossier_id = gen_random_uuid()",
        "request_id = 'x'",
        "reading = NOT reading",
        "subject = 'x'",
        "personal = ''",
        "uid = gen_random_uuid()",
        "leaf = sha256(leaf)",
    ],
)
@pytest.mark.parametrize("position", [5, None])
def test_any_edit_of_an_event_is_found(sealed: Log, change: str, position: int | None) -> None:
    """Given an event, sealed or waiting, when any of its columns is changed, then it is named."""
    event = event_at(position) if position else Event.objects.latest("id").pk
    unguarded(f"UPDATE audit_event SET {change} WHERE id = %s", [event])
    with pytest.raises(TamperedError, match=rf"event {event} .*content was changed"):
        sealed.verify()


def test_an_edit_that_brings_its_own_leaf_is_found(sealed: Log) -> None:
    """Given somebody who also recomputed the leaf, then the checkpoint is named."""
    event = Event.objects.get(pk=event_at(5))
    event.actor = "another"
    unguarded(
        "UPDATE audit_event SET actor = %s, leaf = %s WHERE id = %s",
        [event.actor, leaf_hash(event.content), event.pk],
    )
    with pytest.raises(TamperedError, match=r"checkpoint 2 .*not those that were sealed"):
        sealed.verify()


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        (
            "DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_seal WHERE position = 5)",
            "event was deleted",
        ),
        ("DELETE FROM audit_seal WHERE position = 5", "position 5 .*seal is gone"),
        ("DELETE FROM audit_seal WHERE position = 9", "checkpoint 3"),
        ("DELETE FROM audit_checkpoint WHERE sequence = 2", "checkpoint 3: does not follow"),
        ("DELETE FROM audit_checkpoint WHERE sequence = 3", "position 7: no checkpoint"),
        ("UPDATE audit_seal SET position = position + 100 WHERE position = 9", "position 9"),
        ("UPDATE audit_seal SET event_id = event_id + 1000 WHERE position = 5", "event was deleted"),
        ("UPDATE audit_event SET id = id + 1000 WHERE id = (SELECT min(id) FROM audit_event)", "event was deleted"),
        ("UPDATE audit_event SET xid = '1' WHERE id = (SELECT event_id FROM audit_seal WHERE position = 5)", "order"),
        ("UPDATE audit_checkpoint SET root = repeat('0', 64) WHERE sequence = 2", "checkpoint 2: its signature"),
        ("UPDATE audit_checkpoint SET signature = sha512('x') WHERE sequence = 2", "checkpoint 2: its signature"),
        ("UPDATE audit_checkpoint SET at = now() WHERE sequence = 2", "checkpoint 2: its signature"),
        ("UPDATE audit_checkpoint SET key = repeat('0', 64) WHERE sequence = 2", "checkpoint 2: signed with a key"),
        ("UPDATE audit_checkpoint SET previous = repeat('0', 64) WHERE sequence = 2", "checkpoint 2: does not follow"),
        ("UPDATE audit_checkpoint SET last = 5 WHERE sequence = 2", "checkpoint 2: its signature"),
        ("UPDATE audit_checkpoint SET mark_xid = 1 WHERE sequence = 2", "checkpoint 2: its signature"),
    ],
)
def test_deletions_moves_and_forged_seals_are_found(sealed: Log, statement: str, place: str) -> None:
    assert unguarded(statement) == 1
    with pytest.raises(TamperedError, match=place):
        sealed.verify()


def test_two_events_that_changed_places_are_found(sealed: Log) -> None:
    one, two = event_at(4), event_at(6)
    unguarded("UPDATE audit_event SET id = -1 WHERE id = %s", [one])
    unguarded("UPDATE audit_event SET id = %s WHERE id = %s", [one, two])
    unguarded("UPDATE audit_event SET id = %s WHERE id = -1", [two])
    with pytest.raises(TamperedError):
        sealed.verify()


def test_an_event_inserted_behind_the_seal_is_found(sealed: Log) -> None:
    [event] = recorded(object_id="forged")
    unguarded("UPDATE audit_event SET xid = '5' WHERE id = %s", [event.pk])
    with pytest.raises(TamperedError, match=f"event {event.pk}: inserted behind the seal"):
        sealed.verify()


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_tail_that_was_cut_is_found(sealed: Log, kept: int) -> None:
    """Given a log put back, without a trace in the database, to an earlier checkpoint, then the published ones tell."""
    unguarded("DELETE FROM audit_checkpoint WHERE sequence > %s", [kept])
    unguarded("DELETE FROM audit_seal WHERE position > %s", [kept * 3])
    unguarded("DELETE FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_seal)")
    with pytest.raises(TamperedError, match=f"checkpoint {kept + 1}: it was published, and is gone"):
        sealed.verify()


def test_a_past_sealed_anew_with_the_true_key_is_found(sealed: Log, tmp_path: Path) -> None:
    """Given somebody who holds even the key and seals another past, then what was published contradicts it."""
    unguarded("DELETE FROM audit_checkpoint")
    unguarded("DELETE FROM audit_seal")
    unguarded("DELETE FROM audit_event WHERE id = (SELECT min(id) FROM audit_event)")
    other = Log(sealed.key, tmp_path / "other")
    other.folder.mkdir()
    other.seal(batch=3)
    assert other.verify().events == 9
    with pytest.raises(TamperedError, match="checkpoint 1: another one was published"):
        sealed.verify()


def test_a_published_checkpoint_that_was_removed_is_found(sealed: Log) -> None:
    (sealed.folder / published_name(2)).unlink()
    with pytest.raises(TamperedError, match="checkpoint 2: another one was published, or it was removed"):
        sealed.verify()


def test_a_log_signed_with_an_unknown_key_is_found(sealed: Log) -> None:
    with pytest.raises(TamperedError, match="not trusted"):
        Log(Ed25519PrivateKey.generate(), sealed.folder).verify()


def test_a_later_part_is_verified_alone(sealed: Log) -> None:
    found = sealed.verify(since=3)
    assert (found.since, found.until, found.events) == (3, 3, 3)
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = %s", [event_at(1)])
    assert sealed.verify(since=3).events == 3
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = %s", [event_at(8)])
    with pytest.raises(TamperedError, match="position 8"):
        sealed.verify(since=3)


def test_what_is_missing_is_told_apart_from_what_is_wrong(sealed: Log, tmp_path: Path) -> None:
    with pytest.raises(UncheckableError, match="no checkpoint 8"):
        sealed.verify(since=9)
    with pytest.raises(UncheckableError, match="out of reach"):
        Log(sealed.key, tmp_path / "nowhere").verify()


def test_a_seal_that_is_late_cannot_be_vouched_for(sealed: Log) -> None:
    event = Event.objects.latest("id")
    event.at = timezone.now() - timedelta(minutes=5)
    unguarded("UPDATE audit_event SET at = %s, leaf = %s WHERE id = %s", [event.at, leaf_hash(event.content), event.pk])
    with pytest.raises(UncheckableError, match="1 events wait for their seal, the oldest for 30"):
        sealed.verify()


def test_a_checkpoint_that_waits_to_be_published_is_told(sealed: Log) -> None:
    """Given a last checkpoint not published yet, then that is fine for a minute, and later the log is unchecked."""
    (sealed.folder / published_name(3)).unlink()
    assert sealed.verify().until == 3
    old = Checkpoint.objects.get(sequence=3)
    old.at -= timedelta(minutes=5)
    signature = sealed.key.sign(b"hdh-audit-checkpoint-v1\n" + old.signed_part.content)
    unguarded("UPDATE audit_checkpoint SET at = %s, signature = %s WHERE sequence = 3", [old.at, signature])
    with pytest.raises(UncheckableError, match="waits to be published for 30"):
        sealed.verify()


def test_writing_and_sealing_meanwhile_cause_no_alarm(log: Log) -> None:
    """Given a writer and a sealer at work, when the log is verified again and again, then it is always intact."""
    done, failures = threading.Event(), []

    def work() -> None:
        try:
            while not done.is_set():
                recorded(3)
                log.sealer().run()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        verified = [log.verify() for _ in range(40)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert [found.until for found in verified] == sorted(found.until for found in verified)


def test_the_command_tells_by_its_exit_code(sealed: Log, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_verify")
    call_command("audit_verify", since=2, checkpoints=sealed.folder, public_key=trusted_file())
    assert "Intact: 6 events, checkpoints 2 to 3" in capsys.readouterr().out
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = %s", [event_at(8)])
    with pytest.raises(SystemExit) as tampered:
        call_command("audit_verify")
    with pytest.raises(SystemExit) as unchecked:
        call_command("audit_verify", checkpoints=sealed.folder / "nowhere")
    assert (tampered.value.code, unchecked.value.code) == (1, 2)
    assert f"TAMPERED: event {event_at(8)} (position 8, checkpoint 3)" in capsys.readouterr().out


def test_the_export_is_verified_without_the_database(
    sealed: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(actor="somebody", personal={"address": "192.0.2.7"})
    sealed.seal()
    call_command("audit_export", out=tmp_path / "all")
    call_command("audit_export", out=tmp_path / "late", since=3)
    folder = str(sealed.folder)
    assert [main(["export", str(tmp_path / part), "--checkpoints", folder]) for part in ("all", "late")] == [0, 0]
    assert "events 7 to 11" in capsys.readouterr().out
    assert (tmp_path / "all" / "verify_audit.py").exists()
    shutil.copyfile(tmp_path / "late" / "events.jsonl", tmp_path / "all" / "events.jsonl")
    assert main(["export", str(tmp_path / "all")]) == 1


def test_verifications_are_kept_and_go_on_where_they_ended(sealed: Log, settings: Settings) -> None:
    assert verify_now(whole=False).verdict == Verdict.INTACT
    recorded()
    sealed.seal()
    later = verify_now(whole=False)
    assert (later.since, later.until, later.events) == (4, 4, 2)
    assert verify_now(whole=True).events == 11
    unguarded("UPDATE audit_event SET actor = 'x' WHERE id = %s", [event_at(1)])
    assert verify_now(whole=False).verdict == Verdict.INTACT
    found = verify_now(whole=True)
    assert (found.verdict, "position 1" in found.detail) == (Verdict.TAMPERED, True)
    settings.CHECKPOINTS_DIR = None
    assert verify_now(whole=True).verdict == Verdict.UNCHECKED
    assert Verification.objects.count() == 6
