"""Entering, suspending and resuming from the portal's pages, and who may not."""

import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from apps.accounts.wording import ACTS
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.projects.models import Entitlement
from apps.workspaces.models import Operation, Ticket, Workspace
from apps.workspaces.rules import Status
from apps.workspaces.selectors import workspace_progress
from apps.workspaces.services import secret_hash, workspace_open, workspace_suspend
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory, client_signed_in, confirm, current_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return made.at_status(Status.RUNNING, investigator=PersonFactory.create(), members=(PersonFactory.create(),))


def member_of(workspace: Workspace) -> Any:
    return workspace.project.memberships.get(role="member").person


def test_a_member_gets_a_ticket_in_a_form_for_the_gateway_and_never_in_an_address(workspace: Workspace) -> None:
    made.confirmed_opening(workspace, member_of(workspace))
    answer = client_signed_in(member_of(workspace)).post(f"/espaces/{workspace.pk}/ouvrir/")

    page = answer.content.decode()
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', page)
    assert answer.status_code == 200
    assert f'action="http://ws-{workspace.pk.hex}.localhost:8001/_enter"' in page
    assert answer["Referrer-Policy"] == "strict-origin"
    assert Ticket.objects.get().secret_hash == secret_hash(ticket)
    assert "http://*.localhost:8001" in answer["Content-Security-Policy"]
    assert Event.objects.filter(action="workspace.ticket_issued").count() == 1


def test_the_first_opening_takes_the_second_factor_and_later_ones_do_not(workspace: Workspace) -> None:
    """Given a member who never entered, then a page asks for a code first; once in, they come back without."""
    member, address = member_of(workspace), f"/espaces/{workspace.pk}/ouvrir/"
    client = client_signed_in(member)
    led = client.post(address)
    assert led.url.startswith("/compte/confirmer/")
    assert client.get(led.url).context["sentence"] == ACTS["workspace.open"]
    assert not Ticket.objects.exists()
    onward = confirm(client, led.url, current_code(member)).content.decode()
    assert f'method="post" action="{address}"' in onward
    assert [client.post(address).status_code for _ in range(2)] == [200, 200]
    assert Ticket.objects.count() == 2


def test_a_confirmation_is_for_what_the_entitlement_was_then(workspace: Workspace) -> None:
    member = member_of(workspace)
    made.confirmed_opening(workspace, member)
    Entitlement.objects.filter(project=workspace.project).update(definition_hash="1" * 64)
    answer = client_signed_in(member).post(f"/espaces/{workspace.pk}/ouvrir/")
    assert answer.url.startswith("/compte/confirmer/")


@pytest.mark.parametrize("who", ["stranger", "steward", "anonymous"])
def test_others_get_no_ticket(workspace: Workspace, who: str) -> None:
    people = {"stranger": PersonFactory.create, "steward": made.steward}
    client = client_signed_in(people[who]()) if who in people else Client()

    answer = client.post(f"/espaces/{workspace.pk}/ouvrir/")

    assert answer.status_code == {"stranger": 404, "steward": 403, "anonymous": 302}[who]
    assert not Ticket.objects.exists()


def test_opening_is_not_a_visit(workspace: Workspace) -> None:
    assert client_signed_in(member_of(workspace)).get(f"/espaces/{workspace.pk}/ouvrir/").status_code == 405


@pytest.mark.parametrize("status", [Status.PROVISIONING, Status.SUSPENDED, Status.FAILED])
def test_a_workspace_that_does_not_run_cannot_be_opened(status: Status) -> None:
    investigator = PersonFactory.create()
    workspace = made.at_status(status, investigator=investigator)

    with pytest.raises(RefusedError):
        workspace_open(workspace=workspace, by=investigator)


def test_a_steward_suspends_with_a_reason_and_resumes(workspace: Workspace) -> None:
    client = client_signed_in(made.steward())
    assert client.get(f"/espaces/{workspace.pk}/suspendre/").status_code == 200

    answer = client.post(f"/espaces/{workspace.pk}/suspendre/", {"reason": "Contrôle.", "version": workspace.version})

    assert answer.status_code == 302
    workspace.refresh_from_db()
    assert (workspace.status, workspace.reason, workspace.route_open) == ("suspended", "Contrôle.", False)
    client.post(f"/espaces/{workspace.pk}/reprendre/", {"reason": "Fini.", "version": workspace.version})
    workspace.refresh_from_db()
    assert (workspace.status, workspace.desired) == ("starting", "running")
    assert [one.kind for one in Operation.objects.order_by("generation")][-2:] == ["suspend", "resume"]


def test_a_suspension_without_reason_is_refused_beside_the_field(workspace: Workspace) -> None:
    answer = client_signed_in(made.steward()).post(
        f"/espaces/{workspace.pk}/suspendre/", {"reason": " ", "version": workspace.version}
    )

    assert answer.status_code == 422
    assert b"fr-message--error" in answer.content
    workspace.refresh_from_db()
    assert workspace.status == "running"


def test_members_do_not_suspend_and_strangers_see_nothing(workspace: Workspace) -> None:
    for person in (member_of(workspace), PersonFactory.create()):
        answer = client_signed_in(person).post(
            f"/espaces/{workspace.pk}/suspendre/", {"reason": "x", "version": workspace.version}
        )
        assert answer.status_code == 404


def test_the_second_of_two_stewards_is_told(workspace: Workspace) -> None:
    seen = workspace.version
    workspace_suspend(workspace=workspace, by=made.steward(), reason="Contrôle.", seen_version=seen)
    again = Workspace.objects.select_related("project__entitlement").get(pk=workspace.pk)

    with pytest.raises(ChangedMeanwhile):
        workspace_suspend(workspace=again, by=made.steward(), reason="Aussi.", seen_version=seen)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("status", list(Status))
def test_the_fragment_says_where_things_stand(status: Status, language: str) -> None:
    investigator = PersonFactory.create()
    workspace = made.at_status(status, investigator=investigator)

    with translation.override(language):
        progress = workspace_progress(workspace.project, investigator)
        html = render_to_string("workspaces/_progress.html", {"workspace": progress})

    assert progress is not None
    assert ("ouvrir/" in html) == (status is Status.RUNNING)
    assert bool(progress.why_not) == (status is not Status.RUNNING)
    assert ("Open the workspace" in html) == (status is Status.RUNNING and language == "en")
    assert ("Ouvrir" in html) == (status is Status.RUNNING and language == "fr")


def test_the_progress_takes_a_fixed_number_of_queries(workspace: Workspace, django_assert_num_queries: Any) -> None:
    person = PersonFactory.create()
    with django_assert_num_queries(6):
        workspace_progress(workspace.project, person)


def test_a_project_without_workspace_says_so() -> None:
    project = made.project()

    assert workspace_progress(project, PersonFactory.create()) is None
    assert "fr-badge" not in render_to_string("workspaces/_progress.html", {"workspace": None})


def test_an_operator_destroys_by_command(workspace: Workspace) -> None:
    call_command("workspace_destroy", str(workspace.pk), reason="Fin du projet.", verbosity=0)

    workspace.refresh_from_db()
    assert workspace.status == "destroying"
    with pytest.raises(CommandError, match="no such"):
        call_command("workspace_destroy", "00000000-0000-0000-0000-000000000000", reason="x")
    Workspace.objects.update(status="destroyed")
    with pytest.raises(CommandError):
        call_command("workspace_destroy", str(workspace.pk), reason="x")
