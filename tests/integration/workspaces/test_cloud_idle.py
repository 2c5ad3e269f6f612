"""A workspace in the imitated cloud that nobody needs: announced, stopped, started again, and what that saved."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.core.rules import Role
from apps.projects.models import Entitlement
from apps.workspaces import sweeping
from apps.workspaces.models import (
    CostLine,
    GatewaySession,
    Offer,
    Workspace,
)
from apps.workspaces.rules import Status
from apps.workspaces.services import (
    workspace_open,
    workspace_start,
)
from tests.factories import workspaces as made
from tests.factories.accounts import StaffRoleFactory, client_signed_in
from tests.factories.extracts import DEFINITION
from tests.support.cloud_workers import Bench, fresh, record

pytestmark = pytest.mark.django_db


def operator() -> Any:
    return StaffRoleFactory.create(role=Role.OPERATOR.value).person


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
    assert told.subject.startswith("Personne n’est dans votre espace")
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
