"""The gate before the workspace: what goes by itself, what a steward reads first, and what becomes of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.applications.models import Notice
from apps.audit.models import Event
from apps.core import outbox
from apps.core.models import OutboxItem
from apps.core.rules import Role
from apps.extracts import services
from apps.extracts.models import ExtractRequest
from apps.extracts.releasing import policy_for
from apps.extracts.rules import ReleasePolicy
from apps.workspaces.models import Workspace
from tests.factories import applications as dossiers
from tests.factories import extracts as made
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in

pytestmark = pytest.mark.django_db
ALONE = {"quasi_identifiers": ["BEN_SEX_COD", "BEN_NAI_ANN"], "after": {
    "persons": 40, "k": 1, "l": None, "alone": "<11", "share_alone": 0.02, "in_classes_under_11": 12
}}  # fmt: skip
REPORT = {
    "synthetic": True,
    "risk": {"IR_BEN_R": {"sensitive": "", "sets": [ALONE]}},
    "potential_identifiers": {},
    "population_flow": [],
    "filters": [],
}


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)


@pytest.fixture(autouse=True)
def confirmed() -> Iterator[None]:
    with dossiers.second_factor_accepted():
        yield


@pytest.fixture
def steward() -> Client:
    client = client_signed_in(StaffRoleFactory.create(role=Role.STEWARD.value).person)
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    return client


def waiting(**people: object) -> ExtractRequest:
    """An extract that is verified and waits."""
    request = made.request(**people)
    with transaction.atomic():
        services.extract_start(request, source_release="r", key_id="k", units=[])
        services.extract_made(request, services.Made("0" * 64, 1, 40, REPORT), waits=True)
    return request


def decided(client: Client, request: ExtractRequest, decision: str) -> int:
    answer = {"decision": decision, "reason": "Read with the team.", "otp_code": "000000"}
    return client.post(reverse("extracts:release", args=[request.pk]), answer).status_code


def status_of(request: ExtractRequest) -> str:
    return ExtractRequest.objects.get(pk=request.pk).status


def test_nobody_decides_on_data_about_nobody_and_less_is_let_through_of_real_persons() -> None:
    assert policy_for({"synthetic": True}) == ReleasePolicy(smallest_group=1, most_alone=1.0)
    assert policy_for({"synthetic": False}) == ReleasePolicy(smallest_group=11, most_alone=0.05)


@pytest.mark.parametrize(("most_alone", "becomes"), [(1.0, "delivered"), (-1.0, "to_release")])
def test_the_policy_says_what_goes_by_itself(worker: Settings, tmp_path: Path, most_alone: float, becomes: str) -> None:
    worker.RELEASE_POLICY = tmp_path / f"{becomes}.json"
    worker.RELEASE_POLICY.write_text(json.dumps({"synthetic": {"smallest_group": 1, "most_alone": most_alone}}))
    request = made.request()
    while status_of(request) in ("requested", "running"):
        outbox.run_item(OutboxItem.objects.get(key=services.outbox_key(request)).pk)
    assert status_of(request) == becomes
    assert (worker.DELIVERY_DIR / str(request.pk) / "manifest.json").is_file()
    attached = Workspace.objects.filter(extract_id=request.pk).exists()
    assert attached is (becomes == "delivered") or not Workspace.objects.exists()


def test_what_waits_is_listed_read_and_told_to_the_stewards(steward: Client) -> None:
    request = waiting()
    assert Notice.objects.filter(kind="extract_to_release").exists()
    listed = steward.get(reverse("extracts:awaiting")).content.decode()
    assert reverse("extracts:release", args=[request.pk]) in listed
    report = steward.get(reverse("extracts:report", args=[request.pk])).content.decode()
    assert "A data steward reads this report first" in report
    assert "Decide on the extract" in report
    page = steward.get(reverse("extracts:release", args=[request.pk])).content.decode()
    assert 'role="img"' in page, "the risk is beside the decision, as a chart"
    assert Event.objects.filter(action="extract.read", object_id=str(request.pk)).exists()
    project = steward.get(reverse("fulfilment:project", args=[request.project_id])).content.decode()
    assert "Waiting for a data steward" in project


def test_a_steward_hands_it_over_with_a_reason(steward: Client) -> None:
    request = waiting()
    assert decided(steward, request, "release") == 302
    assert status_of(request) == "delivered"
    event = Event.objects.get(action="extract.released")
    assert event.data["reason"] == "Read with the team."
    assert decided(steward, request, "refuse") == 403, "decided once"
    assert "does not wait for a decision" in steward.get(
        reverse("extracts:release", args=[request.pk])
    ).content.decode()  # fmt: skip


def test_a_refused_extract_is_removed_and_the_team_reads_why(steward: Client) -> None:
    member = PersonFactory.create()
    request = waiting(members=(member,))
    assert decided(steward, request, "refuse") == 302
    assert status_of(request) == "cancelling"
    assert OutboxItem.objects.filter(key=f"discard:{request.pk}").exists()
    services.extract_discarded(ExtractRequest.objects.get(pk=request.pk))
    assert status_of(request) == "cancelled"
    page = client_signed_in(member).get(reverse("extracts:report", args=[request.pk])).content.decode()
    assert "Read with the team." in page


def test_rights_that_ended_leave_only_the_refusal(steward: Client) -> None:
    request = waiting()
    made.end_entitlement(request)
    assert decided(steward, request, "release") == 403
    assert decided(steward, request, "refuse") == 302


def test_nothing_is_decided_without_reason_or_confirmation(steward: Client) -> None:
    request = waiting()
    address = reverse("extracts:release", args=[request.pk])
    assert steward.post(address, {"decision": "release", "reason": "", "otp_code": ""}).status_code == 422
    again = steward.post(address, {"decision": "", "reason": "", "otp_code": ""}).content.decode()
    assert '<a href="#id_decision">' in again, "what is missing leads to the choice"
    assert '<fieldset class="fr-fieldset fr-fieldset--error fr-mb-3w" id="id_decision"' in again
    assert again.count('for="id_decision_') == 2, "each answer has a label of its own"
    assert status_of(request) == "to_release"


def test_a_member_decides_nothing() -> None:
    member = PersonFactory.create()
    request = waiting(members=(member,))
    assert decided(client_signed_in(member), request, "release") == 404
