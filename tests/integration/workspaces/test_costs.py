"""Budgets and their alerts, and what the team is told by e-mail before the end."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.core.rules import Role
from apps.projects.models import Entitlement, Membership
from apps.workspaces import sweeping
from apps.workspaces.models import CostLine, Offer, Workspace
from apps.workspaces.rules import Status
from tests.factories.accounts import Browser, PersonFactory, StaffRoleFactory, client_signed_in
from tests.factories.workspaces import at_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Browser:
    return client_signed_in(StaffRoleFactory.create(role=Role.OPERATOR.value, person__language="en").person)


@pytest.fixture
def team() -> Workspace:
    """A running workspace at 0.50 € an hour whose team is two people."""
    Offer.objects.create(
        provider="local", code="local-large", processors=4, memory=2**33, hourly=Decimal("0.5"), available="available",
        read_at=timezone.now(),
    )  # fmt: skip
    made = at_status(Status.RUNNING, members=(PersonFactory.create(language="en"),))
    Workspace.objects.filter(pk=made.pk).update(size="local-large")
    made.refresh_from_db()
    return made


def spend(workspace: Workspace, amount: str) -> None:
    CostLine.objects.filter(workspace=workspace).delete()
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    CostLine.objects.create(workspace=workspace, hour=hour, size="local-large", amount=Decimal(amount))


def sent() -> list[Any]:
    mail.outbox.clear()
    for item in OutboxItem.objects.filter(kind="e-mail", status="pending").order_by("pk"):
        run_item(item.pk)
    return list(mail.outbox)


def set_budget(operator: Browser, workspace: Workspace, budget: str) -> Any:
    version = Workspace.objects.get(pk=workspace.pk).version
    return operator.post(f"/exploitation/espaces/{workspace.pk}/budget/", {"budget": budget, "version": version})


def test_an_operator_sets_a_budget_and_sees_what_is_used_of_it(
    operator: Browser, team: Workspace, django_assert_max_num_queries: Any
) -> None:
    spend(team, "42.50")
    other = at_status(Status.STOPPED)
    assert set_budget(operator, team, "50").status_code == 302

    with django_assert_max_num_queries(9):
        page = operator.get("/exploitation/budgets/").content.decode()

    assert "85 %" in page
    assert "nearly used" in page
    assert "0.50 € an hour just now" in page
    assert page.index(team.project.application.number) < page.index(other.project.application.number)
    assert Event.objects.get(action="workspace.budget_set").data == {"budget": "50"}
    assert set_budget(operator, team, "-1").status_code == 422
    assert set_budget(operator, team, "").status_code == 302
    assert Workspace.objects.get(pk=team.pk).budget is None


def test_a_budget_that_somebody_changed_meanwhile_is_not_overwritten(operator: Browser, team: Workspace) -> None:
    answer = operator.post(f"/exploitation/espaces/{team.pk}/budget/", {"budget": "9", "version": team.version + 1})

    assert answer.status_code == 409
    assert Workspace.objects.get(pk=team.pk).budget is None


def test_the_team_is_told_once_at_each_mark_and_anew_after_a_raise(operator: Browser, team: Workspace) -> None:
    set_budget(operator, team, "100")
    spend(team, "79")
    sweeping.survey()
    assert sent() == []

    spend(team, "81")
    sweeping.survey()
    sweeping.survey()
    messages = sent()
    assert len(messages) == 2
    assert {"Your workspace nears its budget", "Votre espace approche de son budget"} == {
        one.subject for one in messages
    }
    assert "81.00 € of its 100.00 €" in next(one.body for one in messages if "nears" in one.subject)

    spend(team, "100")
    sweeping.survey()
    assert len(sent()) == 2
    assert Workspace.objects.get(pk=team.pk).desired == "stopped"
    set_budget(operator, team, "120")
    sweeping.survey()
    assert len(sent()) == 2
    assert Event.objects.filter(action="workspace.budget_alert").count() == 3


def test_an_alert_that_a_raise_made_untrue_is_not_sent(operator: Browser, team: Workspace) -> None:
    set_budget(operator, team, "10")
    spend(team, "9")
    sweeping.survey()
    set_budget(operator, team, "1000")

    assert sent() == []


def test_the_team_is_written_to_thirty_seven_and_one_day_before_the_end(team: Workspace) -> None:
    today = timezone.localdate()
    subjects = []
    for days in (40, 30, 20, 7, 6, 1):
        Entitlement.objects.update(ends_on=today + timedelta(days=days))
        sweeping.survey()
        sweeping.survey()
        subjects.append(sorted(one.subject for one in sent()))

    assert [len(one) for one in subjects] == [0, 2, 0, 2, 0, 2]
    assert subjects[3] == ["Votre espace ferme dans 7 jours", "Your workspace closes in 7 days"]
    assert subjects[5][1] == "Your workspace closes in 1 day"


def test_after_an_extension_the_warnings_begin_anew(team: Workspace) -> None:
    today = timezone.localdate()
    for days in (1, 400, 30):
        Entitlement.objects.update(ends_on=today + timedelta(days=days))
        sweeping.survey()

    assert Workspace.objects.get(pk=team.pk).days_warned == 30
    assert Event.objects.filter(action="workspace.expires_soon").count() == 2


def test_who_left_and_what_is_over_is_written_to_no_more(team: Workspace) -> None:
    today = timezone.localdate()
    Entitlement.objects.update(ends_on=today + timedelta(days=7))
    sweeping.survey()
    Membership.objects.filter(role="member").delete()
    assert len(sent()) == 1
    Entitlement.objects.update(ends_on=today + timedelta(days=1))
    sweeping.survey()
    Workspace.objects.update(status=Status.DESTROYED, route_open=False)
    assert sent() == []
    Workspace.objects.update(status=Status.STOPPED, days_warned=None, budget=1)
    spend(team, "2")
    sweeping.survey()
    Membership.objects.all().delete()
    assert sent() == []


def test_an_extension_makes_a_waiting_warning_untrue(team: Workspace) -> None:
    Entitlement.objects.update(ends_on=timezone.localdate() + timedelta(days=7))
    sweeping.survey()
    Entitlement.objects.update(ends_on=timezone.localdate() + timedelta(days=300))

    assert sent() == []


def test_what_was_destroyed_costs_nothing_more(operator: Browser, team: Workspace) -> None:
    spend(team, "42.50")
    address = f"/exploitation/espaces/{team.pk}/"
    assert "0.5000 € an hour" in operator.get(address).content.decode()

    Workspace.objects.filter(pk=team.pk).update(status=Status.DESTROYED, desired="destroyed", route_open=False)

    page = operator.get(address).content.decode()
    assert "In all 42.50 € without tax." in page
    assert "an hour" not in page
