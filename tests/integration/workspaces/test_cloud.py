"""Workspaces in the imitated cloud through the engine: its answers, its drift, its prices, and what operators see."""

import html
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from apps.audit.keys import key_init
from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.core.rules import Role
from apps.projects.models import Entitlement
from apps.workspaces import certificates, sweeping
from apps.workspaces.models import (
    CloudLook,
    CloudRequest,
    CostLine,
    DestructionCertificate,
    Finding,
    GatewaySession,
    Offer,
    Operation,
    Workspace,
)
from apps.workspaces.providers.base import Look
from apps.workspaces.rules import Desired, Kind, Status
from apps.workspaces.services import (
    workspace_cancel,
    workspace_destroy,
    workspace_open,
    workspace_resize,
    workspace_resume,
    workspace_rotate_keys,
    workspace_start,
    workspace_stop,
    workspace_suspend,
)
from tests.factories import workspaces as made
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.factories.extracts import DEFINITION
from tests.support.cloud_workers import Bench, ledger_of, written_anywhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(bench: Bench, workspace: Workspace) -> Workspace:
    one = bench.finish(workspace)
    assert one.status == Status.RUNNING, one.reason
    return one


def operator() -> Any:
    return StaffRoleFactory.create(role=Role.OPERATOR.value).person


def fresh(workspace: Workspace) -> Workspace:
    return Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)


def record(bench: Bench, kind: str, workspace: Workspace) -> Any:
    wanted = ledger_of(workspace)[kind]
    return next(one for name in bench.world.store.kinds() for one in bench.world.store.all(name) if one.id == wanted)


# ---- answers of the cloud -------------------------------------------------------------------------------------------


def test_a_shortage_is_waited_out_and_said(bench: Bench, workspace: Workspace) -> None:
    bench.world.limits.stock["PRO2-S"] = 0
    bench.finish_step  # noqa: B018  the first step is the pre-flight
    bench.step(workspace)

    waiting = fresh(workspace)
    assert waiting.status == Status.WAITING_CAPACITY
    assert "PRO2-S" in waiting.reason
    bench.world.limits.stock["PRO2-S"] = 3
    assert bench.finish(workspace).status == Status.RUNNING


def test_a_full_quota_is_found_before_anything_is_made(bench: Bench, workspace: Workspace) -> None:
    bench.world.limits.quotas["policy"] = 0

    bench.step(workspace)

    assert "quota" in fresh(workspace).reason
    assert bench.of_workspace(workspace) == {}


def test_a_budget_that_is_used_up_stops_the_workspace(bench: Bench, running: Workspace) -> None:
    Workspace.objects.filter(pk=running.pk).update(budget=Decimal("0.10"))

    sweeping.survey()
    sweeping.survey()

    assert CostLine.objects.get().amount == Offer.objects.get(code="PRO2-S").hourly
    assert bench.finish(running).status == Status.STOPPED
    assert Event.objects.filter(action="workspace.stopped_by_itself").count() == 1


def test_a_preparation_is_cancelled_at_any_step(bench: Bench, workspace: Workspace) -> None:
    for _ in range(25):
        bench.step(workspace)
    half = fresh(workspace)
    assert bench.of_workspace(half)

    workspace_cancel(workspace=half, by=operator(), reason="Erreur.", seen_version=half.version)

    assert bench.finish(half).status == Status.DESTROYED
    assert bench.of_workspace(half) == {}


def test_it_stops_starts_changes_size_and_renews_its_keys(bench: Bench, running: Workspace) -> None:
    member = running.project.memberships.get().person
    workspace_stop(workspace=running, by=member, seen_version=running.version)
    stopped = bench.finish(running)
    assert (stopped.status, stopped.route_open) == (Status.STOPPED, False)
    workspace_start(workspace=stopped, by=member, seen_version=stopped.version)
    started = bench.finish(stopped)
    assert (started.status, started.route_open) == (Status.RUNNING, True)
    before = Workspace.objects.get(pk=running.pk).resources.get(kind="api_key").external_id
    luks = record(bench, "volume", running).hidden["luks"]
    bench.world.faults.add(operation="agent.volume_key", answer="reset_after", times=1)
    workspace_rotate_keys(workspace=started, by=operator(), reason="Usage.", seen_version=started.version)
    renewed = bench.finish(started)
    assert renewed.status == Status.RUNNING, renewed.reason
    assert renewed.resources.get(kind="api_key").external_id != before
    assert record(bench, "volume", running).hidden["luks"] != luks
    assert "_next_volume" not in renewed.resources.get(kind="data_keys").observed
    workspace_resize(workspace=renewed, by=operator(), size="L4-1-24G", seen_version=renewed.version)
    resized = bench.finish(renewed)
    assert record(bench, "server", resized).body["commercial_type"] == "L4-1-24G"
    assert resized.status == Status.RUNNING


