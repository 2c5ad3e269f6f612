"""Documents open once a scanner found them clean, and at no other time; a scanner that is away keeps them closed."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import timezone

from apps.applications import scanner, selectors, services, storage
from apps.applications.models import Application, Attachment
from apps.applications.scanner import Outcome, ScannerAway, Verdict
from apps.applications.services import Incomplete
from apps.core import outbox
from apps.core.models import OutboxItem
from tests.factories.accounts import client_signed_in
from tests.factories.applications import PDF, draft, fresh, researcher
from tests.integration.applications.asking import text_of, url
from tests.support import clamd
from tests.support.clamd import EICAR, Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def socket_path(tmp_path: Path) -> Iterator[Path]:
    with override_settings(UNSCANNED_DOCUMENTS=False, CLAMD=str(tmp_path / "clamd")):
        yield tmp_path / "clamd"


@pytest.fixture
def clam(socket_path: Path) -> Iterator[Server]:
    with clamd.running(socket_path) as server:
        yield server


def attach(application: Application, data: bytes = PDF, name: str = "protocole.pdf", **more: str) -> Attachment:
    return services.attachment_add(
        application=application, kind="protocol", name=name, data=data, by=application.created_by, **more
    )


def scan(attachment: Attachment) -> Attachment:
    """Let the worker take its turn."""
    outbox.run_item(OutboxItem.objects.get(key=f"document:{attachment.pk}:scan").pk)
    return Attachment.objects.get(pk=attachment.pk)


def codes(application: Application) -> set[str]:
    found = selectors.completeness(application, selectors.contents_of(application))
    return {missing.code for missing in found if missing.page == "attachments"}


def test_a_document_opens_once_it_was_found_clean(clam: Server) -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    attachment = attach(application)
    address = url("attachment", application, attachment.pk)
    assert client.get(address).status_code == 409
    assert codes(application) == {"scan_pending"}
    assert scan(attachment).scan == "clean"
    assert b"".join(client.get(address).streaming_content) == PDF
    assert clam.scanned == [PDF]
    assert codes(application) == set()


def test_an_infected_document_never_opens_and_is_never_submitted(clam: Server) -> None:
    by = researcher()
    application = draft(by, complete=True)
    scan(selectors.attachments_of(application).get())
    attachment = scan(attach(application, b"Note. " + EICAR, "note.txt"))
    assert (attachment.scan, attachment.scan_detail) == ("infected", "Win.Test.EICAR_HDB-1")
    assert client_signed_in(by).get(url("attachment", application, attachment.pk)).status_code == 409
    with pytest.raises(Incomplete) as refused:
        services.application_submit(application=application, seen_version=1, by=by)
    assert [missing.code for missing in refused.value.missing] == ["scan_infected"]
    page = text_of(client_signed_in(by).get(url("submit", application)))
    assert "Un virus a été trouvé" in page
    services.attachment_remove(application=application, attachment_id=str(attachment.pk), by=by)
    services.application_submit(application=fresh(application), seen_version=1, by=by)


def test_a_scanner_that_is_away_keeps_documents_closed_until_it_is_back(socket_path: Path) -> None:
    by = researcher()
    application = draft(by)
    attachment = attach(application)
    assert scan(attachment).scan == "pending"
    item = OutboxItem.objects.get(key=f"document:{attachment.pk}:scan")
    assert (item.status, item.attempts) == ("pending", 0), "asked again, without end of attempts"
    assert client_signed_in(by).get(url("attachment", application, attachment.pk)).status_code == 409
    with clamd.running(socket_path):
        outbox.outbox_wake(item.key)
        assert scan(attachment).scan == "clean"


def test_after_an_hour_a_person_is_told(socket_path: Path) -> None:
    attachment = attach(draft(researcher()))
    Attachment.objects.filter(pk=attachment.pk).update(uploaded_at=timezone.now() - timedelta(hours=2))
    assert scan(attachment).scan == "pending"
    assert OutboxItem.objects.get(key=f"document:{attachment.pk}:scan").status == "needs_human"


def test_a_scanner_that_hangs_up_says_nothing(clam: Server) -> None:
    clam.silent = True
    assert scan(attach(draft(researcher()))).scan == "pending"


@pytest.mark.parametrize(
    "answer", [b"stream: Heuristics.Limits ERROR\0", b"stream: OK FOUND OK\0", b"\0", b"nonsense\0"]
)
def test_whatever_is_not_a_clear_answer_keeps_it_closed_for_good(clam: Server, answer: bytes) -> None:
    clam.answer = answer
    attachment = scan(attach(draft(researcher())))
    assert attachment.scan == "unscannable"
    assert not attachment.is_open


def test_what_the_scanner_finds_too_large_is_unscannable(clam: Server) -> None:
    clam.limit = 100_000
    attachment = scan(attach(draft(researcher()), b"a" * 3_000_000, "long.txt"))
    assert attachment.scan in {"unscannable", "pending"}
    assert not attachment.is_open


def test_a_file_altered_on_disk_is_unscannable(clam: Server, media_dir: Path) -> None:
    attachment = attach(draft(researcher()))
    (stored,) = [path for path in media_dir.rglob("*") if path.is_file()]
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    assert scan(attachment).scan == "unscannable"
    with pytest.raises(storage.DocumentDamaged):
        storage.opened(attachment.storage_key, attachment.sealed_key)


def test_a_document_removed_meanwhile_is_left_alone(clam: Server) -> None:
    by = researcher()
    application = draft(by)
    attachment = attach(application)
    services.attachment_remove(application=application, attachment_id=str(attachment.pk), by=by)
    assert scan(attachment).scan == "pending"
    assert clam.scanned == []


def test_what_a_development_machine_did_not_scan_closes_where_scanning_is_due(socket_path: Path) -> None:
    application = draft(researcher())
    with override_settings(UNSCANNED_DOCUMENTS=True):
        attachment = attach(application)
        assert attachment.is_open
        page = text_of(client_signed_in(application.created_by).get(url("page", application, "attachments")))
        assert "Aucun antivirus ici" in page
    assert not attachment.is_open
    assert codes(application) == {"scan_not_scanned"}


def test_tcp_and_unix_addresses(clam: Server, socket_path: Path) -> None:
    assert scanner.scan(b"x", str(socket_path)) == Verdict(Outcome.CLEAN)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ScannerAway):
        scanner.scan(b"x", f"127.0.0.1:{port}")


def test_the_real_scanner_agrees(tmp_path: Path) -> None:
    """With clamd itself, given a database of one signature."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")
    base, listening = tmp_path / "base", tmp_path / "s"
    base.mkdir()
    (base / "test.ndb").write_text(f"Hdh.Test:0:*:{EICAR.hex()}\n")
    configuration = tmp_path / "clamd.conf"
    configuration.write_text(f"LocalSocket {listening}\nDatabaseDirectory {base}\nForeground yes\n")
    process = subprocess.Popen(
        [program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            if listening.exists():
                break
            time.sleep(0.1)
        assert scanner.scan(PDF, str(listening)) == Verdict(Outcome.CLEAN)
        assert scanner.scan(b"Note. " + EICAR, str(listening)).outcome is Outcome.INFECTED
    finally:
        process.terminate()
        process.wait()
