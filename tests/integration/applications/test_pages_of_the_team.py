"""The applicant's pages in the browser, with and without JavaScript."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Mandate
from apps.applications import services
from apps.applications.models import Application, Member
from tests.factories.accounts import PersonFactory, client_signed_in, steward
from tests.factories.applications import at_status, draft, fresh, researcher
from tests.integration.applications.asking import HTMX, held, save, text_of, url

pytestmark = pytest.mark.django_db


class TestList:
    def test_the_empty_list_says_what_to_do(self) -> None:
        response = client_signed_in(researcher()).get(reverse("applications:list"))
        assert reverse("applications:create") in text_of(response)

    def test_without_a_mandate_it_says_how_to_get_one(self) -> None:
        client = client_signed_in(PersonFactory.create())
        assert reverse("applications:create") not in text_of(client.get(reverse("applications:list")))
        assert "<select" not in text_of(client.get(reverse("applications:create")))

    def test_each_dossier_says_where_it_stands(self) -> None:
        by = researcher()
        draft(by)
        at_status("submitted", by=by, title="Le second")
        draft()
        response = client_signed_in(by).get(reverse("applications:list"))
        assert [application.title for application, _standing in response.context["lines"]] == ["Le second", ""]
        assert [str(standing.turn) for _application, standing in response.context["lines"]] == [
            "L’instructeur",
            "Votre équipe",
        ]

    def test_many_dossiers_cost_no_more_queries(self) -> None:
        by = researcher()
        draft(by)
        client = client_signed_in(by)
        few = _queries(client, reverse("applications:list"))
        for _ in range(20):
            draft(by)
        assert _queries(client, reverse("applications:list")) == few


def _queries(client: Client, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


class TestCreate:
    def test_a_dossier_is_started_once_however_often_the_button_is_pressed(self) -> None:
        by = researcher()
        client = client_signed_in(by)
        sent: dict[str, Any] = {
            "organisation": by.mandates.get().organisation_id,
            "path": "mr004",
            "creation_key": uuid.uuid4(),
        }
        first, second = (client.post(reverse("applications:create"), sent) for _ in range(2))
        application = Application.objects.get()
        assert first.status_code == 302
        assert first["Location"] == second["Location"] == url("page", application, "title")

    @pytest.mark.parametrize("organisation", ["", "nonsense", "00000000-0000-4000-8000-000000000000"])
    def test_a_bad_organisation_is_refused_beside_the_field(self, organisation: str) -> None:
        client = client_signed_in(researcher())
        sent: dict[str, Any] = {"organisation": organisation, "path": "mr004", "creation_key": uuid.uuid4()}
        response = client.post(reverse("applications:create"), sent)
        assert response.status_code == 422
        assert "id_organisation_error" in text_of(response)
        assert not Application.objects.exists()

    def test_somebody_elses_organisation_is_refused(self) -> None:
        other = researcher().mandates.get().organisation
        client = client_signed_in(researcher())
        sent: dict[str, Any] = {"organisation": other.pk, "path": "mr004", "creation_key": uuid.uuid4()}
        assert client.post(reverse("applications:create"), sent).status_code == 422

    def test_a_mandate_that_ended_meanwhile_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        by = researcher()
        client = client_signed_in(by)
        organisation = by.mandates.get().organisation
        create = services.application_create

        def ended_meanwhile(**asked: Any) -> Application:
            Mandate.objects.all().delete()
            return create(**asked)

        monkeypatch.setattr(services, "application_create", ended_meanwhile)
        sent: dict[str, Any] = {"organisation": organisation.pk, "path": "mr004", "creation_key": uuid.uuid4()}
        assert client.post(reverse("applications:create"), sent).status_code == 422


class TestPlainPages:
    def test_without_javascript_a_save_leads_to_the_next_page(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        response = save(client, application, "title", title="Étude", acronym="", go="next")
        assert response["Location"] == url("page", application, "summary")
        assert held(application, "title") == {"title": "Étude", "acronym": ""}
        assert save(client, application, "summary", go="previous")["Location"] == url("page", application, "title")
        assert save(client, application, "title", go="stay")["Location"] == url("page", application, "title")
        assert save(client, application, "title", go="previous")["Location"] == url("page", application, "title")
        assert save(client, application, "title", go="overview")["Location"] == url("detail", application)

    def test_as_it_is_typed_it_is_saved_and_said(self) -> None:
        by = researcher()
        application = draft(by)
        response = save(client_signed_in(by), application, "title", HTMX, title="Étude")
        assert response.status_code == 200
        assert re.search(r"Enregistré à \d\d:\d\d", text_of(response))
        assert 'name="version" id="version" value="2" hx-swap-oob="true"' in text_of(response)
        assert "<html" not in text_of(response)

    def test_an_invalid_value_is_kept_with_its_message(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        fragment = save(client, application, "title", HTMX, title="x" * 201)
        assert "fr-message--error" in text_of(fragment)
        page = text_of(client.get(url("page", application, "title")))
        assert "x" * 201 in page
        assert "fr-message--error" in page
        assert "200" in page

    def test_nobody_is_reproached_with_a_blank_page_unless_they_ask(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        address = url("page", application, "title")
        assert "fr-message--error" not in text_of(client.get(address))
        assert "fr-message--error" in text_of(client.get(f"{address}?missing=1"))

    def test_a_conditional_field_appears_and_disappears(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        page = text_of(client.get(url("page", application, "purpose")))
        assert 'name="purpose_other"' not in page
        appeared = text_of(save(client, application, "purpose", HTMX, purpose_kind="other"))
        assert '<div id="field-purpose_other" hx-swap-oob="true">' in appeared
        assert 'name="purpose_other"' in appeared
        vanished = text_of(save(client, application, "purpose", HTMX, purpose_kind="research"))
        assert '<div id="field-purpose_other" hx-swap-oob="true"></div>' in vanished

    def test_fields_of_nothing_are_dropped(self) -> None:
        """Given a form with the fields of other rows (mass assignment), only the page's own are saved."""
        by = researcher()
        application = draft(by)
        sent: dict[str, Any] = {
            "title": "Étude",
            "status": "approved",
            "round": "9",
            "organisation": "x",
            "is_staff": "on",
        }
        save(client_signed_in(by), application, "title", **sent)
        assert held(application, "title") == {"title": "Étude"}
        assert fresh(application).status == "draft"

    @pytest.mark.parametrize("version", ["", "nonsense", "-3", "99999999999", "१"])
    def test_a_version_that_is_none_is_a_stale_one(self, version: str) -> None:
        by = researcher()
        application = draft(by)
        sent: dict[str, Any] = {"version": version, "title": "Étude"}
        assert client_signed_in(by).post(url("page", application, "title"), sent).status_code == 409
        assert held(application, "title") == {}

    def test_a_stale_save_shows_both_versions_and_keeps_mine_in_the_form(self) -> None:
        by, colleague = researcher(), researcher()
        application = draft(by)
        services.member_add(application=application, email=colleague.email, by=by)
        save(client_signed_in(colleague), application, "title", title="La leur")
        mine = {"version": 1, "title": "La mienne"}
        client = client_signed_in(by)
        response = client.post(url("page", application, "title"), mine)
        assert response.status_code == 409
        page = text_of(response)
        assert "La leur" in page
        assert 'value="La mienne"' in page
        assert colleague.full_name in page
        assert 'id="version" value="2"' in page
        assert client.post(url("page", application, "title"), {**mine, "version": 2}).status_code == 302
        assert held(application, "title") == {"title": "La mienne"}

    def test_a_stale_save_as_it_is_typed_is_told_where_it_is_typed(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        save(client, application, "title", title="Avant")
        response = client.post(url("page", application, "title"), {"version": 1, "title": "Après"}, headers=HTMX)
        assert response.status_code == 409
        assert response["HX-Retarget"] == "#save-state"
        assert "<html" not in text_of(response)

    def test_a_submitted_page_is_read_only(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        client = client_signed_in(by)
        for key in application.specification.keys:
            page = text_of(client.get(url("page", application, key)))
            assert "hx-post" not in page
            assert 'name="version"' not in page
        assert save(client, application, "title", title="Autre").status_code == 403
        assert held(application, "title")["title"] != "Autre"

    def test_a_return_shows_its_reason_beside_the_page(self) -> None:
        by = researcher()
        application = at_status("returned", by=by)
        client = client_signed_in(by)
        page = text_of(client.get(url("page", application, "summary")))
        assert "Trop technique pour le public." in page
        assert 'name="summary_fr"' in page
        assert 'name="title"' not in text_of(client.get(url("page", application, "title")))

    def test_a_page_of_no_form_is_missing(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        assert client.get(f"/dossiers/{application.pk}/nothing/").status_code == 404


class TestVariables:
    def test_tables_variables_and_justifications_are_kept(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        page = text_of(client.get(url("page", application, "variables")))
        assert 'value="IR_BEN_R.BEN_SEX_COD"' in page
        assert "BEN_NIR_PSA" not in page
        sent: dict[str, Any] = {"columns": ["IR_BEN_R.BEN_SEX_COD", "IR_BEN_R.BEN_NAI_ANN"], "why-IR_BEN_R": "Décrire."}
        fragment = text_of(save(client, application, "variables", HTMX, **sent))
        assert re.search(
            r'id="why-error-ir_ben_rben_nai_ann"[^>]*>\s*<p class="fr-message fr-message--error">', fragment
        )
        assert held(application, "variables")["scope"] == {"IR_BEN_R": ["BEN_NAI_ANN", "BEN_SEX_COD"]}
        justified: dict[str, Any] = {**sent, "why-IR_BEN_R.BEN_NAI_ANN": "Âge exact."}
        assert "fr-message--error" not in text_of(save(client, application, "variables", HTMX, **justified))
        assert "Âge exact." in text_of(client.get(url("page", application, "variables")))


class TestTeam:
    def test_the_lead_adds_and_removes(self) -> None:
        by, colleague = researcher(), researcher()
        application = draft(by)
        client = client_signed_in(by)
        added = client.post(url("member_add", application), {"email": colleague.email})
        assert added["Location"] == url("page", application, "team")
        assert colleague.full_name in text_of(client.get(url("page", application, "team")))
        client.post(url("member_remove", application, colleague.pk))
        assert not Member.objects.filter(person=colleague).exists()

    @pytest.mark.parametrize("email", ["", "not an address", "inconnu@exemple.fr", "x" * 300 + "@exemple.fr"])
    def test_a_bad_address_is_refused_beside_the_field_and_kept(self, email: str) -> None:
        by = researcher()
        application = draft(by)
        response = client_signed_in(by).post(url("member_add", application), {"email": email})
        assert response.status_code == 422
        assert "id_email_error" in text_of(response)
        assert f'value="{email}"' in text_of(response) or not email

    def test_a_member_sees_the_team_without_the_means_to_change_it(self) -> None:
        by, colleague, third = researcher(), researcher(), researcher()
        application = draft(by)
        services.member_add(application=application, email=colleague.email, by=by)
        client = client_signed_in(colleague)
        assert url("member_add", application) not in text_of(client.get(url("page", application, "team")))
        assert client.post(url("member_add", application), {"email": third.email}).status_code == 403


class TestSubmitAndWithdraw:
    def test_what_is_missing_is_listed_at_once_with_links(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        response = client.post(url("submit", application), {"version": application.version})
        assert response.status_code == 422
        page = text_of(response)
        for key, field in (("title", "title"), ("population", "population"), ("attachments", "protocol")):
            assert f"{url('page', application, key)}?missing=1#id_{field}" in page
        assert 'name="version"' not in page

    def test_a_complete_dossier_is_submitted(self) -> None:
        by = researcher()
        application = at_status("draft", by=by)
        client = client_signed_in(by)
        assert 'name="version"' in text_of(client.get(url("submit", application)))
        sent: dict[str, Any] = {"version": application.version}
        first, second = (client.post(url("submit", application), sent) for _ in range(2))
        assert first.status_code == second.status_code == 302
        assert fresh(application).round == 1
        assert client.get(url("submit", application)).status_code == 200

    def test_a_member_is_told_who_submits(self) -> None:
        by, colleague = researcher(), researcher()
        application = at_status("draft", by=by)
        services.member_add(application=application, email=colleague.email, by=by)
        page = text_of(client_signed_in(colleague).get(url("submit", application)))
        assert "responsable scientifique" in page
        assert 'name="version"' not in page

    def test_a_dossier_is_withdrawn(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        client = client_signed_in(by)
        assert url("withdraw", application) in text_of(client.get(url("detail", application)))
        assert client.post(url("withdraw", application), {"version": 1}).status_code == 409
        assert client.post(url("withdraw", application), {"version": application.version}).status_code == 302
        assert fresh(application).status == "withdrawn"


class TestOverview:
    def test_it_tells_the_story_in_sentences(self) -> None:
        by = researcher(given_name="Camille", family_name="Durand")
        decider = steward(given_name="Morgan", family_name="Petit")
        application = at_status("returned", by=by, decider=decider)
        page = text_of(client_signed_in(by).get(url("detail", application)))
        assert "Camille Durand a déposé le dossier" in page
        assert "Morgan Petit a renvoyé le dossier" in page
        assert "Trop technique pour le public." in page
        assert "page_saved" not in page

    def test_an_approved_dossier_leads_to_its_project(self) -> None:
        by = researcher()
        application = at_status("approved", by=by)
        page = text_of(client_signed_in(by).get(url("detail", application)))
        assert reverse("fulfilment:for_application", args=[application.pk]) in page

    def test_a_refusal_shows_its_reason(self) -> None:
        by = researcher()
        application = at_status("refused", by=by)
        assert "Finalité interdite." in text_of(client_signed_in(by).get(url("detail", application)))

    def test_in_english_too(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        client.cookies["django_language"] = "en"
        page = text_of(client.get(url("detail", application)))
        assert "Your team" in page
        assert "Public summary" in page
