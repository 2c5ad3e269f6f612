"""Another principal investigator: named in a draft, or by an amendment that the project follows at its decision."""

from uuid import uuid4

import pytest
from django.urls import reverse

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.amendment_page import amendment_read
from apps.applications.models import Application, Member, Notice
from apps.audit.models import Event
from apps.core.errors import RefusedError
from apps.projects.models import Membership, Project
from apps.projects.selectors import access_of
from tests.factories import applications as made
from tests.factories.accounts import client_signed_in, steward
from tests.integration.applications.amending import amended, submitted
from tests.integration.applications.asking import text_of, url
from tests.integration.applications.deciding import approve

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)


def lead_of(application: Application) -> Person:
    return Member.objects.get(application=application, role="principal_investigator").person


def joined(application: Application, **more: str) -> Person:
    person = made.researcher(organisation=application.organisation, **more)
    services.member_add(application=application, email=person.email, by=lead_of(application))
    return person


class TestInADraft:
    def test_whoever_is_named_answers_for_the_dossier_and_whoever_led_no_longer_does(self) -> None:
        before = made.researcher()
        application = made.at_status("draft", by=before)
        named = joined(application)
        response = client_signed_in(before).post(url("investigator_name", application), {"person": str(named.pk)})
        assert response["Location"] == url("page", application, "team")
        assert lead_of(application) == named
        assert Member.objects.get(application=application, person=before).role == "member"
        assert Notice.objects.get(person=named).kind == "investigator"
        with pytest.raises(RefusedError, match="rôle"):
            services.application_submit(application=application, seen_version=application.version, by=before)
        services.application_submit(application=application, seen_version=application.version, by=named)

    def test_the_same_twice_is_once_and_the_former_lead_may_not_take_it_back(self) -> None:
        application = made.draft()
        before, named = lead_of(application), joined(application)
        services.investigator_name(application=application, person_id=named.pk, by=before)
        services.investigator_name(application=application, person_id=named.pk, by=named)
        assert Event.objects.filter(action="application.investigator_named").count() == 1
        with pytest.raises(RefusedError, match="rôle"):
            services.investigator_name(application=application, person_id=before.pk, by=before)

    def test_only_an_active_person_of_the_team_is_named(self) -> None:
        application = made.draft()
        lead, closed = lead_of(application), joined(application)
        Person.objects.filter(pk=closed.pk).update(is_active=False)
        for person in (made.researcher().pk, closed.pk, uuid4()):
            with pytest.raises(RefusedError) as refused:
                services.investigator_name(application=application, person_id=person, by=lead)
            assert refused.value.field == "person"
        page = client_signed_in(lead).post(url("investigator_name", application), {"person": str(uuid4())})
        assert page.status_code == 422
        assert lead_of(application) == lead

    def test_not_once_submitted(self) -> None:
        application = made.at_status("draft")
        lead, other = lead_of(application), joined(application)
        services.application_submit(application=application, seen_version=application.version, by=lead)
        with pytest.raises(RefusedError, match="état"):
            services.investigator_name(application=application, person_id=other.pk, by=lead)


class TestByAnAmendment:
    @pytest.mark.parametrize("stays", [True, False])
    def test_the_project_follows_at_the_decision_and_not_before(self, stays: bool) -> None:
        root = made.at_status("approved")
        before, project = lead_of(root), Project.objects.get(application=root)
        amendment = amended(root)
        named = joined(amendment)
        services.investigator_name(application=amendment, person_id=named.pk, by=before)
        if not stays:
            services.member_remove(application=amendment, person_id=str(before.pk), by=named)
        amendment = submitted(made.fresh(amendment), by=named)
        leads = Membership.objects.filter(project=project, role="principal_investigator")
        assert leads.get().person == lead_of(root) == before, "nothing changes before the decision"
        approve(amendment, steward())
        assert leads.get().person == lead_of(root) == named
        assert Membership.objects.filter(project=project, person=before).exists() is stays
        assert Person.objects.get(pk=before.pk).has_perm("view_application", root) is stays
        address = reverse("fulfilment:project", args=[project.pk])
        assert client_signed_in(before).get(address).status_code == (200 if stays else 404)
        with pytest.raises(RefusedError):
            amended(root, by=before)
        assert amended(root, by=named).number.endswith("-A02")

    def test_whoever_is_new_works_with_the_data_once_accredited_and_not_before(self) -> None:
        root = made.at_status("approved")
        amendment = amended(root)
        before, named = lead_of(root), joined(amendment)
        services.investigator_name(application=amendment, person_id=named.pk, by=before)
        approve(submitted(made.fresh(amendment), by=named), steward())
        unmet = {one.code for one in access_of(Project.objects.get(application=root), named) if not one.is_met}
        assert "training" in unmet
        assert "membership" not in unmet

    def test_the_difference_names_both_and_only_what_changed_is_examined_again(self) -> None:
        root = made.at_status("approved", path="full_authorisation")
        amendment = amended(root)
        before, named = lead_of(root), joined(amendment, given_name="Nora", family_name="Benali")
        services.investigator_name(application=amendment, person_id=named.pk, by=before)
        amendment = submitted(made.fresh(amendment), by=named)
        assert {"committee", "choice", "cnil"} <= set(amendment.stages_done)
        read = amendment_read(amendment)
        assert read is not None
        line = next(one for one in read.lines if one.label == "Responsable scientifique")
        assert (line.before, line.after) == (before.full_name, "Nora Benali")
        assert not read.is_substantial
        page = text_of(client_signed_in(steward()).get(url("review", amendment)))
        assert "Nouveau responsable scientifique" in page
