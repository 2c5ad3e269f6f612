"""What an approval sets in motion: all of it or nothing."""

from pathlib import Path

import pytest

from apps.applications.models import Application
from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.extracts.models import ExtractRequest
from apps.fulfilment import handlers
from apps.projects.models import Entitlement, Membership, Project
from apps.workspaces.models import Workspace
from tests.factories import applications as made
from tests.factories.accounts import steward
from tests.integration.applications.deciding import approve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)


def test_an_approval_makes_project_entitlement_extract_and_workspace_in_one_go(tmp_path: Path) -> None:
    with made.documents_kept_in(tmp_path):
        application = made.at_status("approved")
    project = Project.objects.get(application=application)
    assert Entitlement.objects.get(project=project).definition_hash == ExtractRequest.objects.get().definition_hash
    assert Workspace.objects.get(project=project).status == "requested"
    assert Membership.objects.get(project=project).role == "principal_investigator"
    assert set(OutboxItem.objects.values_list("queue", flat=True)) >= {"extract", "provision"}
    told = set(Event.objects.filter(dossier_id=application.pk).values_list("action", flat=True))
    assert {
        "application.approved",
        "project.created",
        "entitlement.granted",
        "extract.requested",
        "workspace.requested",
    } <= told


def test_a_failing_follow_up_takes_the_decision_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(**kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(handlers, "workspace_request", fails)
    with made.documents_kept_in(tmp_path):
        application = made.at_status("submitted")
        owed = set(OutboxItem.objects.values_list("key", flat=True))
        with pytest.raises(ZeroDivisionError):
            approve(application, steward())
    assert Application.objects.get().status == "submitted"
    assert not Project.objects.exists()
    assert not ExtractRequest.objects.exists()
    assert set(OutboxItem.objects.values_list("key", flat=True)) == owed
    assert not Event.objects.filter(action="application.approved").exists()
