"""What the last signature brings about in the portal's own database role, which sees only the rows of whoever signs."""

from collections.abc import Iterator

import psycopg
import pytest
from django.urls import reverse

from apps.accounts.models import Person
from apps.agreements import selectors
from apps.extracts.models import ExtractRequest
from apps.workspaces.models import Workspace
from tests.factories import agreements
from tests.factories.accounts import client_signed_in, current_code
from tests.integration.agreements.conftest import Desk
from tests.support.database_roles import in_the_role_of, portal_and_workers

pytestmark = pytest.mark.django_db(transaction=True)
ADDITION = """
    INSERT INTO extracts_extractrequest (id, project_id, definition_hash, status, stage, units_done, units_total,
        rows, reason, source_release, key_id, manifest_sha256, requested_at)
    VALUES (gen_random_uuid(), %s, '', 'requested', '', 0, 0, 0, '', '', '', '', now())"""


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with portal_and_workers(monkeypatch) as made:
        yield made


def test_the_last_signatory_opens_the_project_and_sees_none_of_its_rows(urls: dict[str, str], desk: Desk) -> None:
    """Given an agreement that lacks one signature, when its signatory gives it, then the extract is requested."""
    agreements.sign(desk.agreement, desk.controller)
    signatory = client_signed_in(desk.platform)
    typed = {
        "party": agreements.party(desk.agreement, "platform").pk,
        "document_hash": selectors.present_version(desk.agreement).document_hash,
        "read": "on",
        "otp_code": current_code(desk.platform),
    }
    with in_the_role_of(urls["app"]):
        answer = signatory.post(reverse("agreements:sign", args=[desk.agreement.pk]), typed)
    assert answer.status_code == 302
    request = ExtractRequest.objects.get(project__application=desk.agreement.application_id)
    assert Workspace.objects.filter(project=request.project_id).exists()
    assert _seen(urls["app"], desk.platform) == []
    for stranger in (agreements.signatory(desk.agreement.application.organisation), None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            _add(urls["app"], stranger, request)


def _seen(url: str, person: Person) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as asking:
        asking.execute("SELECT set_config('hdh.person', %s, true)", [str(person.pk)])
        return asking.execute("SELECT id FROM extracts_extractrequest").fetchall()


def _add(url: str, person: Person | None, request: ExtractRequest) -> None:
    with psycopg.connect(url) as asking:
        asking.execute("SELECT set_config('hdh.person', %s, true)", [str(person.pk) if person else ""])
        asking.execute(ADDITION, [request.project_id])
