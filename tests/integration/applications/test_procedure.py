"""The stages in the database: clocks, silences, conditions, checklists, and every path driven by clicking."""

from datetime import date, datetime, time, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import selectors, services
from apps.applications.models import (
    Application,
    ChecklistMark,
    Obligation,
    StageClock,
    StageOutcome,
)
from apps.applications.policy import calendar
from apps.applications.rules import Outcome
from apps.core import outbox
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from tests.factories.accounts import client_signed_in, current_code, steward
from tests.factories.applications import PDF, at_status, fresh, researcher
from tests.integration.applications.asking import text_of, url
from tests.integration.applications.deciding import approve

pytestmark = pytest.mark.django_db
FULL = "full_authorisation"


def clock(application: Application) -> StageClock:
    found = selectors.clock_of(application)
    assert found is not None
    return found


def fall_due(application: Application, what: str) -> None:
    """Let the day come on which this is due, and the workers do what is due by then."""
    items = OutboxItem.objects.filter(kind="application.due", subject_id__contains=f":{what}:", status="pending")
    items.update(not_before=timezone.now() - timedelta(days=30))
    for item in items:
        outbox.run_item(item.pk)


def at_day(day: date) -> Any:
    """Have it be that day."""
    return mock.patch("django.utils.timezone.now", return_value=timezone.make_aware(datetime.combine(day, time(12))))


class TestClock:
    def test_it_starts_with_the_submission_and_again_with_a_complete_file(self) -> None:
        by, decider = researcher(), steward()
        application = at_status("submitted", by=by, path=FULL)
        assert clock(application).due_on == calendar.working_days_after(timezone.localdate(), 7) == application.due_on
        services.application_accept(application=application, seen_version=application.version, by=decider)
        assert clock(application).stage == "committee"
        assert StageClock.objects.get(application=application, stage="submitted").ended_on == timezone.localdate()

    def test_it_stands_still_while_information_is_awaited_and_runs_on_afterwards(self) -> None:
        """Given a dossier before the committee, when information is asked for and given ten days later, then ten days
        are added.
        """
        by, decider = researcher(), steward()
        application = at_status("committee", by=by, decider=decider, path=FULL)
        before = clock(application)
        services.application_return(
            application=application, seen_version=application.version, reasons={"summary": "À préciser."}, by=decider
        )
        stopped = StageClock.objects.get(pk=before.pk)
        assert stopped.stopped_on == timezone.localdate()
        assert clock(application).stage == "returned"
        stopped.stopped_on = timezone.localdate() - timedelta(days=10)
        stopped.save()
        resubmit(application, by, decider)
        after = clock(fresh(application))
        assert after.pk == before.pk
        assert after.due_on == calendar.working_day_from(before.due_on + timedelta(days=10))

    def test_an_extension_is_granted_once_and_with_reasons(self) -> None:
        decider = steward()
        application = at_status("cnil", decider=decider, path=FULL)
        before = clock(application).due_on
        with pytest.raises(RefusedError):
            extend(application, decider, " ")
        extend(application, decider, "Dossier complexe.")
        assert clock(application).due_on == calendar.working_day_from(calendar.months_after(before, 2))
        with pytest.raises(RefusedError, match="prolongé"):
            extend(application, decider, "Encore.")
        with pytest.raises(ChangedMeanwhile):
            services.delay_extend(application=application, seen_version=0, reason="Tard.", by=decider)

    def test_each_due_job_is_done_once_however_long_the_workers_were_away(self) -> None:
        application = at_status("committee", path=FULL)
        fall_due(application, "lapse")
        lapsed = clock(application)
        assert lapsed.silence == "favourable"
        moment = lapsed.lapsed_at
        OutboxItem.objects.filter(kind="application.due").update(status="pending", lease_until=None)
        fall_due(application, "lapse")
        assert clock(application).lapsed_at == moment

    def test_a_reminder_is_told_once_a_day_and_not_for_a_clock_that_has_ended(self) -> None:
        application = at_status("committee", path=FULL)
        fall_due(application, "reminder")
        assert clock(application).reminded_on == timezone.localdate()
        ended = at_status("choice", path=FULL)
        fall_due(ended, "reminder")
        # The team's own delay to answer runs now, and is reminded of.
        reminded = StageClock.objects.filter(application=ended, reminded_on__isnull=False)
        assert set(reminded.values_list("stage", flat=True)) == {"choice"}

    def test_an_end_ends_every_clock(self) -> None:
        by = researcher()
        application = at_status("committee", by=by, path=FULL)
        services.application_withdraw(application=application, seen_version=application.version, by=by)
        assert not StageClock.objects.filter(application=application, ended_on=None).exists()
        assert fresh(application).due_on is None


