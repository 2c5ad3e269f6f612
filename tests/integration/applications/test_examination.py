"""The steward's queue and decision screen, and who may see what."""

import uuid
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.applications import examination, selectors, services
from apps.applications.models import Application, Decision
from apps.core import happenings
from apps.extracts.engine.problems import DefinitionError, Problem
from tests.factories.accounts import (
    MandateFactory,
    OrganisationFactory,
    PersonFactory,
    client_signed_in,
    current_code,
    steward,
)
from tests.factories.applications import (
    at_status,
    complete_contents,
    draft,
    fill,
    fresh,
    researcher,
    second_factor_accepted,
    stay,
)
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


def seen(application: Application, **form: Any) -> dict[str, Any]:
    return {"version": application.version, "content_hash": application.content_hash, **form}


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    return len(found)


class TestQueue:
    def test_those_that_await_a_steward_come_first_the_longest_waiting_at_the_top(self) -> None:
        young, old, returned = at_status("submitted"), at_status("submitted"), at_status("returned")
        for application, days in ((young, 1), (old, 5), (returned, 9)):
            when = timezone.now() - timedelta(days=days)
            Application.objects.filter(pk=application.pk).update(submitted_at=when)
        client = client_signed_in(steward())
        assert shown(client.get(reverse("applications:queue"))) == [old, young]
        assert shown(client.get(reverse("applications:queue"), {"status": "all"})) == [old, young, returned]
        assert shown(client.get(reverse("applications:queue"), {"status": "returned"})) == [returned]

    def test_counts_and_empty_state(self) -> None:
        at_status("submitted")
        at_status("withdrawn")
        draft()
        client = client_signed_in(steward())
        response = client.get(reverse("applications:queue"), {"status": "approved"})
        assert "Aucun dossier ici" in text_of(response)
        counts = {found.value: found.count.number for found in response.context["filters"]}
        assert {value: count for value, count in counts.items() if count} == {"submitted": 1, "all": 1}
        assert set(counts) == {*(set(Application.Status.values) - {"draft"}), "all"}

    @pytest.mark.parametrize("status", ["nonsense", "draft", "' OR 1=1"])
    def test_an_unknown_filter_shows_all_that_was_submitted(self, status: str) -> None:
        draft()
        client = client_signed_in(steward())
        assert shown(client.get(reverse("applications:queue"), {"status": status})) == []

    def test_the_number_of_queries_does_not_depend_on_the_number_of_dossiers(self) -> None:
        """Given 10 dossiers, then 1,000, the queue takes as many statements."""
        application = at_status("submitted")
        _copies(application, 9)
        client = client_signed_in(steward())
        few = queries(client, reverse("applications:queue"))
        _copies(application, 990)
        assert queries(client, reverse("applications:queue")) == few
        assert few <= 12
        assert len(shown(client.get(reverse("applications:queue"), {"page": "2"}))) == 25


def _copies(application: Application, count: int) -> None:
    last = Application.objects.count()
    Application.objects.bulk_create(
        Application(
            **{
                field.attname: getattr(application, field.attname)
                for field in Application._meta.concrete_fields
                if field.attname not in {"id", "number", "creation_key"}
            },
            number=f"COPY-{last + index}",
        )
        for index in range(count)
    )


def shown(response: Any) -> list[Application]:
    return [application for application, _standing, _deadline in response.context["lines"]]


