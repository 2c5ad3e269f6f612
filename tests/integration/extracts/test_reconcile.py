"""An extract request from its approval to its delivery, whatever happens on the way."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from apps.audit.models import Event
from apps.core import outbox
from apps.core.errors import ChangedMeanwhile
from apps.core.models import OutboxItem
from apps.extracts import reconcile, services
from apps.extracts.engine.run import verify
from apps.extracts.models import ExtractRequest
from apps.extracts.selectors import Progress, progress_of
from apps.projects.models import Entitlement
from tests.factories import extracts as made

pytestmark = pytest.mark.django_db(transaction=True)


def work_on(request: ExtractRequest, steps: int = 50) -> ExtractRequest:
    """Do what the workers do until there is nothing left, at most so many times."""
    for _ in range(steps):
        item = OutboxItem.objects.get(key=services.outbox_key(request))
        if item.status != "pending":
            break
        outbox.run_item(item.pk)
    return ExtractRequest.objects.get(pk=request.pk)


def lane(request: ExtractRequest, number: int = 1) -> None:
    """One step of another lane."""
    outbox.run_item(OutboxItem.objects.get(key=services.outbox_key(request, number)).pk)


def discarded(request: ExtractRequest) -> ExtractRequest:
    """Do what the workers do until nothing is left of a cancelled request."""
    for _ in range(10):
        for item in OutboxItem.objects.filter(status="pending"):
            OutboxItem.objects.filter(pk=item.pk).update(not_before=timezone.now())
            outbox.run_item(item.pk)
    return ExtractRequest.objects.get(pk=request.pk)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def events(request: ExtractRequest) -> list[str]:
    return list(Event.objects.filter(object_id=str(request.pk)).order_by("id").values_list("action", flat=True))


def test_an_approved_definition_is_extracted_verified_and_announced(worker: Settings) -> None:
    request = work_on(made.request())
    assert request.status == "delivered"
    assert request.units_done == request.units_total > 0
    assert request.rows > 0
    out = worker.DELIVERY_DIR / str(request.pk)
    assert verify(out) == ()
    assert json.loads((out / "manifest.json").read_text())["definition_hash"] == request.definition_hash
    assert events(request) == ["extract.requested", "extract.started", "extract.delivered"]


def test_a_request_is_worked_on_a_few_seconds_at_a_time(worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = made.request()
    seen = [work_on(request, steps=1).units_done for _ in range(4)]
    assert seen == [1, 2, 3, 4]
    assert not (worker.DELIVERY_DIR / str(request.pk)).exists(), "nothing reads as a delivery before its end"
    assert work_on(request, steps=500).status == "delivered"


@pytest.mark.parametrize("steps", [0, 12])
def test_a_cancelled_extract_leaves_nothing_and_can_be_asked_again(
    worker: Settings, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=steps)
    services.extract_cancel(request=request, by="system:test", reason="a mistake")
    assert not services.batch_take(request.pk, 1)
    request = discarded(request)
    assert (request.status, request.reason, request.units.count()) == ("cancelled", "a mistake", 0)
    assert files(worker.DELIVERY_DIR) == []
    services.extract_restart(request=request, by="system:test")
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 3.0)
    assert work_on(request).status == "delivered"
    assert events(request)[-4:] == ["extract.discarded", "extract.restarted", "extract.started", "extract.delivered"]


def test_a_unit_that_ends_after_the_cancellation_counts_no_more(worker: Settings) -> None:
    request = made.request()
    with transaction.atomic():
        planned = [services.Planned("source/x", "source", "source/x")]
        services.extract_start(request, source_release="r", key_id="k", units=planned)
    (unit,) = services.batch_take(request.pk, 0)
    services.extract_cancel(request=request, by="system:test", reason="a mistake")
    assert not services.unit_finish(unit, rows=1, bytes=1)
    with pytest.raises(ChangedMeanwhile):
        services.extract_restart(request=request, by="system:test")


def ending(call: Any, then: Any) -> Any:
    """A function that does something else after its work."""

    def done(*given: Any, **named: Any) -> Any:
        found = call(*given, **named)
        then()
        return found

    return done


def test_rights_that_end_under_way_cancel_before_the_delivery(
    worker: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=10)
    made.end_entitlement(request)
    lane(request)
    assert request.units_done == ExtractRequest.objects.get(pk=request.pk).units_done, "no lane goes further"
    assert work_on(request).status == "cancelling"
    assert discarded(request).status == "cancelled"
    assert files(worker.DELIVERY_DIR) == []


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_ends_while_the_delivery_is_published_removes_it(
    worker: Settings, monkeypatch: pytest.MonkeyPatch, by_hand: bool
) -> None:
    request = made.request()

    def end() -> None:
        if by_hand:
            current = ExtractRequest.objects.get(pk=request.pk)
            services.extract_cancel(request=current, by="system:test", reason="a mistake")
        else:
            made.end_entitlement(request)

    monkeypatch.setattr(reconcile, "_work", ending(reconcile._work, end))
    assert work_on(request).status == "cancelling"
    assert files(worker.DELIVERY_DIR), "it had been published"
    request = discarded(request)
    assert request.status == "cancelled"
    assert files(worker.DELIVERY_DIR) == []
    assert "extract.delivered" not in events(request)


def test_what_an_amendment_replaces_leaves_nothing(worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=5)
    with transaction.atomic():
        services.extract_supersede(project=request.project, by="system:test")
    request = discarded(request)
    assert (request.status, request.units.count()) == ("superseded", 0)
    assert files(worker.DELIVERY_DIR) == []


def test_a_late_message_to_remove_changes_nothing(worker: Settings) -> None:
    request = work_on(made.request())
    item = outbox.outbox_reopen(kind="extract.discard", key=f"discard:{request.pk}", subject_id=str(request.pk))
    outbox.run_item(item.pk)
    assert ExtractRequest.objects.get(pk=request.pk).status == "delivered"
    assert files(worker.DELIVERY_DIR)


def test_the_pages_are_told_how_far_each_kind_of_units_is(worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = made.request()
    assert progress_of(request) == Progress([], None)
    request = work_on(request, steps=3)
    progress = progress_of(request)
    assert sum(stage.done for stage in progress.stages) == 3
    assert sum(stage.total for stage in progress.stages) == request.units_total
    assert [stage.kind for stage in progress.stages][:3] == ["source", "identities", "people"]
    assert progress.left is not None


def test_two_projects_share_no_pseudonym(worker: Settings) -> None:
    import duckdb

    def patients(request: ExtractRequest) -> set[object]:
        files = worker.DELIVERY_DIR / str(request.pk) / "IR_BEN_R" / "*.parquet"
        return {row[0] for row in duckdb.sql(f"SELECT PATIENT_ID FROM '{files}'").fetchall()}

    first, second = patients(work_on(made.request())), patients(work_on(made.request()))
    assert len(first) == len(second) > 0
    assert not first & second


def test_a_worker_that_died_after_publishing_but_before_saying_so_delivers_once(
    worker: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = made.request()

    def dies(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reconcile, "_deliver", dies)
        with pytest.raises(KeyboardInterrupt):
            work_on(request)
    before = (worker.DELIVERY_DIR / str(request.pk) / "manifest.json").read_bytes()
    OutboxItem.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert work_on(request).status == "delivered"
    assert (worker.DELIVERY_DIR / str(request.pk) / "manifest.json").read_bytes() == before
    assert events(request).count("extract.delivered") == 1


def test_a_late_message_after_the_delivery_changes_nothing(worker: Settings) -> None:
    request = work_on(made.request())
    OutboxItem.objects.update(status="pending", finished_at=None)
    assert work_on(request).status == "delivered"
    assert events(request).count("extract.delivered") == 1


def test_a_definition_other_than_the_approved_one_never_runs(worker: Settings) -> None:
    request = made.request()
    entitlement = Entitlement.objects.get(project=request.project_id)
    entitlement.definition["scope"]["tables"]["IR_BEN_R"].append("BEN_NAI_ANN")
    entitlement.save(update_fields=["definition"])
    request = work_on(request)
    assert request.status == "needs_human"
    assert "fingerprint" in request.reason
    assert not worker.DELIVERY_DIR.exists()


def test_rights_that_ended_stop_the_extract(worker: Settings) -> None:
    request = made.request()
    made.end_entitlement(request)
    request = work_on(request)
    assert request.status == "cancelling"
    assert "entitlement" in request.reason
    assert discarded(request).status == "cancelled"


def test_an_unknown_code_in_this_copy_is_told_before_anything_is_read(worker: Settings) -> None:
    definition = json.loads(json.dumps(made.DEFINITION))
    definition["population"]["all_of"][0]["drug"]["atc"] = ["Z99"]
    request = work_on(made.request(definition))
    assert request.status == "needs_human"
    assert "Z99" in request.reason
    assert events(request)[-1] == "extract.needs_human"


def one_file(folder: Path) -> Path:
    return next((folder / "ER_PRS_F").rglob("*.parquet"))


def truncate(folder: Path) -> None:
    file = one_file(folder)
    file.write_bytes(file.read_bytes()[:-100])


def remove(folder: Path) -> None:
    one_file(folder).unlink()


def take_away(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("spoil", [truncate, remove, take_away])
def test_a_spoilt_source_ends_with_a_person_who_reads_why(worker: Settings, spoil: object) -> None:
    spoil(worker.SOURCE_DIR)  # type: ignore[operator]
    request = work_on(made.request())
    assert request.status == "needs_human"
    assert "Nothing was delivered" in request.reason
    assert str(worker.SOURCE_DIR.parent) not in request.reason.replace(str(worker.SOURCE_DIR), "")
    assert not (worker.DELIVERY_DIR / str(request.pk)).exists()


def test_once_mended_the_extract_is_resumed_and_delivered(worker: Settings) -> None:
    file = one_file(worker.SOURCE_DIR)
    content = file.read_bytes()
    file.unlink()
    request = work_on(made.request())
    assert request.status == "needs_human"
    file.write_bytes(content)
    assert outbox.outbox_retry(OutboxItem.objects.get(key=services.outbox_key(request)).pk)
    request = work_on(request)
    assert (request.status, request.reason) == ("delivered", "")


def test_a_source_that_changes_under_way_is_noticed(worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = made.request()
    work_on(request, steps=2)
    ExtractRequest.objects.filter(pk=request.pk).update(source_release="another")
    request = work_on(request)
    assert request.status == "needs_human"
    assert "changed" in request.reason


def test_a_missing_keyring_is_told(worker: Settings) -> None:
    worker.KEYRING_FILE.unlink()
    request = work_on(made.request())
    assert "keyring_init" in request.reason


def test_a_place_that_holds_something_else_is_left_alone(worker: Settings) -> None:
    request = made.request()
    place = worker.DELIVERY_DIR / str(request.pk)
    place.mkdir(parents=True)
    (place / "note.txt").write_text("not ours")
    request = work_on(request)
    assert request.status == "needs_human"
    assert (place / "note.txt").read_text() == "not ours"


def test_a_process_without_the_folders_is_no_extract_worker(settings: Settings) -> None:
    settings.SOURCE_DIR = None
    with pytest.raises(ImproperlyConfigured, match="HDH_SOURCE_DIR"):
        reconcile._source()


def test_a_delivered_request_cannot_move_again(worker: Settings) -> None:
    request = work_on(made.request())
    with pytest.raises(ChangedMeanwhile):
        services.extract_given_up(str(request.pk), "too late")


def test_a_request_that_somebody_else_moved_is_not_moved_again() -> None:
    request = made.request()
    ExtractRequest.objects.filter(pk=request.pk).update(status="needs_human")
    with pytest.raises(ChangedMeanwhile):
        services.extract_start(request, source_release="r", key_id="k", units=[])