def extend(application: Application, by: Person, reason: str) -> None:
    services.delay_extend(application=application, seen_version=application.version, reason=reason, by=by)


def resubmit(application: Application, by: Person, decider: Person) -> None:
    application = fresh(application)
    services.application_submit(application=application, seen_version=application.version, by=by)
    application = fresh(application)
    services.application_accept(application=application, seen_version=application.version, by=decider)


class TestSilence:
    def test_a_steward_confirms_it_and_it_stays_tacit(self) -> None:
        decider = steward()
        application = at_status("committee", path=FULL)
        with pytest.raises(RefusedError):
            services.silence_confirm(application=application, seen_version=application.version, by=decider)
        fall_due(application, "lapse")
        services.silence_confirm(application=application, seen_version=application.version, by=decider)
        opinion = StageOutcome.objects.get(application=application, stage="committee")
        assert (opinion.outcome, opinion.express) == ("favourable", False)
        assert fresh(application).status == "choice"

    def test_after_a_tacit_opinion_the_silence_of_cnil_authorises_nothing(self) -> None:
        by, decider = researcher(), steward()
        application = at_status("committee", by=by, decider=decider, path=FULL)
        fall_due(application, "lapse")
        services.silence_confirm(application=application, seen_version=application.version, by=decider)
        application = fresh(application)
        services.application_refer(application=application, seen_version=application.version, by=by)
        fall_due(application, "lapse")
        assert clock(application).silence == ""
        assert clock(application).lapsed_at

    def test_after_an_express_opinion_the_silence_of_cnil_authorises(self) -> None:
        application = at_status("cnil", path=FULL)
        fall_due(application, "lapse")
        assert clock(application).silence == "authorised"

    def test_mr007_knows_no_silence(self) -> None:
        application = at_status("committee", path="mr007")
        fall_due(application, "lapse")
        assert clock(application).silence == ""
        with pytest.raises(RefusedError):
            services.opinion_record(
                application=application, outcome=Outcome.FAVOURABLE, express=False, session_ref="2026-01", by=steward()
            )


