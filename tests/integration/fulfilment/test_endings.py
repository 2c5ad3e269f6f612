"""A project is closed with its results, or its authorisation is withdrawn; what follows for those concerned."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Exclusion, Notice
from apps.core.errors import RefusedError
from apps.directory.models import Entry
from apps.directory.presentation import line
from apps.directory.rules import Results, Stage
from apps.directory.selectors import stage_of
from apps.directory.services import results_record
from apps.fulfilment import ending
from apps.projects.models import Project
from apps.projects.selectors import entitled
from apps.projects.services import End
from tests.factories import applications as made
from tests.factories.accounts import client_signed_in, steward
from tests.integration.applications.amending import amended, changed

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[None]:
    with made.documents_kept_in(tmp_path), made.second_factor_accepted():
        yield


@pytest.fixture
def decider() -> Person:
    return steward()


@pytest.fixture
def project(decider: Person) -> Project:
    """A project whose path the law publishes."""
    root = made.at_status("approved", path="simplified_sample", decider=decider)
    return Project.objects.select_related("application", "entitlement").get(application=root)


def lead_of(project: Project) -> Person:
    return project.application.created_by


def revoke(project: Project, by: Person, *, days: int = 30, reason: str = "Réidentification.") -> None:
    lead = lead_of(project)
    excluded = services.Excluded(
        [lead.pk], [project.application.organisation_id], timezone.localdate() + timedelta(days=days), reason
    )
    ending.project_revoke(project=project, revocation=ending.Revocation(excluded, "000000"), by=by)


class TestClosing:
    def test_results_come_first_unless_the_team_says_why_there_are_none(self, project: Project) -> None:
        lead = lead_of(project)
        end = End(Project.Ending.COMPLETED)
        with pytest.raises(RefusedError) as refused:
            ending.project_close(project=project, end=end, by=lead)
        assert refused.value.field == "told"
        told = Results("Méthode.", "", "Résultat.", "", ())
        results_record(entry=Entry.objects.get(), results=told, seen_version=1, by=lead)
        ending.project_close(project=project, end=end, by=lead)
        assert Project.objects.get().status == "closed"
        assert not entitled(project.pk, timezone.localdate())

    def test_the_public_page_says_how_it_ended_and_nothing_more_is_amended(
        self, project: Project, client: Client
    ) -> None:
        ending.project_close(
            project=project, end=End(Project.Ending.STOPPED, "Financement retiré."), by=lead_of(project)
        )
        entry = Entry.objects.get()
        assert stage_of(entry) is Stage.ENDED
        page = client.get(reverse("directory:entry", args=[project.application_id])).content.decode()
        assert "Financement retiré." in page
        with pytest.raises(RefusedError, match="terminé"):
            amended(made.fresh(project.application))

    def test_not_while_an_amendment_is_under_way(self, project: Project) -> None:
        amended(project.application)
        with pytest.raises(RefusedError, match="en cours"):
            ending.project_close(project=project, end=End(Project.Ending.STOPPED, "Fini."), by=lead_of(project))

    def test_on_its_page(self, project: Project) -> None:
        address = reverse("fulfilment:close", args=[project.pk])
        browser = client_signed_in(lead_of(project))
        assert "Aucun résultat" in browser.get(address).content.decode()
        lacking = browser.post(address, {"ending": "completed", "told": "", "confirmed": "on"})
        assert (lacking.status_code, Project.objects.get().status) == (422, "active")
        browser.post(address, {"ending": "completed", "told": "Publié ailleurs.", "confirmed": "on"})
        assert Project.objects.get().ending_told == "Publié ailleurs."
        assert "Publié ailleurs." in browser.get(reverse("fulfilment:project", args=[project.pk])).content.decode()
        assert "déjà terminé" in browser.get(address).content.decode()


class TestMisuse:
    def test_access_ends_now_and_those_concerned_are_told(self, project: Project, decider: Person) -> None:
        revoke(project, decider)
        assert Project.objects.get().status == "revoked"
        assert not entitled(project.pk, timezone.localdate())
        assert Notice.objects.filter(person=lead_of(project), kind="revoked").exists()
        entry = Entry.objects.get()
        assert stage_of(entry) is Stage.REVOKED
        assert entry.ending_told == ""
        assert line(entry, "fr", "").badge == "error"

    def test_a_new_application_is_refused_with_the_reason(self, project: Project, decider: Person) -> None:
        lead, organisation = lead_of(project), project.application.organisation
        waiting = made.draft(made.researcher(organisation), complete=True)
        revoke(project, decider)
        with pytest.raises(RefusedError, match="Réidentification") as refused:
            services.application_create(organisation=organisation, creation_key=uuid.uuid4(), by=lead)
        assert refused.value.field == "organisation"
        assert len(refused.value.messages) == 2
        with pytest.raises(RefusedError, match="Réidentification"):
            services.application_submit(application=waiting, seen_version=waiting.version, by=waiting.created_by)
        for exclusion in Exclusion.objects.all():
            services.exclusion_lift(exclusion=exclusion, reason="Erreur établie.", by=decider)
        services.application_submit(application=waiting, seen_version=waiting.version, by=waiting.created_by)

    def test_an_exclusion_ends_with_its_day(self, project: Project, decider: Person) -> None:
        revoke(project, decider)
        with pytest.raises(RefusedError):
            made.draft(lead_of(project))
        Exclusion.objects.update(until_on=timezone.localdate() - TOMORROW)
        assert made.draft(lead_of(project)).status == "draft"

    def test_an_amendment_under_way_is_not_approved_any_more(self, project: Project, decider: Person) -> None:
        amendment = changed(amended(project.application), "title", title="Un autre titre")
        revoke(project, decider)
        with pytest.raises(RefusedError, match="terminé"):
            services.application_submit(application=amendment, seen_version=amendment.version, by=lead_of(project))

    @pytest.mark.parametrize(("days", "reason"), [(0, "Mésusage."), (6 * 366, "Mésusage."), (30, " ")])
    def test_an_exclusion_has_a_reason_and_an_end_within_the_rules(
        self, project: Project, decider: Person, days: int, reason: str
    ) -> None:
        with pytest.raises(RefusedError):
            revoke(project, decider, days=days, reason=reason)
        assert Project.objects.get().status == "active"

    def test_nobody_of_the_team_withdraws_it_and_nobody_lifts_their_own(
        self, project: Project, decider: Person
    ) -> None:
        with pytest.raises(RefusedError):
            revoke(project, lead_of(project))
        revoke(project, decider)
        own = Exclusion.objects.get(person=lead_of(project))
        with pytest.raises(RefusedError):
            services.exclusion_lift(exclusion=own, reason="Non.", by=lead_of(project))
        with pytest.raises(RefusedError):
            services.exclusion_lift(exclusion=own, reason=" ", by=decider)

    def test_on_its_pages(self, project: Project, decider: Person) -> None:
        browser = client_signed_in(decider)
        address = reverse("fulfilment:revoke", args=[project.pk])
        assert lead_of(project).full_name in browser.get(address).content.decode()
        until = (timezone.localdate() + timedelta(days=30)).isoformat()
        asked = {"reason": "Réidentification.", "until_on": until, "otp_code": "000000"}
        assert browser.post(address, {**asked, "until_on": "2020-01-01"}).status_code == 422
        browser.post(address, {**asked, "people": str(lead_of(project).pk)})
        assert Project.objects.get().status == "revoked"
        listed = reverse("applications:exclusions")
        assert "Réidentification." in browser.get(listed).content.decode()
        lift = reverse("applications:exclusion_lift")
        assert browser.post(lift, {"exclusion": "x", "reason": ""}).status_code == 422
        browser.post(lift, {"exclusion": str(Exclusion.objects.get().pk), "reason": "Erreur établie."})
        assert "Erreur établie." in browser.get(listed).content.decode()
        assert Application.objects.get().project_ended_on == timezone.localdate()
