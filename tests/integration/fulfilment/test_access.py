"""Access to a project's data follows what it rests on, at the next request, in the page and at the gateway alike."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from apps.accounts.models import Mandate, Person
from apps.accounts.services import mandate_end
from apps.audit.models import Event
from apps.people.models import ConditionsOfUse, ProfessionalAddress, TrainingCertificate
from apps.projects import agreements
from apps.projects.models import Entitlement, Membership, Project
from apps.projects.rules import AgreementFact
from apps.projects.selectors import access_of
from apps.workspaces.models import GatewaySession, Workspace
from apps.workspaces.rules import Status
from apps.workspaces.selectors import sessions_in_force, workspace_progress
from tests.factories import workspaces as made
from tests.factories.accounts import MandateFactory, PersonFactory, client_signed_in

pytestmark = pytest.mark.django_db
YESTERDAY = timezone.localdate() - timedelta(days=1)


@pytest.fixture
def person() -> Person:
    return PersonFactory.create(language="en")


@pytest.fixture
def workspace(person: Person) -> Workspace:
    """A running workspace of a project of this person, who is inside."""
    workspace = made.at_status(Status.RUNNING, investigator=person)
    GatewaySession.objects.create(
        secret_hash="0" * 64, workspace=workspace, person=person, expires_at=timezone.now() + timedelta(hours=1)
    )
    return workspace


def publish_conditions() -> None:
    last = ConditionsOfUse.objects.order_by("-version").first()
    number = last.version + 1 if last else 1
    ConditionsOfUse.objects.create(version=number, in_force_from=YESTERDAY, text_fr="Texte", text_en="Text")


LOSSES: dict[str, Callable[[], object]] = {
    "project": lambda: Project.objects.update(status="closed"),
    "entitlement": lambda: Entitlement.objects.update(starts_on=YESTERDAY, ends_on=YESTERDAY),
    "account": lambda: Person.objects.update(is_active=False),
    "membership": lambda: Membership.objects.all().delete(),
    "mandate": lambda: Mandate.objects.update(ends_on=YESTERDAY),
    "training": lambda: TrainingCertificate.objects.update(expires_on=YESTERDAY),
    "conditions": publish_conditions,
    "address": lambda: ProfessionalAddress.objects.update(verified_at=None),
}


def unmet(workspace: Workspace, person: Person) -> set[str]:
    project = Project.objects.select_related("entitlement").get(pk=workspace.project_id)
    return {one.code for one in access_of(project, Person.objects.get(pk=person.pk)) if not one.is_met}


def test_with_every_condition_met_the_person_is_in(workspace: Workspace, person: Person) -> None:
    assert unmet(workspace, person) == set()
    assert sessions_in_force().count() == 1


@pytest.mark.parametrize("lost", LOSSES)
def test_the_gateway_refuses_for_the_same_reasons_as_the_rules(lost: str, workspace: Workspace, person: Person) -> None:
    LOSSES[lost]()
    assert unmet(workspace, person) == {lost}
    assert not sessions_in_force().exists()


def test_a_mandate_of_another_organisation_opens_nothing(workspace: Workspace, person: Person) -> None:
    Mandate.objects.update(ends_on=YESTERDAY)
    MandateFactory.create(person=person)
    assert unmet(workspace, person) == {"mandate"}
    assert not sessions_in_force().exists()


def test_the_page_says_what_is_missing_and_what_to_do(workspace: Workspace, person: Person) -> None:
    browser = client_signed_in(person)
    page = browser.get(f"/projets/{workspace.project_id}/acces/").content.decode()
    assert "Every condition is met" in page
    TrainingCertificate.objects.update(expires_on=YESTERDAY)
    page = browser.get(f"/projets/{workspace.project_id}/acces/").content.decode()
    assert "add a new certificate to your accreditation" in page
    assert 'href="/accreditation/"' in page
    progress = workspace_progress(workspace.project, person)
    assert progress is not None
    assert not progress.may_open
    fragment = render_to_string("workspaces/_progress.html", {"workspace": progress})
    assert f"/projets/{workspace.project_id}/acces/" in fragment


def test_opening_without_a_training_is_refused_in_words(workspace: Workspace, person: Person) -> None:
    TrainingCertificate.objects.all().delete()
    answer = client_signed_in(person).post(f"/espaces/{workspace.pk}/ouvrir/")
    assert answer.status_code == 403
    assert "Follow the training" in answer.content.decode()


def test_a_steward_looks_at_anybody_of_the_team(workspace: Workspace, person: Person) -> None:
    browser = client_signed_in(made.steward())
    address = f"/projets/{workspace.project_id}/acces/"
    assert person.full_name in browser.get(address).content.decode()
    assert browser.get(f"{address}?personne={person.pk}").status_code == 200
    assert browser.get(f"{address}?personne=nobody").status_code == 200
    assert Event.objects.filter(action="project.access_read", data__person=str(person.pk)).exists()


def test_ending_a_mandate_ends_the_sessions_that_rest_on_it(workspace: Workspace, person: Person) -> None:
    mandate_end(mandate=Mandate.objects.get(person=person), by=None)
    session = GatewaySession.objects.get()
    assert session.end == GatewaySession.End.REVOKED
    assert Event.objects.filter(action="workspace.session_closed").exists()


def test_an_agreement_that_is_needed_must_be_signed(
    workspace: Workspace, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreements, "_readers", [])
    agreements.agreement_read_by(lambda project_id: AgreementFact(pending=True))
    assert unmet(workspace, person) == {"agreement"}
    answer = client_signed_in(person).post(f"/espaces/{workspace.pk}/ouvrir/")
    assert "awaits signatures" in answer.content.decode()