class TestCnil:
    def test_conditions_become_obligations_that_a_steward_sees_fulfilled(self) -> None:
        decider = steward()
        client = client_signed_in(decider)
        application = at_status("cnil", decider=decider, path=FULL)
        answer = client.post(
            url("cnil", application),
            {
                "version": application.version,
                "outcome": "authorised_with_conditions",
                "reference": "DR-2026-012",
                "decided_on": timezone.localdate().isoformat(),
                "conditions": "Chiffrer les sauvegardes\n\nInformer les personnes",
                "document": SimpleUploadedFile("décision.pdf", PDF),
            },
        )
        assert answer.status_code == 302
        open_ones = list(Obligation.objects.filter(application=application, fulfilled_at=None))
        assert [found.text for found in open_ones] == ["Chiffrer les sauvegardes", "Informer les personnes"]
        page = text_of(client.get(url("review", application)))
        assert "Chiffrer les sauvegardes" in page
        assert "DR-2026-012" in page
        served = client.get(url("review_authority_document", application))
        assert b"".join(served.streaming_content) == PDF
        noted = {"version": 1, "obligation": open_ones[0].pk, "note": "Procédure vérifiée."}
        assert client.post(url("obligation", application), noted).status_code == 302
        assert Obligation.objects.get(pk=open_ones[0].pk).fulfilled_by == decider
        assert client.post(url("obligation", application), {"note": ""}).status_code == 422

    @pytest.mark.parametrize(("outcome", "status"), [(Outcome.REFUSED, "refused"), (Outcome.CLOSED, "discontinued")])
    def test_a_refusal_ends_the_dossier_and_owes_its_reasons(self, outcome: Outcome, status: str) -> None:
        decider = steward()
        application = at_status("cnil", decider=decider, path=FULL)
        bare = services.AuthorityDecision(outcome, "DR-1", timezone.localdate())
        with pytest.raises(RefusedError):
            services.cnil_decision_record(application=application, decision=bare, by=decider)
        told = services.AuthorityDecision(outcome, "DR-1", timezone.localdate(), comment="Finalité trop large.")
        services.cnil_decision_record(application=application, decision=told, by=decider)
        assert fresh(application).status == status

    def test_a_document_that_is_not_what_it_says_records_nothing(self) -> None:
        application = at_status("cnil", path=FULL)
        decision = services.AuthorityDecision(Outcome.AUTHORISED, "DR-1", timezone.localdate())
        with pytest.raises(RefusedError):
            services.cnil_decision_record(
                application=application, decision=decision, document=("x.pdf", b"MZ"), by=steward()
            )
        assert fresh(application).status == "cnil"

    def test_a_decision_needs_its_number_and_a_day_that_has_come(self) -> None:
        application = at_status("cnil", path=FULL)
        tomorrow = timezone.localdate() + timedelta(days=1)
        for reference, day in ((" ", timezone.localdate()), ("DR-1", tomorrow)):
            with pytest.raises(RefusedError):
                services.cnil_decision_record(
                    application=application,
                    decision=services.AuthorityDecision(Outcome.AUTHORISED, reference, day),
                    by=steward(),
                )


