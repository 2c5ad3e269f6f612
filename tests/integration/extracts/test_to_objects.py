"""An extract whose deliveries stand in an object store: the same path as to a folder, by the workers' own items."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.core import outbox
from apps.core.models import OutboxItem
from apps.extracts import reconcile, services
from apps.extracts.engine.places import ObjectPath, files_under, place_of
from apps.extracts.engine.run import run_all, verify
from apps.extracts.models import ExtractRequest
from apps.extracts.selectors import request_to_run
from tests.factories import extracts as made
from tests.integration.extracts.test_reconcile import discarded, work_on
from tests.support.object_store import download, object_store, upload
from tests.unit.engine.runs import content

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)


@pytest.fixture
def store(worker: Settings, tmp_path: Path) -> Iterator[ObjectPath]:
    """The workers deliver under a prefix of this bucket."""
    with object_store("hdh") as bucket:
        worker.DELIVERY_DIR, worker.EXTRACT_WORK_DIR = str(bucket / "deliveries"), tmp_path / "work"
        yield bucket


def place(worker: Settings, request: ExtractRequest) -> ObjectPath:
    found = place_of(worker.DELIVERY_DIR) / str(request.pk)
    assert isinstance(found, ObjectPath)
    return found


def left(worker: Settings, request: ExtractRequest) -> list[str]:
    """Everything that stands in the place of a request, or in the work folder."""
    return [*files_under(place(worker, request)), *files_under(worker.EXTRACT_WORK_DIR)]


def test_from_a_bucket_to_a_bucket_the_bytes_are_those_of_folders(
    worker: Settings, store: ObjectPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder = worker.SOURCE_DIR
    worker.SOURCE_DIR = str(upload(in_folder, store / "snds"))
    request = work_on(made.request())
    assert request.status == "delivered", request.reason
    assert verify(place(worker, request)) == ()
    assert request.units.filter(kind="upload", finished_at__isnull=False, bytes__gt=0).count() == 1
    assert files_under(worker.EXTRACT_WORK_DIR) == ()
    worker.SOURCE_DIR = in_folder
    monkeypatch.setattr(reconcile, "_out", lambda request: tmp_path / "folder")
    again = request_to_run(str(request.pk))
    assert run_all(reconcile._opened(again, reconcile._definition(again)))
    assert content(download(place(worker, request), tmp_path / "copy")) == content(tmp_path / "folder")


def test_a_worker_killed_while_it_puts_objects_is_replaced_and_the_bytes_are_the_same(
    worker: Settings, store: ObjectPath, tmp_path: Path
) -> None:
    request = made.request()
    killed = step_killed(worker, request)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    names = files_under(place(worker, request))
    assert names, "it died in the midst of publishing"
    assert "manifest.json" not in names
    OutboxItem.objects.update(lease_until=timezone.now())
    request = work_on(request)
    assert request.status == "delivered", request.reason
    assert verify(place(worker, request)) == ()
    assert files_under(worker.EXTRACT_WORK_DIR) == ()
    again = request_to_run(str(request.pk))
    worker.DELIVERY_DIR = tmp_path / "folder"
    assert run_all(reconcile._opened(again, reconcile._definition(again)))
    found = download(place_of(str(store / "deliveries")) / str(request.pk), tmp_path / "copy")  # type: ignore[arg-type]
    assert content(found) == content(tmp_path / "folder" / str(request.pk))


def step_killed(worker: Settings, request: ExtractRequest) -> subprocess.CompletedProcess[str]:
    """A worker in a process of its own takes the request's item, and dies when its second file stands half put."""
    script = textwrap.dedent("""
        import os, signal, sys
        import django
        django.setup()
        from django.conf import settings
        from apps.core import outbox
        from apps.extracts import reconcile
        from apps.extracts.engine.places import ObjectPath
        reconcile.STEP_SECONDS, outbox.ring, put = 600, lambda *_: None, ObjectPath.put
        def killed(path, file, sha256=""):
            put(path, file, sha256)
            os.kill(os.getpid(), signal.SIGKILL)
        ObjectPath.put = killed
        for _ in range(30):
            outbox.run_item(int(sys.argv[1]))
    """)
    database = connection.settings_dict
    given = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"postgresql://{quote(database['USER'])}:{quote(database['PASSWORD'])}@/{database['NAME']}?"
        + urlencode({"host": database["HOST"], "port": database["PORT"]}),
        "HDH_SOURCE_DIR": str(worker.SOURCE_DIR),
        "HDH_DELIVERY_DIR": str(worker.DELIVERY_DIR),
        "HDH_EXTRACT_WORK_DIR": str(worker.EXTRACT_WORK_DIR),
        "HDH_KEYRING_FILE": str(worker.KEYRING_FILE),
        "HDH_KEYRING_UNLOCK_FILE": str(worker.KEYRING_UNLOCK_FILE),
    }
    item = OutboxItem.objects.get(key=services.outbox_key(request))
    command = [sys.executable, "-c", script, str(item.pk)]
    return subprocess.run(command, env=given, capture_output=True, check=False, text=True, cwd=ROOT, timeout=300)


@pytest.mark.parametrize("published", [False, True])
def test_a_cancelled_extract_leaves_no_object_and_can_be_asked_again(
    worker: Settings, store: ObjectPath, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    request, last = made.request(), "manifest.json" if published else "UNFINISHED"
    with monkeypatch.context() as patched:
        patched.setattr(reconcile, "STEP_SECONDS", 3.0 if published else 0.0)
        patched.setattr(reconcile, "_deliver", lambda request, run, lease: outbox.Again())
        while last not in files_under(place(worker, request)):
            work_on(request, steps=1)
    assert ("manifest.json" in files_under(place(worker, request))) is published
    services.extract_cancel(request=ExtractRequest.objects.get(pk=request.pk), by="system:test", reason="a mistake")
    request = discarded(request)
    assert request.status == "cancelled"
    assert left(worker, request) == []
    services.extract_restart(request=request, by="system:test")
    assert work_on(request).status == "delivered"
    assert verify(place(worker, request)) == ()


def test_a_place_that_holds_something_else_is_left_alone(worker: Settings, store: ObjectPath) -> None:
    request = made.request()
    (place(worker, request) / "note.txt").write_bytes(b"not ours")
    request = work_on(request)
    assert request.status == "needs_human"
    assert (place(worker, request) / "note.txt").read_bytes() == b"not ours"


def test_deliveries_to_objects_need_a_folder_to_work_in(worker: Settings) -> None:
    worker.DELIVERY_DIR = "s3://hdh/deliveries"
    worker.EXTRACT_WORK_DIR = None
    with pytest.raises(ImproperlyConfigured, match="HDH_EXTRACT_WORK_DIR"):
        reconcile._work_folder(reconcile._out(ExtractRequest()))
