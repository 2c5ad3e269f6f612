"""The sealer: nothing lost, nothing doubled, whatever happens beside it."""

import threading
import time
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from apps.audit import sealing, selectors
from apps.audit.keys import KeyMissingError, load_key, signing_key
from apps.audit.models import Checkpoint, Event, Seal
from apps.audit.publication import ConflictError
from apps.audit.sealing import RolledBackError, configured_sealer
from apps.audit.services import event_record
from apps.audit.watch import seal_now
from tests.factories.audit import Log, recorded, unguarded

pytestmark = pytest.mark.django_db(transaction=True)


def sealed_events() -> list[int]:
    return list(Seal.objects.order_by("position").values_list("event_id", flat=True))


def test_every_event_gets_the_next_position(log: Log) -> None:
    recorded(3)
    assert log.seal() == 3
    recorded(2)
    assert log.seal() == 2
    assert list(Seal.objects.order_by("position").values_list("position", flat=True)) == [1, 2, 3, 4, 5]
    assert len(set(sealed_events())) == 5
    assert log.verify().events == 5


def test_nothing_due_makes_no_checkpoint(log: Log) -> None:
    assert log.sealer().run() == 0
    assert log.published.latest() == 0
    assert not Checkpoint.objects.exists()


def test_large_arrears_are_sealed_in_batches(log: Log) -> None:
    recorded(10)
    assert log.seal(batch=4) == 10
    sizes = [checkpoint.last - checkpoint.first + 1 for checkpoint in Checkpoint.objects.order_by("sequence")]
    assert sum(sizes) == 10
    assert max(sizes) <= 4
    assert log.verify().until == len(sizes)


def test_a_long_transaction_holds_the_seal_back_and_loses_nothing(log: Log) -> None:
    """Given an event written first and committed last, when others commit meanwhile, then it is sealed once."""
    written, finish = threading.Event(), threading.Event()

    def long_transaction() -> None:
        with transaction.atomic():
            event_record(action="test.long", actor="system:web", object_kind="thing", object_id="long")
            written.set()
            finish.wait(30)
        connection.close()

    thread = threading.Thread(target=long_transaction)
    thread.start()
    written.wait(30)
    recorded(3)
    assert log.sealer().run() == 0, "nothing may be sealed past a transaction that may still commit before it"
    assert selectors.seal_state().waiting == 3
    finish.set()
    thread.join()
    log.seal()
    long = Event.objects.get(action="test.long")
    assert sealed_events()[0] == long.pk
    assert len(sealed_events()) == 4
    assert log.verify().events == 4


def test_a_transaction_that_is_rolled_back_leaves_no_hole(log: Log) -> None:
    recorded()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        event_record(action="test.never", actor="system:web", object_kind="thing", object_id="1")
        raise ZeroDivisionError
    recorded()
    assert log.seal() == 2
    assert log.verify().events == 2


def test_writers_and_several_sealers_at_once(log: Log) -> None:
    """Given six writers with transactions of all lengths and three sealers, then each event is sealed exactly once."""
    done, failures = threading.Event(), []

    def write(writer: int) -> None:
        try:
            for number in range(25):
                with transaction.atomic():
                    event_record(action="test.done", actor=f"w{writer}", object_kind="thing", object_id=str(number))
                    time.sleep(0.001 * ((writer * 7 + number) % 6))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def seal() -> None:
        try:
            while not done.is_set():
                log.sealer(batch=7).run()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    sealers = [threading.Thread(target=seal) for _ in range(3)]
    for thread in [*writers, *sealers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    log.seal()
    assert failures == []
    assert sorted(sealed_events()) == sorted(Event.objects.values_list("pk", flat=True))
    assert len(sealed_events()) == 150
    assert log.verify().events == 150
    assert log.published.latest() == Checkpoint.objects.count()


def test_a_sealer_at_work_makes_the_others_wait_for_the_next_bell(log: Log) -> None:
    recorded()
    held, finish = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sealing.ADVISORY_LOCK])
            held.set()
            finish.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    assert log.sealer().run() == 0
    finish.set()
    thread.join()
    assert log.seal() == 1


