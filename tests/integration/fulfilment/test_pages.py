"""The project's pages: who sees them, what they show, and that volume costs no query."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.core.rules import Role
from apps.extracts.models import ExtractRequest
from apps.workspaces.models import Operation, Step, Workspace
from apps.workspaces.services import workspace_request
from tests.factories import extracts as made
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in

pytestmark = pytest.mark.django_db


def steward_client() -> Client:
    return client_signed_in(StaffRoleFactory.create(role=Role.STEWARD.value).person)


def test_a_member_sees_the_project_with_its_definition_in_words() -> None:
    member = PersonFactory.create()
    project = made.request(investigator=member).project
    page = client_signed_in(member).get(reverse("fulfilment:project", args=[project.pk])).content.decode()
    assert "Sont retenues les personnes" in page
    assert project.entitlement.definition_hash in page


def test_the_definition_is_told_in_the_reader_s_language() -> None:
    member = PersonFactory.create(language="en")
    project = made.request(investigator=member).project
    client = client_signed_in(member)
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    page = client.get(reverse("fulfilment:project", args=[project.pk])).content.decode()
    assert "Included are the people" in page


@pytest.mark.parametrize("name", ["project", "project_steps"])
def test_a_stranger_meets_a_missing_page(name: str) -> None:
    project = made.request().project
    client = client_signed_in(PersonFactory.create())
    foreign = client.get(reverse(f"fulfilment:{name}", args=[project.pk]))
    missing = client.get(reverse(f"fulfilment:{name}", args=[uuid.uuid4()]))
    assert (foreign.status_code, missing.status_code) == (404, 404)


def test_an_approved_dossier_leads_to_its_project() -> None:
    member = PersonFactory.create()
    project = made.request(investigator=member).project
    answer = client_signed_in(member).get(reverse("fulfilment:for_application", args=[project.application_id]))
    assert answer["Location"] == reverse("fulfilment:project", args=[project.pk])


def steps_page(project_id: object, client: Client) -> str:
    return client.get(reverse("fulfilment:project_steps", args=[project_id])).content.decode()


def test_the_page_looks_again_by_itself_until_everything_has_come_to_rest() -> None:
    project = made.request().project
    workspace = workspace_request(project=project, by="system:test")
    client = steward_client()
    assert "every 1s" in steps_page(project.pk, client)
    ExtractRequest.objects.filter(project=project).update(status="delivered", manifest_sha256="0" * 64)
    assert "every 1s" in steps_page(project.pk, client), "the workspace is still being prepared"
    Step.objects.filter(operation__workspace=workspace).update(status="done")
    Operation.objects.filter(workspace=workspace).update(status="done")
    Workspace.objects.filter(pk=workspace.pk).update(status="running", extract_id=uuid.uuid4())
    assert "every 1s" not in steps_page(project.pk, client)


def test_an_extract_that_needs_a_person_says_why_and_is_not_asked_about_again() -> None:
    project = made.request().project
    workspace_request(project=project, by="system:test")
    ExtractRequest.objects.filter(project=project).update(status="needs_human", reason="The source copy is away.")
    page = steps_page(project.pk, steward_client())
    assert "The source copy is away." in page
    assert "every 1s" not in page


def test_a_list_of_projects_costs_the_same_whatever_their_number(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    member = PersonFactory.create()
    client = client_signed_in(member)
    client.get(reverse("fulfilment:projects"))
    for _ in range(12):
        made.project(investigator=member)
    with django_assert_max_num_queries(9):
        page = client.get(reverse("fulfilment:projects"))
    assert page.content.decode().count("fr-tile__title") == 12


def test_somebody_without_projects_reads_what_to_do() -> None:
    page = client_signed_in(PersonFactory.create()).get(reverse("fulfilment:projects")).content.decode()
    assert reverse("applications:list") in page
