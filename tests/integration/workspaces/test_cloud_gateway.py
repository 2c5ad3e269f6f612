"""The servers know the gateway by its certificate: told with their keys, and told anew when it is renewed."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.workspaces import identities, sweeping
from apps.workspaces.identities import new_identity
from apps.workspaces.models import Finding, Operation, Workspace
from apps.workspaces.rules import Kind, Status
from tests.support.cloud_in_process import provider_in
from tests.support.cloud_workers import Bench

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(bench: Bench, tmp_path: Path) -> Path:
    """The certificates that the zone `provision` was given."""
    file = tmp_path / "gateway.pub"
    file.write_text(new_identity("gateway").certificate)
    bench.provider = provider_in(bench.world, bench.hooks, gateway_certificates=str(file))
    return file


def told(bench: Bench) -> str:
    (server,) = bench.world.store.all("server")
    return str(server.hidden["agent"]["gateways"])


def test_a_renewed_certificate_reaches_a_running_server_by_its_repair(
    bench: Bench, workspace: Workspace, file: Path
) -> None:
    running = bench.finish(workspace)
    assert told(bench) == file.read_text()
    file.write_text(file.read_text() + new_identity("gateway").certificate)

    sweeping.survey()

    assert Finding.objects.filter(detail__contains="does not know the gateway", opens=False).exists()
    assert Operation.objects.filter(workspace=running, kind=Kind.RECONCILE).exists()
    assert bench.finish(running).status == Status.RUNNING
    assert told(bench) == file.read_text()
    sweeping.survey()
    assert not Finding.objects.filter(resolved_at=None).exists()


def test_a_server_that_was_told_of_no_gateway_fails_its_self_test(
    bench: Bench, workspace: Workspace, file: Path
) -> None:
    while bench.current(workspace) != "cloud_self_test":
        bench.finish_step(workspace)
    (server,) = bench.world.store.all("server")
    server.hidden["agent"]["gateways"] = ""

    with pytest.raises(AssertionError, match="never ended"):
        bench.finish_step(workspace)

    assert "application_without_certificate" in Workspace.objects.get(pk=workspace.pk).reason


def test_without_a_certificate_to_tell_no_server_gets_its_keys(bench: Bench, workspace: Workspace, file: Path) -> None:
    file.unlink()
    while bench.current(workspace) != "hand_over":
        bench.finish_step(workspace)

    with pytest.raises(AssertionError, match="never ended"):
        bench.finish_step(workspace)

    assert "no certificate of the gateway" in Workspace.objects.get(pk=workspace.pk).reason
    (server,) = bench.world.store.all("server")
    assert "agent" not in server.hidden


def test_the_check_names_a_certificate_that_is_missing_or_ends_soon(
    bench: Bench, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.provider.check() == ()
    monkeypatch.setattr(identities, "LIFE", timedelta(days=29))
    file.write_text(new_identity("gateway").certificate)
    (soon,) = bench.provider.check()
    assert "ends on" in soon.cause
    assert "--renew" in soon.fix
    file.unlink()
    (missing,) = bench.provider.check()
    assert "no certificate" in missing.cause
