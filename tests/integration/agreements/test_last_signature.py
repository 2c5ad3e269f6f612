"""What the last signature brings about in the portal's own database role, which sees only the rows of whoever signs."""

from collections.abc import Iterator

import psycopg
import pytest
from django.urls import reverse

from apps.accounts.models import Person
from apps.agreements import selectors
from apps.agreements.models import Agreement
from apps.agreements.selectors import version_of_project
from apps.extracts.models import ExtractRequest
from apps.workspaces.models import Workspace
from tests.factories import agreements
from tests.factories import applications as dossiers
from tests.factories.accounts import client_signed_in, current_code, steward
from tests.integration.agreements.conftest import Desk
from tests.integration.applications.amending import MORE, amended, changed, submitted
from tests.integration.applications.deciding import approve
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
    sign_last(urls["app"], desk.agreement, desk.platform)
    request = ExtractRequest.objects.get(project__application=desk.agreement.application_id)
    assert Workspace.objects.filter(project=request.project_id).exists()
    assert _seen(urls["app"], desk.platform) == []
    for stranger in (agreements.signatory(desk.agreement.application.organisation), None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            _add(urls["app"], stranger, request)


def test_the_last_signature_of_an_amendment_ends_the_extract_before_it(urls: dict[str, str], desk: Desk) -> None:
    """Given an approved amendment of the data, when its last signature comes, then another extract is asked for."""
    for person, kind in ((desk.controller, "controller"), (desk.platform, "platform")):
        agreements.sign(desk.agreement, person, kind)
    root = dossiers.fresh(desk.agreement.application)
    amendment = submitted(changed(amended(root), "variables", **MORE))
    approve(amendment, steward())
    again = agreements.signing(amendment)
    agreements.sign(again, desk.controller)
    sign_last(urls["app"], again, desk.platform)
    requests = ExtractRequest.objects.filter(project__application=root).order_by("requested_at")
    assert [request.status for request in requests] == ["superseded", "requested"]
    assert version_of_project(requests[0].project_id).agreement_id == again.pk


def sign_last(url: str, agreement: Agreement, signatory: Person) -> None:
    """Sign on the page for the platform, in the portal's own database role."""
    client = client_signed_in(signatory)
    typed = {
        "party": agreements.party(agreement, "platform").pk,
        "document_hash": selectors.present_version(agreement).document_hash,
        "read": "on",
        "otp_code": current_code(signatory),
    }
    with in_the_role_of(url):
        answer = client.post(reverse("agreements:sign", args=[agreement.pk]), typed)
    assert answer.status_code == 302


def _seen(url: str, person: Person) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as asking:
        asking.execute("SELECT set_config('hdh.person', %s, true)", [str(person.pk)])
        return asking.execute("SELECT id FROM extracts_extractrequest").fetchall()


def _add(url: str, person: Person | None, request: ExtractRequest) -> None:
    with psycopg.connect(url) as asking:
        asking.execute("SELECT set_config('hdh.person', %s, true)", [str(person.pk) if person else ""])
        asking.execute(ADDITION, [request.project_id])
