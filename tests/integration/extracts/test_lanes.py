"""The lanes of an extract: several workers share its units, and one takes up what another left."""

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from apps.core.models import OutboxItem
from apps.extracts import reconcile, services
from apps.extracts.engine.run import run_all, verify
from apps.extracts.models import ExtractRequest, ExtractUnit
from apps.extracts.selectors import request_to_run
from tests.factories import extracts as made
from tests.integration.extracts.test_reconcile import events, files, lane, one_file, work_on

pytestmark = pytest.mark.django_db(transaction=True)


def test_lanes_share_the_units_and_the_bytes_are_those_of_one(
    worker: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=1)
    while ExtractRequest.objects.get(pk=request.pk).status == "running":
        lane(request)
        work_on(request, steps=1)
        OutboxItem.objects.update(not_before=timezone.now())
    request = ExtractRequest.objects.get(pk=request.pk)
    assert (request.status, request.units_done) == ("delivered", request.units_total)
    assert set(request.units.values_list("lane", flat=True)) == {None}
    monkeypatch.setattr(reconcile, "_out", lambda request: worker.DELIVERY_DIR / "alone")
    again = request_to_run(str(request.pk))
    assert run_all(reconcile._opened(again, reconcile._definition(again)))
    by_lanes, alone = (worker.DELIVERY_DIR / name for name in (str(request.pk), "alone"))
    assert {path.relative_to(by_lanes): path.read_bytes() for path in files(by_lanes)} == {
        path.relative_to(alone): path.read_bytes() for path in files(alone)
    }


@pytest.mark.parametrize("beside", [False, True])
def test_another_version_of_the_portal_plans_anew_and_goes_on_with_what_is_done(
    worker: Settings, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = made.request()
    before = work_on(request, steps=1).units_total
    monkeypatch.setattr("apps.extracts.engine.units.IDENTITIES", 40)
    while "extract.planned_anew" not in events(request):
        if beside:
            lane(request)
        request = work_on(request, steps=1)
        OutboxItem.objects.update(not_before=timezone.now())
    assert (request.status, request.units_done) == ("running", 0)
    assert request.units_total > before
    request = work_on(request, steps=500)
    assert (request.status, request.units_done) == ("delivered", request.units_total)
    assert events(request)[-2:] == ["extract.planned_anew", "extract.delivered"]
    assert verify(worker.DELIVERY_DIR / str(request.pk)) == ()


def test_a_kind_of_units_begins_when_the_one_before_is_done(worker: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=1)
    held = services.batch_take(request.pk, 2)
    ExtractUnit.objects.filter(request=request, kind="source", lane=None).update(finished_at=timezone.now())
    assert services.batch_take(request.pk, 1) == []
    assert services.unit_finish(held[0], rows=0, bytes=0)
    assert [unit.kind for unit in services.batch_take(request.pk, 1)] == ["identities"]


def test_a_dead_lane_takes_up_its_own_units_and_a_given_up_one_leaves_them(worker: Settings) -> None:
    request = made.request()
    with transaction.atomic():
        planned = [services.Planned(f"table/x/{part}", "table", part) for part in "aab"]
        services.extract_start(request, source_release="r", key_id="k", units=planned)
    taken = services.batch_take(request.pk, 1)
    assert [unit.name for unit in taken] == ["table/x/a", "table/x/a"]
    assert services.batch_take(request.pk, 1) == taken
    assert [unit.batch for unit in services.batch_take(request.pk, 2)] == ["b"]
    assert services.batch_take(request.pk, 0) == []
    services.lane_given_up(f"{request.pk}/1", "it died")
    assert services.batch_take(request.pk, 0) == taken


def test_another_lane_leaves_its_troubles_for_the_first_to_tell(
    worker: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "STEP_SECONDS", 0.0)
    request = work_on(made.request(), steps=1)
    one_file(worker.SOURCE_DIR).unlink()
    for _ in range(50):
        lane(request)
        OutboxItem.objects.update(not_before=timezone.now())
    assert ExtractRequest.objects.get(pk=request.pk).status == "running"
    assert OutboxItem.objects.get(key=services.outbox_key(request, 1)).status == "done"
    request = work_on(request)
    assert request.status == "needs_human"
    assert OutboxItem.objects.filter(status="needs_human").count() == 1
