"""What operators may do with an operation that stopped, whichever page it is asked from."""

import html
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import Person
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.workspaces import services
from apps.workspaces.models import Operation, Step, Workspace
from apps.workspaces.rules import Status
from apps.workspaces.sentences import REASONS
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in

pytestmark = pytest.mark.django_db


def operator() -> Person:
    return StaffRoleFactory.create(role="operator").person


def stopped_at(step: str) -> Workspace:
    """A workspace whose preparation stopped at a step and waits for a person."""
    workspace = made.at_status(Status.FAILED)
    operation = workspace.operations.get()
    Operation.objects.update(status=Operation.Status.FAILED)
    Step.objects.create(operation=operation, name=step, position=99, status=Step.Status.FAILED)
    OutboxItem.objects.filter(key=operation.idempotency_key).update(status="needs_human")
    return workspace


@pytest.mark.parametrize("stranger", [PersonFactory.create, made.steward])
def test_operators_alone_retry_and_skip(stranger: Any) -> None:
    workspace = stopped_at("deliver")
    seen = workspace.version
    with pytest.raises(RefusedError), transaction.atomic():
        services.step_retry(workspace=workspace, by=stranger(), seen_version=seen)
    with pytest.raises(RefusedError), transaction.atomic():
        services.step_skip(workspace=workspace, by=stranger(), reason="Vérifié à la main.", seen_version=seen)
    services.step_retry(workspace=workspace, by=operator(), seen_version=workspace.version)


def test_what_was_decided_on_an_older_state_is_not_done() -> None:
    workspace = stopped_at("deliver")
    with pytest.raises(ChangedMeanwhile):
        services.step_retry(workspace=workspace, by=operator(), seen_version=workspace.version - 1)


def test_a_step_that_isolates_or_tests_is_never_skipped() -> None:
    workspace = stopped_at("cloud_self_test")
    with pytest.raises(RefusedError):
        services.step_skip(workspace=workspace, by=operator(), reason="Pressé.", seen_version=workspace.version)
    assert Step.objects.get(position=99).status == Step.Status.FAILED


def test_the_proof_of_what_the_server_reads_is_never_left_out_and_the_operator_is_told_what_to_do_instead() -> None:
    workspace, by = stopped_at("deliver"), operator()
    services.step_skip(workspace=workspace, by=by, reason="Copié à la main.", seen_version=workspace.version)
    Step.objects.filter(position=99).update(name="verify_delivery", status=Step.Status.FAILED)
    Operation.objects.update(status=Operation.Status.FAILED)
    Workspace.objects.update(status=Status.FAILED)
    stopped = Workspace.objects.get()

    with pytest.raises(RefusedError, match="Relancez l’étape"), transaction.atomic():
        services.step_skip(workspace=stopped, by=by, reason="Pressé.", seen_version=stopped.version)

    page = client_signed_in(by).get(f"/exploitation/espaces/{stopped.pk}/").content.decode()
    assert "etape/passer" not in page
    assert str(REASONS["delivery_not_proven"]) in html.unescape(page)


def test_a_step_skipped_keeps_its_reason() -> None:
    workspace = stopped_at("deliver")
    services.step_skip(workspace=workspace, by=operator(), reason="Vérifié à la main.", seen_version=workspace.version)
    step = Step.objects.get(position=99)
    assert (step.status, step.waiting_for) == (Step.Status.SKIPPED, "Vérifié à la main.")


def test_an_operation_that_a_provider_does_not_know_is_refused() -> None:
    workspace = made.at_status(Status.RUNNING)
    with pytest.raises(RefusedError):
        services.workspace_rotate_keys(workspace=workspace, by=operator(), reason="", seen_version=workspace.version)
    assert not workspace.operations.filter(kind="rotate_keys").exists()
