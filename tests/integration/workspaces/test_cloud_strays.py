"""What the reconciler finds beside the workspaces of the imitated cloud, and what becomes of it."""

from typing import Any
from uuid import uuid4

import pytest

from apps.core.rules import Role
from apps.workspaces import sweeping
from apps.workspaces.models import (
    CloudLook,
    Finding,
    Workspace,
)
from apps.workspaces.providers.base import Look
from apps.workspaces.rules import Status
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.support.cloud_workers import Bench, fresh, ledger_of, record

pytestmark = pytest.mark.django_db


def operator() -> Any:
    return StaffRoleFactory.create(role=Role.OPERATOR.value).person


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
