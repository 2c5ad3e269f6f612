"""No path that asks for an agreement opens anything before its last signature counts, whatever brought it there."""

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.applications import services as dossier_services
from apps.applications.models import Application
from apps.applications.policy import Stage, policy_on
from apps.extracts.models import ExtractRequest
from apps.projects.models import Entitlement, Membership, Project
from apps.projects.selectors import access_of
from apps.workspaces.models import Workspace
from tests.factories import agreements
from tests.factories import applications as dossiers
from tests.factories.accounts import client_signed_in, steward
from tests.integration.agreements.conftest import Desk
from tests.integration.applications.amending import MORE, amended, changed, submitted
from tests.integration.applications.deciding import approve

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
SIGNED_PATHS = [path.key for path in policy_on(TODAY).paths_in_force(TODAY) if Stage.AGREEMENT in path.stages]


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)


def opened() -> list[type]:
    """What an approval makes, and has made here."""
    return [model for model in (Project, Entitlement, Membership, ExtractRequest, Workspace) if model.objects.exists()]


def agreement_state(application: Application) -> str:
    """How the agreement stands among the conditions of the investigator's access."""
    project = Project.objects.get(application=application.amends_id or application.pk)
    lead = application.members.get(role="principal_investigator").person
    return next(str(one.state) for one in access_of(project, lead) if one.code == "agreement")


@pytest.mark.parametrize("path", SIGNED_PATHS)
def test_an_approval_opens_nothing_before_every_party_has_signed(path: str) -> None:
    application = dossiers.at_status("agreement", path=path)
    assert application.status == "agreement"
    assert opened() == []
    found = agreements.signing(application)
    agreements.sign(found, agreements.signatory(application.organisation), "controller")
    assert opened() == [], "one signature of two"
    team = client_signed_in(application.created_by)
    assert team.get(reverse("fulfilment:for_application", args=[application.pk])).status_code == 404
    agreements.sign(found, agreements.signatory(dossiers.platform()), "platform")
    assert Workspace in opened()
    assert agreement_state(application) == "met"


def test_a_dossier_that_was_pushed_on_without_signatures_gives_no_access() -> None:
    """Given the shortcut that other tests take, the gate itself still asks for the signatures."""
    assert agreement_state(dossiers.at_status("approved", path="full_authorisation")) == "pending"


@pytest.mark.parametrize(
    ("page", "answers"), [("variables", MORE), ("title", {"title": "Un autre titre"})], ids=["data", "wording"]
)
def test_an_amendment_moves_nothing_before_its_own_last_signature(
    desk: Desk, page: str, answers: dict[str, object]
) -> None:
    for person, kind in ((desk.controller, "controller"), (desk.platform, "platform")):
        agreements.sign(desk.agreement, person, kind)
    root = dossiers.fresh(desk.agreement.application)
    amendment = submitted(changed(amended(root), page, **answers))
    approve(amendment, steward())
    held = Entitlement.objects.get()
    assert dossiers.fresh(amendment).status == "agreement"
    assert (held.application_id, held.ended_at) == (root.pk, None)
    assert agreement_state(root) == "met", "what was signed holds until then"
    again = agreements.signing(amendment)
    agreements.sign(again, desk.controller, "controller")
    assert Entitlement.objects.count() == 1
    agreements.sign(again, desk.platform, "platform")
    assert Entitlement.objects.get(ended_at=None).application_id == amendment.pk
    assert agreement_state(root) == "met"


def test_an_amendment_that_was_pushed_on_without_signatures_is_not_signed_by_those_of_the_first(desk: Desk) -> None:
    for person, kind in ((desk.controller, "controller"), (desk.platform, "platform")):
        agreements.sign(desk.agreement, person, kind)
    root = dossiers.fresh(desk.agreement.application)
    amendment = submitted(changed(amended(root), "variables", **MORE))
    approve(amendment, steward())
    dossier_services.agreement_signed(application=dossiers.fresh(amendment), by=desk.platform)
    assert agreement_state(root) == "pending"
