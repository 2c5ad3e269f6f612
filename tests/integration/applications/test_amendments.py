"""An amendment starts from what is authorised, is examined where it differs, and changes what was granted."""

import uuid
from datetime import date
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import authorised, selectors, services
from apps.applications.models import Application, Attachment, Member, StageOutcome
from apps.applications.services.documents import attachment_redact
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.extracts.models import ExtractRequest
from apps.projects.models import Entitlement, Membership, Project
from apps.workspaces.models import Workspace
from tests.factories import applications as made
from tests.factories.accounts import MandateFactory, client_signed_in, steward
from tests.integration.applications.amending import MORE, amended, changed, submitted
from tests.integration.applications.asking import text_of, url
from tests.integration.applications.deciding import approve, send_back

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)


@pytest.fixture
def decider() -> Person:
    return steward()


def test_more_of_known_data_is_decided_at_once_and_makes_another_extract(decider: Person) -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "variables", **MORE))
    assert {"committee", "choice", "cnil"} <= set(amendment.stages_done)
    shown = text_of(client_signed_in(decider).get(url("review", amendment))).replace("\xa0", " ")
    assert "Variables ajoutées à la table « Référentiel des bénéficiaires » (IR_BEN_R) : BEN_TOP_CNS." in shown
    approve(amendment, decider)
    assert made.fresh(amendment).status == "agreement", "what changes is signed anew"
    services.agreement_signed(application=amendment, by=decider)
    project = Project.objects.select_related("entitlement").get(application=root)
    assert project.entitlement.application_id == amendment.pk
    assert Entitlement.objects.get(application=root).ended_at is not None
    first, second = ExtractRequest.objects.filter(project=project).order_by("requested_at")
    assert (first.status, second.status) == ("superseded", "requested")
    assert second.definition_hash == project.entitlement.definition_hash != first.definition_hash
    assert StageOutcome.objects.filter(application=amendment, stage="committee").count() == 0
    assert Project.objects.count() == 1


def test_a_new_purpose_passes_the_committee_and_cnil_again(decider: Person) -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "purpose", purpose_kind="steering"))
    assert amendment.stages_done == []
    services.application_accept(application=amendment, seen_version=amendment.version, by=decider)
    assert made.fresh(amendment).status == "committee"


def test_what_was_passed_stands_when_a_return_adds_a_graver_change(decider: Person) -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "period", access_to="2029-12-31"))
    assert "committee" in amendment.stages_done
    assert "cnil" not in amendment.stages_done
    send_back(amendment, decider, purpose="Dites la finalité.")
    amendment = submitted(changed(made.fresh(amendment), "purpose", purpose_kind="steering"))
    assert "committee" not in amendment.stages_done


def test_a_steward_judges_otherwise_and_the_stages_follow(decider: Person) -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    judge = partial(services.amendment_judge, application=amendment, substantial=True, by=decider)
    with pytest.raises(RefusedError):
        judge(seen_version=amendment.version, reason=" ")
    with pytest.raises(ChangedMeanwhile):
        judge(seen_version=amendment.version + 1, reason="Autre étude.")
    judge(seen_version=amendment.version, reason="Autre étude.")
    assert made.fresh(amendment).stages_done == []
    with pytest.raises(RefusedError):
        plain = made.at_status("submitted")
        services.amendment_judge(
            application=plain, seen_version=plain.version, substantial=True, reason="Non.", by=decider
        )


def test_it_holds_pages_team_and_documents_of_what_is_authorised() -> None:
    root = made.at_status("approved")
    amendment = amended(root)
    assert amendment.number == f"{root.number}-A01"
    before, after = (selectors.snapshot_of(one) for one in (root, amendment))
    assert before["pages"] == after["pages"]
    assert [one["sha256"] for one in before["attachments"]] == [one["sha256"] for one in after["attachments"]]
    assert authorised.comparison(amendment, after).changes == ()
    with pytest.raises(RefusedError, match="diffère"):
        services.application_submit(application=amendment, seen_version=amendment.version, by=amendment.created_by)


def test_one_at_a_time_by_the_investigator_and_a_double_click_is_one(decider: Person) -> None:
    root = made.at_status("approved")
    key = uuid.uuid4()
    kind = Application.Kind.AMENDMENT
    first = services.amendment_start(application=root, kind=kind, creation_key=key, by=root.created_by)
    assert services.amendment_start(application=root, kind=kind, creation_key=key, by=root.created_by) == first
    with pytest.raises(RefusedError, match="en cours"):
        amended(root)
    with pytest.raises(RefusedError):
        amended(root, kind="initial")
    with pytest.raises(RefusedError, match="rôle"):
        amended(root, by=decider)
    with pytest.raises(IntegrityError):
        Application.objects.filter(pk=first.pk).update(amends=None)