def test_what_was_sealed_and_not_published_is_published_by_the_next_run(log: Log) -> None:
    """Given a sealer that died after its commit, when the next one runs, then the checkpoint is published."""
    recorded()
    while log.sealer().seal_batch() is None:
        time.sleep(0.05)
    assert log.published.latest() == 0
    assert log.sealer().run() == 0
    assert log.published.latest() == 1
    assert log.verify().until == 1


def test_a_database_put_back_to_yesterday_is_not_sealed_over(log: Log) -> None:
    """Given checkpoints that were published and are gone, then the sealer stops rather than write another past."""
    recorded(2)
    log.seal(batch=1)
    unguarded("DELETE FROM audit_checkpoint WHERE sequence = 2")
    unguarded("DELETE FROM audit_seal WHERE position = 2")
    with pytest.raises(RolledBackError, match="checkpoint 2 was published"):
        log.sealer().run()
    assert seal_now() == 0


def test_another_checkpoint_under_a_published_number_is_refused(log: Log) -> None:
    log.published.put(1, b"{}")
    log.published.put(1, b"{}")
    with pytest.raises(ConflictError, match="another checkpoint 1"):
        log.published.put(1, b"[]")
    assert log.published.get(1) == b"{}"
    assert [file.name for file in log.folder.rglob("*") if file.is_file()] == ["000000000001.json"]


def test_a_folder_without_room_keeps_no_draft_and_a_dead_sealers_drafts_are_removed(log: Log, monkeypatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    recorded()
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("apps.audit.publication.os.fsync", full)
        log.seal()
    assert [path for path in log.folder.rglob("*") if path.is_file()] == []
    (log.folder / "00000000" / ".000000000001.json.0123").write_bytes(b"half")
    (log.folder / "00000000" / ".000000000002.json.0123").write_bytes(b"of a sealer at work")
    log.sealer().publish()
    names = sorted(path.name for path in (log.folder / "00000000").iterdir())
    assert names == [".000000000002.json.0123", "000000000001.json"]


def test_published_checkpoints_are_found_across_folders(log: Log) -> None:
    for sequence in (1, 9_999, 10_000, 20_001):
        log.published.put(sequence, b"{}")
    (log.folder / "99999999").mkdir()
    assert log.published.latest() == 20_001
    assert log.published.get(2) is None


def test_without_folder_or_key_nothing_is_sealed_and_the_log_says_so(
    log: Log, settings: Settings, tmp_path: Path
) -> None:
    recorded()
    settings.CHECKPOINTS_DIR = tmp_path / "gone"
    assert seal_now() == 0
    settings.CHECKPOINTS_DIR = None
    with pytest.raises(OSError, match="HDH_CHECKPOINTS_DIR"):
        configured_sealer()
    settings.CHECKPOINTS_DIR, settings.AUDIT_KEY_FILE = log.folder, None
    with pytest.raises(KeyMissingError, match="audit_key_init"):
        signing_key()
    assert seal_now() == 0
    assert not Seal.objects.exists()


@pytest.mark.filterwarnings("ignore:[\\s\\S]*'queue' task attribute")
def test_the_task_seals(log: Log) -> None:
    from apps.audit.tasks import audit_seal

    recorded(2)
    deadline = time.monotonic() + 60
    while selectors.seal_state().waiting and time.monotonic() < deadline:
        audit_seal.run()
    assert len(sealed_events()) == 2


@pytest.mark.parametrize("content", [b"no key", None])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes | None) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "other.key").write_bytes(content or other)
    with pytest.raises(KeyMissingError, match="holds no"):
        load_key(tmp_path / "other.key")


def test_a_server_that_counts_transactions_anew_is_not_sealed_on(log: Log) -> None:
    """Given a log read into a new server, whose transactions begin again, then the sealer says what is wrong."""
    recorded()
    log.seal()
    unguarded("UPDATE audit_checkpoint SET mark_xid = 9000000000000000")
    recorded()
    with pytest.raises(RolledBackError, match="transactions begin again"):
        log.sealer().run()
