"""What operators do when a workspace in the cloud stops, what they are shown, and the bounds of what goes by itself."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.template import Context, Template
from django.utils import timezone
from django.utils.translation import override

from apps.audit.models import Event
from apps.core.rules import Role
from apps.workspaces import reconcile, sweeping
from apps.workspaces.models import Offer, Operation, Step, Workspace
from apps.workspaces.plans import THINGS
from apps.workspaces.providers.base import (
    Difference,
    Job,
    Look,
    Looked,
    Observation,
    ProviderUnavailable,
    RunState,
    What,
)
from apps.workspaces.rules import Kind, Status
from tests.factories import workspaces as made
from tests.factories.accounts import Browser, StaffRoleFactory, client_signed_in
from tests.support.cloud_in_process import provider_in
from tests.support.cloud_workers import Bench, ledger_of
from tests.support.fake_cloud import fake_cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Browser:
    return client_signed_in(StaffRoleFactory.create(role=Role.OPERATOR.value, person__language="en").person)


def fresh(workspace: Workspace) -> Workspace:
    return Workspace.objects.get(pk=workspace.pk)


def until_failed(bench: Bench, workspace: Workspace) -> Workspace:
    for _ in range(300):
        item = bench.item(workspace)
        if item is None:
            break
        bench.deliver(item)
    assert fresh(workspace).status == Status.FAILED
    return fresh(workspace)


# ---- a step that stopped --------------------------------------------------------------------------------------------


def test_a_stopped_step_is_handed_over_left_out_for_a_reason_and_the_rest_goes_on(
    bench: Bench, workspace: Workspace, operator: Browser
) -> None:
    while bench.current(workspace) != "deliver":
        bench.finish_step(workspace)
    bench.world.faults.add(operation="s3.put_object", answer="denied", times=None)
    stopped = until_failed(bench, workspace)
    address = f"/exploitation/espaces/{stopped.pk}/"

    note = {"version": stopped.version, "reason": "To the storage team: ticket 4711."}
    assert operator.post(f"{address}etape/confier/", note).status_code == 302
    page = operator.get(address).content.decode()
    assert "ticket 4711" in page
    assert "Leave this step out" in page
    assert Event.objects.filter(action="workspace.handed_over").count() == 1

    bench.world.faults.clear()
    assert operator.post(f"{address}etape/passer/", {"version": stopped.version, "reason": ""}).status_code == 422
    reason = {"version": stopped.version, "reason": "Sent by hand."}
    assert operator.post(f"{address}etape/passer/", reason).status_code == 302
    step = Step.objects.get(operation__workspace=stopped, name="deliver")
    assert (step.status, step.waiting_for) == (Step.Status.SKIPPED, "Sent by hand.")
    assert Event.objects.get(action="workspace.step_skipped").data == {"step": "deliver"}
    assert bench.finish(workspace).status == Status.RUNNING


def test_a_cloud_that_stays_away_is_asked_so_many_times_and_then_a_person_is_called(
    bench: Bench, workspace: Workspace, operator: Browser
) -> None:
    bench.world.faults.add(operation="iam.list_quota", answer="unavailable", times=None)
    with mock.patch.object(reconcile, "MOST_FAILURES", 4):
        stopped = until_failed(bench, workspace)
    assert "4 attempts in a row failed" in stopped.reason

    bench.world.faults.clear()
    assert operator.post(f"/exploitation/espaces/{stopped.pk}/etape/reprendre/").status_code == 302
    assert Event.objects.filter(action="workspace.step_retried").count() == 1
    bench.finish_step(workspace)
    assert bench.current(workspace) == "project"


def test_no_machine_dearer_than_the_limit_is_started(bench: Bench, workspace: Workspace) -> None:
    bench.provider = provider_in(bench.world, bench.hooks, hourly_limit="0.01")

    assert "HDH_SCALEWAY_HOURLY_LIMIT" in until_failed(bench, workspace).reason
    assert not bench.of_workspace(workspace)


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_catalogue_with_processors_gpus_and_prices(bench: Bench, operator: Browser) -> None:
    sweeping._keep_offers(bench.provider)
    workspace = made.at_status(Status.RUNNING)

    page = operator.get(f"/exploitation/espaces/{workspace.pk}/taille/").content.decode()

    gpu = Offer.objects.get(code="L4-1-24G")
    assert (gpu.gpus, gpu.gpu) == (1, "L4")
    assert re.search(r"L4-1-24G: 8 cores, 48 GiB, 1 × L4, 0\.\d+ € an hour", page)
    refused = operator.post(
        f"/exploitation/espaces/{workspace.pk}/taille/", {"size": "none-such", "version": workspace.version}
    )
    assert refused.status_code == 422


def test_before_a_decision_the_cost_is_foreseen_from_the_catalogue(bench: Bench) -> None:
    sweeping._keep_offers(bench.provider)
    tag = Template("{% load workspaces %}{% workspace_foreseen_cost since until %}")

    with override("en"):
        shown = tag.render(Context({"since": date(2027, 1, 1), "until": date(2027, 12, 31)}))

    hourly = Offer.objects.get(code="PRO2-S").hourly
    assert f"{hourly:.4f} € an hour" in shown
    in_all = shown.partition("month and ")[2].partition(" €")[0].replace(",", "").replace("\xa0", "")
    assert Decimal(in_all) == round(hourly * 730 * 12)


def test_the_picture_shows_less_where_a_part_is_missing(bench: Bench, workspace: Workspace, operator: Browser) -> None:
    running = bench.finish(workspace)
    whole = operator.get("/exploitation/hebergeur/")
    (bar,) = whole.context["picture"].bars
    assert (bar.wanted, bar.held, bar.is_as_it_should_be) == (len(THINGS), len(THINGS), True)

    nic = bench.world.store.get("private_nic", ledger_of(running)["private_nic"])
    assert nic is not None
    bench.world.store.remove(nic)
    bench.world.clock.advance(100)
    sweeping.survey()

    (bar,) = operator.get("/exploitation/hebergeur/").context["picture"].bars
    assert (bar.held, bar.differing, bar.is_as_it_should_be) == (len(THINGS) - 1, bar.differing, False)
    assert bar.held_width < bar.wanted_x - 190


# ---- the switches of the demonstration ------------------------------------------------------------------------------


def test_faults_are_switched_on_and_off_from_the_portals_own_page(operator: Browser, settings: Any) -> None:
    page, switch = "/exploitation/hebergeur/", "/exploitation/hebergeur/pannes/"
    with fake_cloud() as cloud:
        settings.FAKE_CLOUD_URL, settings.DEMO_MODE = cloud.url, True
        fault = {"operation": "instance.create_server", "answer": "out_of_stock", "times": "2"}
        operator.post(switch, fault)

        shown = operator.get(page).content.decode()
        assert (
            "instance.create_server" in shown.partition("Faults of the imitated cloud")[2].partition("<form method")[0]
        )
        (known,) = cloud.world.faults.described()
        assert (known["answer"], known["times"]) == ("out_of_stock", 2)
        operator.post(switch, {"remove": str(known["id"])})
        assert cloud.world.faults.described() == []

    assert b"does not answer" in operator.post(switch, fault, follow=True).content
    settings.DEMO_MODE = False
    assert b"There is no imitated cloud here" in operator.post(switch, fault, follow=True).content
    assert b"Faults of the imitated cloud" not in operator.get(page).content


# ---- bounds of the reconciler ---------------------------------------------------------------------------------------


class Surveyor:
    """A cloud in which every workspace runs and differs as `differs` says; notes which were looked at."""

    name = "scaleway"

    def __init__(self) -> None:
        self.looked_at: list[UUID] = []
        self.differs: tuple[Difference, ...] = ()
        self.places: tuple[Look, ...] = ()
        self.asked: list[Look] = []
        self.silent: set[UUID] = set()

    def survey(self, job: Job) -> tuple[Difference, ...]:
        self.looked_at.append(job.spec.id)
        if job.spec.id in self.silent:
            raise ProviderUnavailable("no answer")
        return self.differs

    def observe(self, workspace_id: UUID) -> Observation:
        return Observation(RunState.RUNNING)

    def looks(self) -> tuple[Look, ...]:
        return self.places

    def strays(self, known: Iterable[UUID], looks: Iterable[Look]) -> Iterator[Looked]:
        for look in looks:
            self.asked.append(look)
            yield Looked(look, (), "no answer" if look.place == "nl-ams-1" else "")

    def offers(self) -> tuple[Any, ...]:
        return ()

    now = staticmethod(timezone.now)


@pytest.fixture
def surveyor(settings: Any, tmp_path: Any) -> Any:
    settings.WORKSPACE_PROVIDER, settings.DELIVERY_DIR = "scaleway", tmp_path
    one = Surveyor()
    with mock.patch.object(sweeping, "configured_provider", lambda name="": one):
        yield one


def test_one_run_compares_a_bounded_number_those_not_looked_at_for_longest_first(surveyor: Surveyor) -> None:
    workspaces = [made.at_status(Status.RUNNING) for _ in range(5)]
    with mock.patch.object(sweeping, "SURVEYED_AT_ONCE", 2):
        for run in range(3):
            sweeping._survey_workspaces()
            assert len(surveyor.looked_at) == 2 * (run + 1)

    assert set(surveyor.looked_at[:4]) < set(surveyor.looked_at[:5]) == {one.pk for one in workspaces}


def test_what_still_differs_after_three_repairs_in_a_day_is_a_persons(surveyor: Surveyor) -> None:
    workspace = made.at_status(Status.RUNNING)
    surveyor.differs = (Difference(What.CHANGED, "volume", "v", "fr-par-2", "another size", workspace_id=workspace.pk),)
    for _ in range(sweeping.REPAIRS_A_DAY):
        sweeping._survey_workspaces()
        Operation.objects.filter(workspace=workspace).update(status="done")
        Workspace.objects.filter(pk=workspace.pk).update(status=Status.RUNNING)

    sweeping._survey_workspaces()

    assert Operation.objects.filter(workspace=workspace, kind=Kind.RECONCILE).count() == sweeping.REPAIRS_A_DAY
    assert fresh(workspace).status == Status.FAILED
    assert "repaired 3 times today" in fresh(workspace).reason
    Operation.objects.update(created_at=timezone.now() - timedelta(days=2))
    Workspace.objects.filter(pk=workspace.pk).update(status=Status.RUNNING)
    sweeping._survey_workspaces()
    assert fresh(workspace).status == Status.STARTING


def test_a_workspace_that_cannot_be_compared_says_so_and_holds_up_no_other(surveyor: Surveyor) -> None:
    silent, other = (made.at_status(Status.RUNNING) for _ in range(2))
    surveyor.silent = {silent.pk}

    sweeping.survey()

    assert surveyor.looked_at == [silent.pk, other.pk]
    assert [fresh(one).survey_problem for one in (silent, other)] == ["no answer", ""]
    surveyor.silent = set()
    sweeping.survey()
    assert fresh(silent).survey_problem == ""


def test_a_cloud_that_is_away_is_not_asked_about_every_workspace(surveyor: Surveyor) -> None:
    surveyor.silent = {made.at_status(Status.RUNNING).pk for _ in range(5)}

    sweeping.survey()

    assert len(surveyor.looked_at) == sweeping.FAILURES_IN_A_ROW


def test_one_run_looks_in_a_bounded_number_of_places_and_all_have_their_turn(
    surveyor: Surveyor, operator: Browser
) -> None:
    surveyor.places = tuple(Look("image", f"nl-ams-{number}") for number in range(5))
    with mock.patch.object(sweeping, "LOOKS_AT_ONCE", 2):
        for run in range(3):
            sweeping.survey()
            assert len(surveyor.asked) == 2 * (run + 1)

    assert set(surveyor.asked) == set(surveyor.places)
    page = operator.get("/exploitation/hebergeur/").content.decode()
    assert "Image of a server, nl-ams-1" in page
    assert "no answer" in page
