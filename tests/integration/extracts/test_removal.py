"""Delivered data are removed once the rights to them are over, and their manifest stays as the proof."""

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from apps.applications.models import Application
from apps.audit.models import Event
from apps.core import outbox
from apps.core.errors import ChangedMeanwhile
from apps.core.models import OutboxItem
from apps.core.rules import Role
from apps.extracts.engine import publishing
from apps.extracts.engine.places import Place, files_under
from apps.extracts.models import ExtractRequest
from apps.extracts.removal import extract_remove, extract_removed
from apps.fulfilment.retention import deliveries_remove
from apps.fulfilment.tasks import remove_deliveries
from apps.projects.models import Entitlement, Project
from apps.workspaces.models import Workspace
from tests.factories import extracts as made
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.integration.extracts.test_pages import page_of
from tests.integration.extracts.test_reconcile import work_on
from tests.support.object_store import object_store

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)


@pytest.fixture
def delivered(settings: Settings, tmp_path: Path) -> ExtractRequest:
    """A request whose delivery stands in a folder, as small as one can be."""
    settings.DELIVERY_DIR, settings.EXTRACT_WORK_DIR = tmp_path / "deliveries", tmp_path / "work"
    return deliver(made.request(), tmp_path / "deliveries")


def deliver(request: ExtractRequest, where: Place) -> ExtractRequest:
    """Put a table, the manifest and its signature where the delivery of a request stands."""
    out = where / str(request.pk)
    if isinstance(out, Path):
        (out / "IR_BEN_R").mkdir(parents=True)
    manifest = json.dumps({"request_id": str(request.pk), "files": [{"rows": 3, "bytes": 4}]}).encode()
    for name, content in (("IR_BEN_R/all.parquet", b"rows"), ("manifest.sig.json", b"{}"), ("manifest.json", manifest)):
        (out / name).write_bytes(content)
    request.status, request.manifest_sha256 = "delivered", hashlib.sha256(manifest).hexdigest()
    request.save()
    return request


def ended(request: ExtractRequest, days_ago: int) -> None:
    """The project was closed so many days ago."""
    on = TODAY - timedelta(days=days_ago)
    Project.objects.filter(pk=request.project_id).update(status="closed", ended_on=on, ending="completed")


def place(worker: Settings, request: ExtractRequest) -> Path:
    found = worker.DELIVERY_DIR / str(request.pk)
    assert isinstance(found, Path)
    return found


def done(request: ExtractRequest) -> ExtractRequest:
    """The worker of the extract zone does what it was asked for."""
    outbox.run_item(OutboxItem.objects.get(key=f"remove:{request.pk}").pk)
    return ExtractRequest.objects.select_related("project").get(pk=request.pk)


def test_thirty_days_after_the_end_the_data_go_and_the_manifest_stays(worker: Settings) -> None:
    delivered = work_on(made.request())
    assert delivered.status == "delivered", delivered.reason
    manifest = (place(worker, delivered) / "manifest.json").read_bytes()
    ended(delivered, 29)
    assert deliveries_remove(TODAY) == 0
    ended(delivered, 30)
    assert deliveries_remove(TODAY) == 1
    assert deliveries_remove(TODAY) == 0, "asked for once"
    assert done(delivered).removed_at is not None
    (proof,) = worker.DELIVERY_DIR.iterdir()
    assert proof.name == f"{delivered.pk}.proof"
    assert sorted(file.name for file in proof.iterdir()) == ["manifest.json", "manifest.sig.json"]
    assert (proof / "manifest.json").read_bytes() == manifest
    told = Event.objects.get(action="extract.removed", object_id=str(delivered.pk)).data
    files = json.loads(manifest)["files"]
    assert told["manifest_sha256"] == delivered.manifest_sha256
    assert told["files"] == len(files)
    assert told["bytes"] == sum(file["bytes"] for file in files)


def test_an_entitlement_that_ran_out_ends_the_keeping_too(delivered: ExtractRequest) -> None:
    ends_on = TODAY - timedelta(days=30)
    Entitlement.objects.filter(project=delivered.project_id).update(starts_on=ends_on, ends_on=ends_on)
    remove_deliveries()
    assert ExtractRequest.objects.get(pk=delivered.pk).removal_asked_at is not None