class TestReview:
    def test_everything_is_on_one_screen(self) -> None:
        by = researcher(given_name="Camille", family_name="Durand")
        application = at_status("draft", by=by)
        variables = {
            "scope": {"IR_BEN_R": ["BEN_NAI_ANN"]},
            "justifications": {"IR_BEN_R": "Décrire les âges."},
            "identifiers": {"IR_BEN_R.BEN_NAI_ANN": "Âge exact requis."},
        }
        fill(application, by, {"variables": variables})
        services.application_submit(application=application, seen_version=1, by=by)
        page = text_of(client_signed_in(steward()).get(url("review", application)))
        for expected in (
            "Sont retenues les personnes qui",
            "Included are the people who",
            fresh(application).definition_hash,
            "Âge exact requis.",
            "Mois et année de naissance",
            "Camille Durand",
            "Nous étudions les personnes diabétiques.",
            "protocole.pdf",
            url("approve", application),
            url("return", application),
            url("refuse", application),
        ):
            assert expected in page

    def test_a_new_round_shows_what_changed(self) -> None:
        by, colleague = researcher(), researcher()
        application = at_status("draft", by=by)
        services.application_submit(application=application, seen_version=1, by=by)
        reasons = {"population": "Préciser.", "attachments": "Remplacer.", "team": "Compléter.", "purpose": "Dire."}
        services.application_return(application=application, seen_version=2, reasons=reasons, by=steward())
        application = fresh(application)
        changed = {
            "population": {"population": stay("E10")},
            "purpose": {**complete_contents()["purpose"], "funded": "yes"},
        }
        changed["purpose"]["funders"] = [{"name": "ANR", "nature": "public", "country": ""}]
        fill(application, by, changed)
        services.member_add(application=application, email=colleague.email, by=by)
        old = selectors.attachments_of(application).get()
        services.attachment_remove(application=application, attachment_id=str(old.pk), by=by)
        note = b"Nouveau protocole."
        services.attachment_add(application=application, kind="protocol", name="nouveau.txt", data=note, by=by)
        services.application_submit(application=application, seen_version=application.version, by=by)
        response = client_signed_in(steward()).get(url("review", application))
        changes = {change.label: (change.before, change.after) for change in response.context["changes"]}
        assert set(changes) == {
            "Critères de la population",
            "Le projet est-il financé par un tiers\u202f?",
            "Financeurs",
            "Protocole",
            "Personnes de l’équipe",
        }
        assert changes["Le projet est-il financé par un tiers\u202f?"] == ("Non", "Oui")
        assert changes["Protocole"] == ("protocole.pdf", "nouveau.txt")
        assert changes["Personnes de l’équipe"] == ("1", "1 maintenues, 0 retirées, 1 ajoutées")
        assert "Préciser." in text_of(response)

    def test_what_the_team_is_correcting_stays_theirs(self) -> None:
        """Given a returned dossier, the steward sees what was submitted, not what is being typed."""
        by = researcher()
        application = at_status("returned", by=by)
        fill(application, by, {"summary": {"summary_fr": "En cours d’écriture", "summary_en": ""}})
        page = text_of(client_signed_in(steward()).get(url("review", application)))
        assert "En cours d’écriture" not in page
        assert "Nous étudions les personnes diabétiques." in page
        assert url("approve", application) not in page

    def test_a_conflict_of_interest_is_said_and_takes_the_buttons_away(self) -> None:
        application = at_status("submitted")
        decider = steward()
        MandateFactory.create(person=decider, organisation=application.organisation)
        page = text_of(client_signed_in(decider).get(url("review", application)))
        assert "laissez-le à un autre instructeur" in page
        assert url("approve", application) not in page

    def test_a_definition_that_no_longer_reads_is_said(self) -> None:
        application = at_status("submitted")
        unreadable = DefinitionError([Problem("$", "c", "fr", "en")])
        with mock.patch.object(examination.composition, "definition", side_effect=unreadable):
            response = client_signed_in(steward()).get(url("review", application))
        assert "ne peut pas être lue" in text_of(response)

    def test_the_number_of_queries_is_fixed(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        client = client_signed_in(steward())
        few = queries(client, url("review", application))
        for _ in range(5):
            person, organisation = PersonFactory.create(), OrganisationFactory.create()
            application.members.create(person=person, organisation=organisation, added_by=by)
        assert queries(client, url("review", application)) == few
        assert few <= 20

    def test_documents_are_served_to_stewards(self) -> None:
        application = at_status("submitted")
        attachment = selectors.attachments_of(application).get()
        served = client_signed_in(steward()).get(url("review_attachment", application, attachment.pk))
        assert served.status_code == 200
        assert b"".join(served.streaming_content).startswith(b"%PDF")

    def test_a_draft_is_not_for_stewards(self) -> None:
        application = draft()
        assert client_signed_in(steward()).get(url("review", application)).status_code == 404


class TestReturn:
    def test_the_dossier_goes_back_with_its_reasons(self) -> None:
        application = at_status("submitted")
        client = client_signed_in(steward())
        sent = {"version": application.version, "reason-summary": "À revoir.", "reason-title": ""}
        response = client.post(url("return", application), sent)
        assert response["Location"] == url("review", application)
        assert fresh(application).status == "returned"
        assert "À revoir." in text_of(client.get(url("review", application)))

    @pytest.mark.parametrize("reasons", [{}, {"reason-summary": "  "}, {"reason-summary": "x" * 2001}])
    def test_without_a_good_reason_nothing_is_returned(self, reasons: dict[str, str]) -> None:
        application = at_status("submitted")
        sent = {"version": application.version, **reasons}
        response = client_signed_in(steward()).post(url("return", application), sent)
        assert response.status_code == 422
        assert "fr-alert--error" in text_of(response)
        assert fresh(application).status == "submitted"

    def test_a_reason_typed_is_kept_when_refused(self) -> None:
        application = at_status("submitted")
        long = "mot " * 600
        response = client_signed_in(steward()).post(
            url("return", application), {"version": application.version, "reason-summary": long}
        )
        assert long.strip() in text_of(response)


class TestApproveAndRefuse:
    def test_an_approval_asks_for_the_code(self) -> None:
        decider = steward()
        client = client_signed_in(decider)
        application = at_status("submitted")
        for code in ("", "abc", "12"):
            response = client.post(url("approve", application), seen(application, otp_code=code))
            assert response.status_code == 422
            assert "approve_otp_code_error" in text_of(response)
        assert fresh(application).status == "submitted"

    def test_an_approval_by_a_right_code(self) -> None:
        decider = steward()
        client = client_signed_in(decider)
        application = at_status("submitted")
        with mock.patch.dict(happenings._follow_ups, clear=True):
            sent = seen(application, otp_code=current_code(decider), comment="Bon.")
            response = client.post(url("approve", application), sent)
        assert response["Location"] == url("review", application)
        assert Decision.objects.get().comment == "Bon."

    @pytest.mark.parametrize(
        ("path", "status", "next_step"),
        [
            ("permanent_access", "submitted", "sont en préparation"),
            ("mr007", "decision", "La convention vient ensuite"),
        ],
    )
    def test_an_approval_tells_what_comes_next(self, path: str, status: str, next_step: str) -> None:
        application = at_status(status, path=path)
        client = client_signed_in(steward())
        with second_factor_accepted(), mock.patch.dict(happenings._follow_ups, clear=True):
            answer = client.post(url("approve", application), seen(application, otp_code="000000"), follow=True)
        assert next_step in text_of(answer)

    def test_mass_assignment_decides_nothing_else(self) -> None:
        application = at_status("submitted")
        sent = seen(application, otp_code="000000", by=str(uuid.uuid4()), outcome="refused", round="7")
        with second_factor_accepted():
            client_signed_in(steward()).post(url("approve", application), sent)
        decision = Decision.objects.get()
        assert (decision.outcome, decision.round) == ("approved", 1)

    def test_a_refusal_needs_its_reason_and_its_code(self) -> None:
        application = at_status("submitted")
        client = client_signed_in(steward())
        with second_factor_accepted():
            empty = client.post(url("refuse", application), seen(application, otp_code="000000", reason=" "))
            assert empty.status_code == 422
            assert "refuse_reason_error" in text_of(empty)
            done = client.post(url("refuse", application), seen(application, otp_code="000000", reason="Interdit."))
        assert done.status_code == 302
        assert fresh(application).status == "refused"

    @pytest.mark.parametrize("command", ["return", "approve", "refuse"])
    def test_the_second_of_two_stewards_is_told_and_sees_the_new_state(self, command: str) -> None:
        application = at_status("submitted")
        first = steward(given_name="Dominique", family_name="Robert")
        reasons = {"summary": "À revoir."}
        services.application_return(
            application=application, seen_version=application.version, reasons=reasons, by=first
        )
        form = {"reason-summary": "Moi aussi.", "otp_code": "000000", "reason": "Non."}
        with second_factor_accepted():
            response = client_signed_in(steward()).post(url(command, application), seen(application, **form))
        assert response.status_code == 409
        assert "Dominique Robert a renvoyé ce dossier" in text_of(response)
        assert Decision.objects.count() == 1

    @pytest.mark.parametrize("form", [{}, {"version": "x"}, {"content_hash": ""}, {"content_hash": "f" * 64}])
    def test_what_was_not_seen_is_not_approved(self, form: dict[str, str]) -> None:
        application = at_status("submitted")
        sent = {**seen(application), **form} if form else {}
        with second_factor_accepted():
            response = client_signed_in(steward()).post(url("approve", application), {**sent, "otp_code": "000000"})
        assert response.status_code == 409
        assert fresh(application).status == "submitted"

    def test_too_many_codes_wait(self) -> None:
        application = at_status("submitted")
        client = client_signed_in(steward())
        statuses = {
            client.post(url("approve", application), seen(application, otp_code=f"{n:06d}")).status_code
            for n in range(12)
        }
        assert statuses == {422, 429}