def test_a_volume_still_opens_when_its_renewal_was_cut_short(bench: Bench, running: Workspace) -> None:
    luks = record(bench, "volume", running).hidden["luks"]
    workspace_rotate_keys(workspace=running, by=operator(), reason="Usage.", seen_version=running.version)
    while bench.current(running) != "renew_volume_key":
        bench.finish_step(running)
    bench.world.faults.add(operation="agent.volume_key", answer="reset_after", times=1)
    bench.step(running)
    assert record(bench, "volume", running).hidden["luks"] != luks

    half = fresh(running)
    workspace_suspend(
        workspace=half, by=StaffRoleFactory.create().person, reason="Incident.", seen_version=half.version
    )
    cut = bench.finish(half)
    workspace_resume(workspace=cut, by=StaffRoleFactory.create().person, reason="Fin.", seen_version=cut.version)

    assert bench.finish(cut).status == Status.RUNNING


# ---- drift ----------------------------------------------------------------------------------------------------------


def _open_group(bench: Bench, workspace: Workspace) -> None:
    record(bench, "security_group", workspace).body["inbound_default_policy"] = "accept"


def _announce_route(bench: Bench, workspace: Workspace) -> None:
    record(bench, "private_network", workspace).body["default_route_propagation_enabled"] = True


def _open_list(bench: Bench, workspace: Workspace) -> None:
    record(bench, "vpc", workspace).hidden["acl"][False] = {"default_policy": "accept", "rules": []}


def _open_bucket(bench: Bench, workspace: Workspace) -> None:
    record(bench, "bucket_extract", workspace).hidden["policy"] = None


def _widen_rights(bench: Bench, workspace: Workspace) -> None:
    record(bench, "policy", workspace).hidden["rules"][0]["permission_set_names"] = ["AllProductsFullAccess"]


@pytest.mark.parametrize("drift", [_open_group, _announce_route, _open_list, _open_bucket, _widen_rights])
def test_drift_that_opens_the_isolation_suspends_at_once(bench: Bench, running: Workspace, drift: Any) -> None:
    person = running.project.memberships.get().person
    later = timezone.now() + timedelta(hours=1)
    GatewaySession.objects.create(secret_hash="s", workspace=running, person=person, expires_at=later)
    drift(bench, running)

    sweeping.survey()

    now = fresh(running)
    assert (now.status, now.desired, now.route_open) == (Status.SUSPENDED, Desired.SUSPENDED, False)
    assert GatewaySession.objects.get().ended_at is not None
    assert Finding.objects.filter(opens=True, resolved_at=None).exists()
    assert bench.finish(now).status == Status.SUSPENDED


def test_what_is_missing_is_made_again(bench: Bench, running: Workspace) -> None:
    nic = record(bench, "private_nic", running)
    bench.world.store.remove(nic)
    bench.world.clock.advance(100)

    sweeping.survey()

    assert fresh(running).status == Status.STARTING
    assert bench.finish(running).status == Status.RUNNING
    assert record(bench, "private_nic", running).id != nic.id
    sweeping.survey()
    assert not Finding.objects.filter(resolved_at=None).exists()


def test_a_copy_that_nobody_uses_is_removed(bench: Bench, running: Workspace) -> None:
    project = ledger_of(running)["project"]
    tags = ["hdh", f"hdh-{running.pk.hex}", "hdh-is-vpc"]
    bench.provider.cloud.vpc.create_vpc(
        enable_routing=True, enable_transitivity=False, name="copy", project_id=project, tags=tags
    )

    sweeping.survey()

    assert len(bench.of_workspace(running)["vpc"]) == 1