def test_data_that_a_workspace_still_has_are_not_removed(delivered: ExtractRequest) -> None:
    ended(delivered, 400)
    workspace = Workspace.objects.create(project_id=delivered.project_id, extract_id=delivered.pk, status="stopped")
    assert deliveries_remove(TODAY) == 0
    Workspace.objects.filter(pk=workspace.pk).update(status="destroyed")
    assert deliveries_remove(TODAY) == 1


def test_data_wait_for_an_amendment_that_may_prolong_the_project(delivered: ExtractRequest) -> None:
    made.end_entitlement(delivered)
    first = delivered.project.application
    amendment = Application.objects.create(
        number=f"{first.number}-A1",
        kind="renewal",
        amends=first,
        organisation=first.organisation,
        created_by=first.created_by,
        changed_by=first.created_by,
        changed_at=timezone.now(),
    )
    assert deliveries_remove(TODAY + timedelta(days=60)) == 0
    amendment.delete()
    assert deliveries_remove(TODAY + timedelta(days=60)) == 1


def test_the_proof_is_on_the_disk_before_anything_is_removed(
    worker: Settings, delivered: ExtractRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(delivered, 30)
    deliveries_remove(TODAY)
    settled: list[tuple[str, bool]] = []

    def settle(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        settled.append((name, place(worker, delivered).exists()))

    monkeypatch.setattr("os.fsync", settle)
    done(delivered)
    names = ["manifest.sig.json", "manifest.json", f"{delivered.pk}.proof", worker.DELIVERY_DIR.name]
    assert settled == [(name, True) for name in names]


@pytest.mark.parametrize("dies_at", ["_put_aside", "withdraw", "after"])
def test_a_worker_that_dies_in_the_midst_is_followed_up(
    delivered: ExtractRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    class Killed(BaseException):
        """What nothing catches."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    ended(delivered, 30)
    deliveries_remove(TODAY)
    target = shutil if dies_at == "after" else publishing
    with monkeypatch.context() as patch:
        patch.setattr(target, "rmtree" if dies_at == "after" else dies_at, dies)
        with pytest.raises(Killed):
            done(delivered)
    OutboxItem.objects.update(lease_until=timezone.now())
    assert done(delivered).removed_at is not None
    assert [found.name for found in settings.DELIVERY_DIR.iterdir()] == [f"{delivered.pk}.proof"]
    assert Event.objects.filter(action="extract.removed").count() == 1


def test_what_is_not_the_recorded_delivery_waits_for_a_person(delivered: ExtractRequest, settings: Settings) -> None:
    (place(settings, delivered) / "manifest.json").write_text("{}")
    ended(delivered, 30)
    deliveries_remove(TODAY)
    assert done(delivered).removed_at is None
    assert OutboxItem.objects.get(key=f"remove:{delivered.pk}").status == "needs_human"
    assert files_under(place(settings, delivered)), "nothing was removed"


def test_a_delivery_in_an_object_store_goes_the_same_way(settings: Settings, tmp_path: Path) -> None:
    with object_store("hdh") as bucket:
        settings.DELIVERY_DIR, settings.EXTRACT_WORK_DIR = str(bucket / "deliveries"), tmp_path / "work"
        request = deliver(made.request(), bucket / "deliveries")
        ended(request, 30)
        deliveries_remove(TODAY)
        assert done(request).removed_at is not None
        assert files_under(bucket / "deliveries") == (
            f"{request.pk}.proof/manifest.json",
            f"{request.pk}.proof/manifest.sig.json",
        )


def test_readers_learn_until_when_data_are_kept_and_that_they_were_removed(delivered: ExtractRequest) -> None:
    client = client_signed_in(StaffRoleFactory.create(role=Role.STEWARD.value).person)
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    assert "rights to the delivered data" not in page_of(delivered, client)
    ended(delivered, 10)
    assert "The rights to the delivered data are over" in page_of(delivered, client)
    with transaction.atomic():
        assert extract_remove(request=delivered, by="system:test")
        assert not extract_remove(request=delivered, by="system:test")
    assert "The delivered data are being removed" in page_of(delivered, client)
    extract_removed(delivered, {"files": []})
    assert "The delivered data were removed" in page_of(delivered, client)
    with pytest.raises(ChangedMeanwhile):
        extract_removed(delivered, {"files": []})
