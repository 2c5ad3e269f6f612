"""The demonstration's cloud: the JupyterLab of an imitated server really runs, and a member really computes in it,
through the gateway, over TLS to the address and with the certificate that the provision wrote into the ledger."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from django.db import transaction

from apps.workspaces.fake_scaleway.notebooks import SandboxedNotebooks
from apps.workspaces.identities import new_identity
from apps.workspaces.models import CloudResource, Workspace
from apps.workspaces.plans import UPSTREAM
from apps.workspaces.providers.base import RunState
from apps.workspaces.rules import Status
from apps.workspaces.services import workspace_destroy, workspace_rotate_keys
from tests.factories import workspaces as made
from tests.factories.accounts import StaffRoleFactory
from tests.integration.workspaces.gateway import serving
from tests.support.cloud_in_process import provider_in
from tests.support.cloud_workers import Bench, ledger_of
from tests.support.sandbox import local_in, room_for_sandboxes
from tests.support.workspace_visitor import WorkspaceVisitor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sandbox]
PATIENCE = 120
GATEWAY = new_identity("gateway")


class Following:
    """The notebooks of a world, followed in an event loop of their own."""

    def __init__(self, bench: Bench, base: Path) -> None:
        self.local = local_in(base)
        self.notebooks = SandboxedNotebooks(bench.world, self.local)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def look(self) -> None:
        asyncio.run_coroutine_threadsafe(self.notebooks.look(), self.loop).result(PATIENCE)

    def until_it_answers(self, bench: Bench, server_id: str) -> None:
        server = bench.world.store.get("server", server_id)
        assert server is not None
        for _ in range(PATIENCE):
            self.look()
            if self.notebooks.answers(server):
                return
            threading.Event().wait(0.25)
        raise AssertionError("JupyterLab never answered")

    def close(self) -> None:
        self.look()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def following(bench: Bench) -> Iterator[Following]:
    with room_for_sandboxes() as base:
        certificates = base / "gateway.pub"
        certificates.write_text(GATEWAY.certificate)
        bench.provider = provider_in(
            bench.world, bench.hooks, application="127.0.0.1:{port}", gateway_certificates=str(certificates)
        )
        one = Following(bench, base)
        bench.world.notebooks = one.notebooks
        try:
            yield one
        finally:
            for server in bench.world.store.all("server"):
                server.body["state"] = "stopped"
            one.close()


def run_to(bench: Bench, workspace: Workspace, step: str) -> None:
    while bench.current(workspace) != step:
        bench.finish_step(workspace)


async def said(visitor: WorkspaceVisitor, kernel: str, code: str) -> str:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        return await visitor.execute(await visitor.kernel_socket(client, kernel), code)


def test_a_member_computes_on_an_imitated_server(
    bench: Bench, workspace: Workspace, following: Following, tmp_path: Path
) -> None:
    run_to(bench, workspace, "cloud_self_test")
    server_id = ledger_of(workspace)["server"]
    following.until_it_answers(bench, server_id)
    ready = bench.finish(workspace)
    assert ready.status == Status.RUNNING

    investigator = ready.project.memberships.get().person
    with serving(tmp_path / "sockets", identity=GATEWAY) as port:
        visitor = WorkspaceVisitor(port, ready.pk)
        assert visitor.enter(made.entry(ready, investigator).ticket) == 303
        code = "import pandas; print(pandas.read_csv('/data/people.csv').age.sum())"
        assert asyncio.run(said(visitor, visitor.new_kernel(), code)).strip() == "90"

    first = upstream_of(ready)
    operator = StaffRoleFactory.create(role="operator").person
    workspace_rotate_keys(workspace=ready, by=operator, reason="Annuelle.", seen_version=ready.version)
    ready = bench.finish(ready)
    assert (ready.status, upstream_of(ready)) == (Status.RUNNING, first), "a server that went on running is the same"

    with transaction.atomic():
        workspace_destroy(workspace=ready, by="system:test", reason="Fin.")
    assert bench.finish(ready).status == Status.DESTROYED
    following.look()
    assert following.local.observe(UUID(server_id)).state is RunState.ABSENT


def upstream_of(workspace: Workspace) -> tuple[str, Any]:
    row = CloudResource.objects.get(workspace=workspace, kind=UPSTREAM, removed_at=None)
    return row.external_id, row.observed