class TestReview:
    def test_an_item_to_be_corrected_keeps_the_dossier_from_being_complete(self) -> None:
        decider = steward()
        client = client_signed_in(decider)
        application = at_status("submitted", path=FULL)
        client.post(url("check", application), {"mark-title_clear": "good", "mark-summary_plain": "wrong"})
        assert dict(selectors.checklist_marks(application)) == {"title_clear": "good", "summary_plain": "wrong"}
        answer = client.post(url("accept", application), {"version": application.version})
        assert answer.status_code == 422
        assert "À corriger" in text_of(client.get(url("review", application)))
        client.post(url("check", application), {"mark-summary_plain": ""})
        assert client.post(url("accept", application), {"version": application.version}).status_code == 302

    @pytest.mark.parametrize("marks", [{"mark-nonsense": "good"}, {"mark-title_clear": "perfect"}])
    def test_an_item_that_does_not_exist_is_refused(self, marks: dict[str, str]) -> None:
        application = at_status("submitted")
        assert client_signed_in(steward()).post(url("check", application), marks).status_code == 403
        assert not ChecklistMark.objects.exists()

    def test_a_reason_often_given_reaches_the_team_with_what_was_typed(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        form = {"version": application.version, "often-summary": "summary_technical", "reason-summary": "Voir le § 2."}
        assert client_signed_in(steward()).post(url("return", application), form).status_code == 302
        reason = selectors.reopened_pages(fresh(application))["summary"]
        assert "développez chaque sigle" in reason
        assert reason.endswith("Voir le § 2.")

    def test_a_redirection_opens_every_page_on_the_other_path(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        form = {"version": application.version, "path": FULL, "reason": "Un appariement est prévu."}
        assert client_signed_in(steward()).post(url("redirect", application), form).status_code == 302
        moved = fresh(application)
        assert (moved.status, moved.path) == ("returned", FULL)
        assert set(selectors.reopened_pages(moved)) == set(moved.specification.keys)
        assert "Un appariement est prévu." in text_of(client_signed_in(by).get(url("detail", moved)))

    def test_the_documents_that_the_path_demands_are_missing_until_they_are_there(self) -> None:
        application = at_status("draft")
        assert selectors.completeness(application, selectors.contents_of(application)) == ()
        Application.objects.filter(pk=application.pk).update(path="mr007")
        lacking = selectors.completeness(fresh(application), selectors.contents_of(application))
        assert {found.field for found in lacking} == {"interests", "information_notice"}

    def test_a_dossier_keeps_the_rules_of_the_day_it_was_submitted(self) -> None:
        application = at_status("submitted")
        assert application.policy_version == "2024-05"
        with mock.patch("apps.applications.selectors.policy_on", side_effect=AssertionError):
            assert selectors.path_of(application).key == "permanent_access"

    def test_a_longer_path_is_not_approved_at_once(self) -> None:
        application = at_status("submitted", path=FULL)
        with pytest.raises(RefusedError):
            approve(application, steward())


class TestByClicking:
    def test_a_full_authorisation(self) -> None:
        by, decider = researcher(), steward()
        team, office = client_signed_in(by), client_signed_in(decider)
        application = at_status("submitted", by=by, path=FULL)
        day = timezone.localdate().isoformat()
        opinion = {
            "outcome": "favourable_with_recommendations",
            "reference": "CESREES 2026-01",
            "decided_on": day,
            "comment": "Réduire la période.",
        }
        cnil = {"outcome": "authorised", "reference": "DR-2026-001", "decided_on": day}
        for client, name, form in (
            (office, "accept", {}),
            (office, "opinion", opinion),
            (team, "refer", {}),
            (office, "cnil", cnil),
        ):
            answer = client.post(url(name, application), {"version": fresh(application).version, **form})
            assert answer.status_code == 302, (name, text_of(answer))
        assert fresh(application).status == "decision"
        seen = fresh(application)
        decided = {"version": seen.version, "content_hash": seen.content_hash, "comment": ""}
        answer = office.post(url("approve", application), {**decided, "otp_code": current_code(decider)})
        assert answer.status_code in {302, 422}  # a code cannot be spent inside a test's own transaction
        page = text_of(team.get(url("detail", application)))
        assert "Réduire la période." in page
        assert "DR-2026-001" in page

    def test_mr007_with_a_bad_opinion_is_amended_and_seen_again(self) -> None:
        by, decider = researcher(), steward()
        team = client_signed_in(by)
        application = at_status("committee", by=by, decider=decider, path="mr007")
        services.opinion_record(
            application=application,
            outcome=Outcome.RESERVED,
            express=True,
            session_ref="2026-02",
            recommendations="Justifier la population.",
            by=decider,
        )
        assert team.post(url("refer", application), {"version": fresh(application).version}).status_code == 403
        assert team.post(url("revise", application), {"version": fresh(application).version}).status_code == 302
        resubmit(application, by, decider)
        assert fresh(application).status == "committee"
        services.opinion_record(
            application=application, outcome=Outcome.FAVOURABLE, express=True, session_ref="2026-03", by=decider
        )
        wrong = team.post(url("commit", application), {"version": fresh(application).version, "reference": ""})
        assert wrong.status_code == 422
        form = {"version": fresh(application).version, "reference": "2100001"}
        tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
        assert team.post(url("commit", application), {**form, "decided_on": tomorrow}).status_code == 422
        form["decided_on"] = timezone.localdate().isoformat()
        assert team.post(url("commit", application), form).status_code == 302
        assert fresh(application).status == "decision"

    def test_an_opinion_owes_reasons_and_a_session(self) -> None:
        application = at_status("committee", path=FULL)
        for outcome, session, why in ((Outcome.RESERVED, "2026-01", ""), (Outcome.FAVOURABLE, "", "")):
            with pytest.raises(RefusedError):
                services.opinion_record(
                    application=application,
                    outcome=outcome,
                    express=True,
                    session_ref=session,
                    recommendations=why,
                    by=steward(),
                )

    def test_a_silent_team_has_its_dossier_closed_with_reasons(self) -> None:
        application = at_status("returned")
        client = client_signed_in(steward())
        form = {"version": application.version, "reason": " "}
        assert client.post(url("discontinue", application), form).status_code == 422
        form["reason"] = "Sans réponse depuis six mois."
        assert client.post(url("discontinue", application), form).status_code == 302
        assert fresh(application).status == "discontinued"

    def test_no_signature_is_awaited_before_the_decision(self) -> None:
        with pytest.raises(RefusedError):
            services.agreement_signed(application=at_status("submitted"), by=steward())
