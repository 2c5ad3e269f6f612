"""Workspaces in the imitated cloud through the engine: its answers, its drift, its prices, and what operators see."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
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
    CloudRequest,
    CostLine,
    DestructionCertificate,
    Finding,
    GatewaySession,
    Offer,
    Operation,
    Workspace,
)
from apps.workspaces.rules import Desired, Kind, Status
from apps.workspaces.services import (
    workspace_cancel,
    workspace_destroy,
    workspace_resize,
    workspace_resume,
    workspace_rotate_keys,
    workspace_start,
    workspace_stop,
    workspace_suspend,
)
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.support.cloud_workers import Bench, fresh, ledger_of, record, written_anywhere

pytestmark = pytest.mark.django_db


def operator() -> Any:
    return StaffRoleFactory.create(role=Role.OPERATOR.value).person


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
