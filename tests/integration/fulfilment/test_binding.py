"""What is brought into a workspace is bound to what was verified."""

import pytest
from django.db import transaction

from apps.core import outbox
from apps.core.happenings import happened
from apps.extracts.models import ExtractRequest
from apps.workspaces.models import Workspace
from apps.workspaces.reconcile import spec_of
from tests.factories import workspaces as made

pytestmark = pytest.mark.django_db


def test_a_workspace_knows_the_manifest_of_its_extract_and_so_does_its_provider(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr(outbox, "ring", lambda item_id, queue: None)
    monkeypatch.setattr(settings, "DELIVERY_DIR", "s3://hdh/deliveries")
    waiting = made.workspace()
    request = ExtractRequest.objects.create(
        project=waiting.project, definition_hash="d" * 64, manifest_sha256="a" * 64, status="delivered"
    )
    with transaction.atomic():
        happened("extract.delivered", subject_id=str(request.pk), by="system:test")
    workspace = Workspace.objects.get(pk=waiting.pk)
    assert workspace.extract_manifest == "a" * 64
    spec = spec_of(workspace)
    assert (str(spec.data), spec.manifest) == (f"s3://hdh/deliveries/{request.pk}", "a" * 64)
