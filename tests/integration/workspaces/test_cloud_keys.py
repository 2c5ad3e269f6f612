"""Renewing every key of a workspace in the cloud: nothing is lost, nothing is left behind, wherever it is cut short."""

from typing import Any

import pytest
from django.utils import timezone

from apps.workspaces.models import CloudResource, Workspace
from apps.workspaces.notebook import Notes
from apps.workspaces.providers.base import Job
from apps.workspaces.providers.scaleway import resealing
from apps.workspaces.providers.scaleway.buckets import bucket_name
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.storage import sse
from apps.workspaces.providers.scaleway.vault import data_key
from apps.workspaces.reconcile import spec_of
from apps.workspaces.rules import Status
from apps.workspaces.services import (
    workspace_destroy,
    workspace_resume,
    workspace_rotate_keys,
    workspace_suspend,
)
from tests.factories.accounts import StaffRoleFactory
from tests.support.cloud_workers import Bench

pytestmark = pytest.mark.django_db
MIB = 2**20


def person(role: str = "operator") -> Any:
    return StaffRoleFactory.create(role=role).person


def renew(workspace: Workspace) -> None:
    workspace_rotate_keys(workspace=workspace, by=person(), reason="Usage.", seen_version=workspace.version)


def site_of(bench: Bench, workspace: Workspace) -> Site:
    job = Job(spec_of(workspace), Notes(workspace, bench.provider.now), timezone.now(), workspace.generation)
    return Site(bench.provider.cloud, job)


def put(bench: Bench, workspace: Workspace, name: str, content: bytes) -> None:
    site = site_of(bench, workspace)
    bucket, key = bucket_name(site, "work"), site.cloud.account.key
    bench.provider.cloud.storage.put(bucket, name, content, key=key, data_key=data_key(site, "objects"))


def read(bench: Bench, workspace: Workspace, name: str) -> bytes:
    site = site_of(bench, workspace)
    bucket, key = bucket_name(site, "work"), site.cloud.account.key
    return site.cloud.storage.get(bucket, name, key=key, data_key=data_key(site, "objects"))


def keys_in(bench: Bench) -> dict[str, str]:
    """State of every key of Key Manager that is not scheduled for deletion, by identifier."""
    living = (one for one in bench.world.store.all("key") if not one.body["deletion_requested_at"])
    return {one.id: one.body["state"] for one in living}


def ledger(workspace: Workspace, kind: str) -> CloudResource:
    return CloudResource.objects.get(workspace=workspace, kind=kind, removed_at=None)


def test_the_key_of_keys_is_another_one_and_the_former_is_destroyed(bench: Bench, running: Workspace) -> None:
    put(bench, running, "notes.txt", b"mine")
    former = ledger(running, "key").external_id
    renew(running)

    renewed = bench.finish(running)

    assert renewed.status == Status.RUNNING, renewed.reason
    key = ledger(running, "key").external_id
    assert key != former
    assert keys_in(bench) == {key: "enabled"}
    assert ledger(running, "data_keys").external_id == key
    record = bench.world.store.get("key", former)
    assert record is not None
    assert record.hidden["material"] == []
    assert read(bench, renewed, "notes.txt") == b"mine"
    renew(renewed)
    again = bench.finish(renewed)
    assert again.status == Status.RUNNING, again.reason
    assert read(bench, again, "notes.txt") == b"mine"


def test_a_destruction_in_the_midst_of_a_renewal_shreds_every_key(bench: Bench, running: Workspace) -> None:
    renew(running)
    while bench.current(running) != "rewrap_keys":
        bench.finish_step(running)
    assert sorted(keys_in(bench).values()) == ["enabled", "enabled"]

    half = Workspace.objects.select_related("project__entitlement").get(pk=running.pk)
    workspace_destroy(workspace=half, by="system:test", reason="Fin.")

    assert bench.finish(half).status == Status.DESTROYED
    assert bench.of_workspace(half) == {}
    assert all(one.hidden["material"] == [] for one in bench.world.store.all("key"))


def test_objects_sealed_by_a_renewal_that_was_cut_short_are_not_lost(
    bench: Bench, running: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some objects are under the new key already: a resumption completes the renewal before anybody works again."""
    monkeypatch.setattr(resealing, "_AT_ONCE", 2)
    names = [f"file-{number}" for number in range(5)]
    for name in names:
        put(bench, running, name, name.encode())
    renew(running)
    while bench.current(running) != "renew_object_key":
        bench.finish_step(running)
    bench.step(running)
    bench.step(running)

    half = Workspace.objects.select_related("project__entitlement").get(pk=running.pk)
    workspace_suspend(workspace=half, by=person("steward"), reason="Incident.", seen_version=half.version)
    cut = bench.finish(half)
    workspace_resume(workspace=cut, by=person("steward"), reason="Fin.", seen_version=cut.version)
    resumed = bench.finish(cut)

    assert resumed.status == Status.RUNNING, resumed.reason
    assert [read(bench, resumed, name) for name in names] == [name.encode() for name in names]
    assert "_next" not in ledger(running, "data_keys").observed
    renew(resumed)
    assert read(bench, bench.finish(resumed), "file-3") == b"file-3"


@pytest.fixture
def low_threshold(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Object storage that copies 6 MiB in one request, in parts of 5 MiB, one part a step."""
    bench.world.limits.largest_copy = 6 * MIB
    monkeypatch.setattr(resealing, "LARGEST_COPY", 6 * MIB)
    monkeypatch.setattr(resealing, "PART", 5 * MIB)
    monkeypatch.setattr(resealing, "_PARTS_AT_ONCE", 1)


@pytest.mark.usefixtures("low_threshold")
def test_an_object_too_large_to_be_copied_at_once_is_copied_in_parts(bench: Bench, running: Workspace) -> None:
    content = bytes(range(256)) * (12 * MIB // 256) + b"end"
    put(bench, running, "large.bin", content)
    bench.world.faults.add(operation="s3.upload_part", answer="reset_after", times=1)
    bench.world.faults.add(operation="s3.complete_multipart_upload", answer="reset_after", times=1)
    renew(running)

    renewed = bench.finish(running)

    assert renewed.status == Status.RUNNING, renewed.reason
    assert read(bench, renewed, "large.bin") == content
    site = site_of(bench, renewed)
    head = site.cloud.storage.call(
        "head_object",
        key=site.cloud.account.key,
        Bucket=bucket_name(site, "work"),
        Key="large.bin",
        **sse(data_key(site, "objects")),
    )
    assert head["ETag"].strip('"').endswith("-3")
    assert head["Metadata"]["sha256"], "what is kept beside the object is kept"
    buckets = bench.world.store.all("bucket")
    assert not any(one.hidden["uploads"] for one in buckets), "no upload is left half done"