def test_strays_elsewhere_and_things_of_nobody_are_listed_and_kept(
    bench: Bench, running: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = uuid4()
    bench.provider.cloud.projects.create_project(name=f"hdh-{stray.hex}", description="")
    seen = record(bench, "server", running)
    bench.world.store.add(type(seen)("server", "elsewhere", "nl-ams-1", {**seen.body, "id": "elsewhere"}, seen.project,
                                     seen.organization, dict(seen.hidden)))  # fmt: skip
    bench.provider.cloud.instance.create_ip(project=ledger_of(running)["project"], type_="routed_ipv4")
    home, away = bench.provider.cloud.account.zone, "nl-ams-1"
    looks = (Look("project", ""), Look("server", home), Look("server", away), Look("public_address", home))
    monkeypatch.setattr(bench.provider, "looks", lambda: looks)

    sweeping.survey()

    found = set(Finding.objects.filter(resolved_at=None).values_list("what", "kind", "workspace_id"))
    assert found == {
        ("orphan", "project", None),
        ("stray", "server", running.pk),
        ("stray", "public_address", running.pk),
    }
    assert not CloudLook.objects.exclude(problem="").exists()
    assert any(bench.world.store.where("project", name=f"hdh-{stray.hex}"))
    assert fresh(running).status == Status.RUNNING
    page = client_signed_in(operator()).get(f"/exploitation/espaces/{running.pk}/").content.decode()
    assert "elsewhere" in page

    bench.world.store.remove(next(one for one in bench.world.store.all("server") if one.id == "elsewhere"))
    sweeping.survey()
    assert not Finding.objects.filter(resolved_at=None, kind="server").exists()


def test_a_bucket_beside_the_three_suspends_for_the_key_inside_could_fill_it(bench: Bench, running: Workspace) -> None:
    storage = bench.provider.cloud.storage
    storage.call("create_bucket", key=storage.account.key, project=ledger_of(running)["project"], Bucket="beside")

    sweeping.survey()

    assert fresh(running).status == Status.SUSPENDED
    assert "beside" in fresh(running).reason


def test_buckets_of_every_project_count_against_the_quota(bench: Bench, workspace: Workspace) -> None:
    bench.provider.cloud.projects.create_project(name=f"hdh-{uuid4().hex}", description="")
    bench.world.limits.quotas["bucket"] = 5

    bench.step(workspace)

    assert "quota of 5 buckets" in fresh(workspace).reason


# ---- deadlines ------------------------------------------------------------------------------------------------------


def test_the_end_is_announced_then_access_closes_and_the_data_waits(bench: Bench, running: Workspace) -> None:
    today = timezone.localdate()
    Entitlement.objects.update(ends_on=today + timedelta(days=5))
    sweeping.survey()
    sweeping.survey()
    assert Event.objects.filter(action="workspace.expires_soon").count() == 1
    Entitlement.objects.update(ends_on=today - timedelta(days=1), starts_on=today - timedelta(days=9))

    sweeping.survey()

    over = bench.finish(running)
    assert (over.status, over.route_open) == (Status.EXPIRING, False)
    assert bench.of_workspace(over)["bucket"]
    assert "api_key" not in bench.of_workspace(over)


def quiet(bench: Bench, running: Workspace, hours: int, *, warned: int | None = None) -> None:
    """Nobody was inside for so long, and nothing computed; the team was told so many hours ago."""
    record(bench, "server", running).hidden["agent"]["since"] -= hours * 3600
    now = timezone.now()
    warned_at = None if warned is None else now - timedelta(hours=warned)
    Workspace.objects.update(changed_at=now - timedelta(hours=hours), idle_warned_at=warned_at)


def test_an_idle_workspace_is_announced_then_stops_by_itself_and_says_what_was_saved(
    bench: Bench, running: Workspace
) -> None:
    member = running.project.memberships.get().person
    Entitlement.objects.update(definition=DEFINITION)
    quiet(bench, running, 23)
    sweeping.survey()
    sweeping.survey()
    assert fresh(running).status == Status.RUNNING
    assert Event.objects.filter(action="workspace.idle_warned").count() == 1
    for item in OutboxItem.objects.filter(kind="e-mail"):
        run_item(item.pk)
    (told,) = mail.outbox
    assert told.subject == "Personne n’est dans votre espace : il va bientôt s’arrêter"
    page = client_signed_in(member).get(f"/projets/{running.project_id}/etapes/").content.decode()
    assert "il s’arrêtera de lui-même" in html.unescape(page)

    quiet(bench, running, 25, warned=2)
    sweeping.survey()
    resting = bench.finish(running)

    assert resting.status == Status.STOPPED
    page = html.unescape(client_signed_in(member).get(f"/projets/{running.project_id}/etapes/").content.decode())
    assert "il s’est arrêté de lui-même" in page
    assert "Démarrer l’espace" in page
    CostLine.objects.all().delete()
    sweeping.survey()
    line = CostLine.objects.get()
    assert (line.amount, line.saved) == (0, Offer.objects.get(code="PRO2-S").hourly)
    page = client_signed_in(operator()).get("/exploitation/budgets/").content.decode()
    assert f"{line.saved:.2f}".replace(".", ",") in page
    workspace_start(workspace=resting, by=member, seen_version=resting.version)
    again = bench.finish(resting)
    assert (again.status, again.idle_warned_at, again.idle_stopped_at) == (Status.RUNNING, None, None)


def test_it_never_stops_while_something_computes_nor_when_nobody_can_say(bench: Bench, running: Workspace) -> None:
    quiet(bench, running, 48, warned=24)
    server = record(bench, "server", running)
    server.hidden["computing"] = True
    sweeping._rest_idle()
    assert (fresh(running).status, fresh(running).idle_warned_at) == (Status.RUNNING, None)

    server.hidden["computing"] = False
    quiet(bench, running, 48, warned=24)
    bench.world.faults.add(operation="agent.report", answer="unavailable", times=1)
    sweeping._rest_idle()
    assert (fresh(running).status, fresh(running).idle_warned_at is None) == (Status.RUNNING, False)

    sweeping._rest_idle()
    assert bench.finish(running).status == Status.STOPPED


def test_whoever_enters_keeps_it_running(bench: Bench, running: Workspace) -> None:
    person = running.project.memberships.get().person
    quiet(bench, running, 30, warned=5)
    made.confirmed_opening(running, person)
    workspace_open(workspace=fresh(running), by=person)
    assert fresh(running).idle_warned_at is None

    quiet(bench, running, 30, warned=5)
    later = timezone.now() + timedelta(hours=1)
    GatewaySession.objects.create(secret_hash="s", workspace=running, person=person, expires_at=later)
    sweeping._rest_idle()
    assert (fresh(running).status, fresh(running).idle_warned_at) == (Status.RUNNING, None)


# ---- destruction and what is seen -----------------------------------------------------------------------------------


def test_a_destruction_ends_in_a_signed_certificate(
    bench: Bench, running: Workspace, settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_KEY_FILE = tmp_path / "audit.key"
    key, _ = key_init(settings.AUDIT_KEY_FILE)
    workspace_destroy(workspace=running, by="system:test", reason="Fin.")
    assert bench.finish(running).status == Status.DESTROYED

    item = OutboxItem.objects.get(kind="workspace.certificate")
    run_item(item.pk)
    OutboxItem.objects.filter(pk=item.pk).update(status="pending")
    run_item(item.pk)

    certificate = DestructionCertificate.objects.get()
    assert certificates.holds(certificate, key)
    answers = {one["kind"]: one["answer"] for one in certificate.content["answers"]}
    assert answers["server"] == answers["project"] == answers["api_key"] == "404"
    assert "scheduled for deletion" in answers["key"]
    certificate.content["answers"][0]["answer"] = "200"
    assert not certificates.holds(certificate, key)
    member = client_signed_in(running.project.memberships.get().person)
    assert member.get(f"/espaces/{running.pk}/certificat.pdf").content.startswith(b"%PDF")
    printed = json.loads(member.get(f"/espaces/{running.pk}/certificat.json").content)
    assert printed["signature"] == certificate.signature


def test_no_step_that_proves_the_isolation_can_be_skipped(bench: Bench, workspace: Workspace) -> None:
    bench.world.faults.add(operation="vpc.set_acl", answer="denied", times=None)
    for _ in range(60):
        if fresh(workspace).status == Status.FAILED:
            break
        bench.deliver(bench.item(workspace))  # type: ignore[arg-type]
    stopped = fresh(workspace)
    assert stopped.status == Status.FAILED

    client = client_signed_in(operator())
    answer = client.post(
        f"/exploitation/espaces/{stopped.pk}/etape/passer/", {"version": stopped.version, "reason": "x"}
    )

    assert answer.status_code in {403, 409, 422}
    assert fresh(workspace).status == Status.FAILED
    bench.world.faults.clear()
    assert client.post(f"/exploitation/espaces/{stopped.pk}/etape/reprendre/").status_code == 302
    assert bench.finish(workspace).status == Status.RUNNING


def test_operators_see_every_request_and_no_secret(bench: Bench, running: Workspace) -> None:
    client: Client = client_signed_in(operator())

    page = client.get(f"/exploitation/espaces/{running.pk}/").content.decode()
    cloud = client.get("/exploitation/hebergeur/").content.decode()
    listed = client.get("/exploitation/espaces/").content.decode()

    assert CloudRequest.objects.filter(changes=True).count() >= 20
    assert "create_bucket" in page
    assert ">vpc<" not in page, "its parts are named in words"
    assert "<svg" in cloud
    assert running.project.application.number in listed
    everything = page + cloud + listed + written_anywhere()
    assert not [one for one in bench.secrets() if one in everything]
    assert Event.objects.filter(action="workspace.operated").count() == 1


def test_a_second_look_at_nothing_new_begins_nothing(bench: Bench, running: Workspace) -> None:
    before = Operation.objects.count()

    sweeping.survey()

    assert Operation.objects.count() == before
    assert not Finding.objects.exists()
    assert Operation.objects.get(kind=Kind.PROVISION).status == "done"