def test_the_team_of_an_amendment_becomes_that_of_the_project(decider: Person) -> None:
    root = made.at_status("approved")
    stays, joins = root.created_by, made.researcher(organisation=root.organisation)
    amendment = amended(root)
    services.member_add(application=amendment, email=joins.email, by=stays)
    approve(submitted(made.fresh(amendment)), decider)
    project = Project.objects.get(application=root)
    assert Membership.objects.filter(project=project, person=joins).exists()
    assert joins.has_perm("view_application", root)
    again = amended(root)
    services.member_remove(application=again, person_id=str(joins.pk), by=stays)
    approve(submitted(made.fresh(again)), decider)
    assert not Membership.objects.filter(project=project, person=joins).exists()
    assert not Member.objects.filter(application__in=[root, amendment], person=joins).exists()
    assert not Person.objects.get(pk=joins.pk).has_perm("view_application", amendment)
    # Same data: what was asked for first still waits for its worker, and is asked for anew under the present terms.
    assert ExtractRequest.objects.filter(project=project, status="requested").count() == 1


def test_whoever_decided_on_the_first_dossier_joins_no_team_of_its_project(decider: Person) -> None:
    root = made.at_status("approved", decider=decider)
    MandateFactory.create(person=decider, organisation=root.organisation, starts_on=date(2020, 1, 1))
    with pytest.raises(RefusedError):
        services.member_add(application=amended(root), email=decider.email, by=root.created_by)


def test_whoever_is_on_the_authorised_team_does_not_decide_on_an_amendment(decider: Person) -> None:
    root = made.at_status("approved")
    mate = steward()
    Member.objects.create(application=root, person=mate, organisation=root.organisation, added_by=root.created_by)
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    assert mate.pk not in selectors.team_ids(amendment)
    with pytest.raises(RefusedError, match="partie"):
        approve(amendment, mate)


def test_the_same_data_are_extracted_again_once_what_was_delivered_is_removed(decider: Person) -> None:
    root = made.at_status("approved")
    extracts = ExtractRequest.objects.filter(project__application=root)
    extracts.update(status="delivered", manifest_sha256="f" * 64, removal_asked_at=timezone.now())
    approve(submitted(changed(amended(root), "title", title="Un autre titre")), decider)
    assert list(extracts.order_by("requested_at").values_list("status", flat=True)) == ["delivered", "requested"]


def test_a_renewal_changes_the_end_of_access_and_no_data(decider: Person) -> None:
    root = made.at_status("approved")
    delivered = ExtractRequest.objects.filter(project__application=root)
    delivered.update(status="delivered", manifest_sha256="f" * 64)
    Workspace.objects.filter(project__application=root).update(days_warned=7)
    renewal = amended(root, kind="renewal")
    with pytest.raises(RefusedError, match="renouvellement"):
        changed(renewal, "title", title="Un autre titre")
    old = Project.objects.get(application=root).ends_on
    with pytest.raises(services.Incomplete):
        submitted(changed(renewal, "period", access_to=old.isoformat()))
    approve(submitted(changed(renewal, "period", access_to=old.replace(year=old.year + 1).isoformat())), decider)
    project = Project.objects.select_related("entitlement").get(application=root)
    assert project.entitlement.ends_on == project.ends_on == old.replace(year=old.year + 1)
    assert ExtractRequest.objects.get(project=project).status == "delivered"
    assert Workspace.objects.get(project=project).days_warned is None


def test_a_redacted_document_is_gone_from_its_amendments_too(decider: Person) -> None:
    root = made.at_status("approved")
    amendment = amended(root)
    original = Attachment.objects.get(application=root)
    attachment_redact(application=root, attachment_id=str(original.pk), reason="Données de patients.", by=decider)
    assert Attachment.objects.get(application=amendment).redacted_at is not None


def test_an_amendment_keeps_its_path(decider: Person) -> None:
    root = made.at_status("approved")
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    with pytest.raises(RefusedError, match="parcours"):
        services.application_redirect(
            application=amendment, seen_version=amendment.version, path="mr004", reason="Autre parcours.", by=decider
        )
