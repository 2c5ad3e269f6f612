"""Files whose process died before the row: erased, and never one that waits for its commit."""

import threading

import pytest
from django.db import connection, transaction

from apps.applications import services
from apps.applications.models import Attachment
from apps.applications.services import strays
from apps.core.errors import RefusedError
from tests.factories.applications import PDF, draft, researcher

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def media(tmp_path, settings):
    settings.MEDIA_DIR = tmp_path
    return tmp_path


def left_behind(media, name: str):
    file = media / name[:2] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"?")
    return file


def kept(media) -> Attachment:
    by = researcher()
    return services.attachment_add(application=draft(by), kind="protocol", name="p.pdf", data=PDF, by=by)


def test_what_no_row_knows_is_erased_and_what_one_knows_is_kept(media):
    attachment = kept(media)
    whole, half = left_behind(media, "ab" * 16), left_behind(media, f"{attachment.storage_key}.part")
    assert strays.strays_erase() == 2
    assert not whole.exists()
    assert not half.exists()
    assert [path.name for path in media.rglob("*") if path.is_file()] == [attachment.storage_key]
    assert strays.strays_erase() == 0


def test_nothing_is_judged_while_a_document_waits_for_its_commit(media):
    waits, done = threading.Event(), threading.Event()

    def adding() -> None:
        try:
            with transaction.atomic():
                strays.addition_announce()
                left_behind(media, "cd" * 16)
                waits.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=adding)
    thread.start()
    waits.wait(10)
    assert strays.strays_erase() is None
    done.set()
    thread.join()
    assert strays.strays_erase() == 1


def test_more_than_an_accident_leaves_are_kept_for_an_operator(media):
    for number in range(strays.MOST + 1):
        left_behind(media, f"{number:032x}")
    with pytest.raises(strays.TooManyStrays):
        strays.strays_erase()
    assert len([path for path in media.rglob("*") if path.is_file()]) == strays.MOST + 1


def test_a_process_that_does_not_see_every_row_erases_nothing(media):
    stray = left_behind(media, "ef" * 16)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE blinkered; GRANT ALL ON ALL TABLES IN SCHEMA public TO blinkered")
        cursor.execute("ALTER TABLE applications_attachment ENABLE ROW LEVEL SECURITY; SET ROLE blinkered")
        try:
            with pytest.raises(strays.TooManyStrays):
                strays.strays_erase()
        finally:
            cursor.execute("RESET ROLE; ALTER TABLE applications_attachment DISABLE ROW LEVEL SECURITY")
            cursor.execute("DROP OWNED BY blinkered; DROP ROLE blinkered")
    assert stray.exists()


def test_a_web_process_that_starts_sweeps_by_itself_and_says_what_it_could_not(media, monkeypatch, caplog):
    monkeypatch.setattr(strays, "SWEEP_AFTER_SECONDS", 0.01)
    answers: list[object] = [OSError(), None, strays.TooManyStrays("99 documents have no row")]
    over = threading.Event()

    def answer() -> object:
        result = answers.pop(0)
        if not answers:
            over.set()
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(strays, "strays_erase", answer)
    strays.strays_erase_soon()
    assert over.wait(10)


def test_a_document_that_finds_no_room_is_refused_in_words_and_leaves_nothing(media, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    by = researcher()
    application = draft(by)
    monkeypatch.setattr("apps.applications.storage.os.fsync", full)
    with pytest.raises(RefusedError, match="pas la place"):
        services.attachment_add(application=application, kind="protocol", name="p.pdf", data=PDF, by=by)
    assert [path for path in media.rglob("*") if path.is_file()] == []
