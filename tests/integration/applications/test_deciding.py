"""Submitting, returning, approving, refusing, withdrawing."""

from datetime import timedelta
from unittest import mock

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import selectors, services
from apps.applications.granted import approved_facts
from apps.applications.models import Application, Decision, Page, ReturnReason, Submission
from apps.applications.services import Incomplete
from apps.audit.models import Event
from apps.core import happenings
from apps.core.errors import ChangedMeanwhile, RefusedError
from tests.factories.accounts import MandateFactory, StaffRoleFactory, steward
from tests.factories.applications import (
    at_status,
    complete_contents,
    draft,
    fill,
    fresh,
    researcher,
)
from tests.integration.applications.deciding import approve, refuse, send_back


@pytest.mark.django_db
class TestSubmitting:
    def test_a_complete_dossier_is_kept_as_submitted(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        submission = Submission.objects.get()
        assert (application.round, submission.round, submission.by) == (1, 1, by)
        assert application.content_hash == submission.content_hash
        assert application.definition_hash == submission.definition_hash
        assert submission.content["pages"]["title"]["title"] == application.title
        event = Event.objects.get(action="application.submitted")
        assert event.data["content_hash"] == submission.content_hash

    def test_everything_missing_is_said_at_once(self) -> None:
        by = researcher()
        application = draft(by)
        with pytest.raises(Incomplete) as refused:
            services.application_submit(application=application, seen_version=1, by=by)
        assert {missing.page for missing in refused.value.missing} == {
            "title",
            "summary",
            "purpose",
            "team",
            "population",
            "variables",
            "linkage",
            "period",
            "protection",
            "attachments",
        }
        assert fresh(application).status == "draft"
        assert not Submission.objects.exists()

    def test_a_double_click_submits_once(self) -> None:
        by = researcher()
        application = at_status("draft", by=by)
        made = [services.application_submit(application=application, seen_version=1, by=by) for _ in range(2)]
        assert made[0] == made[1]
        assert Event.objects.filter(action="application.submitted").count() == 1

    def test_only_the_principal_investigator_submits(self) -> None:
        by, colleague = researcher(), researcher()
        application = at_status("draft", by=by)
        services.member_add(application=application, email=colleague.email, by=by)
        with pytest.raises(RefusedError):
            services.application_submit(application=application, seen_version=1, by=colleague)

    def test_a_dossier_moved_meanwhile_is_not_submitted(self) -> None:
        by = researcher()
        application = at_status("returned", by=by)
        with pytest.raises(ChangedMeanwhile):
            services.application_submit(application=application, seen_version=1, by=by)

    def test_a_resubmission_is_a_new_round(self) -> None:
        by = researcher()
        application = at_status("returned", by=by)
        row = Page.objects.get(application=application, key="summary")
        content = {"summary_fr": "En mots simples.", "summary_en": ""}
        services.page_save(application=application, key="summary", content=content, seen_version=row.version, by=by)
        services.application_submit(application=application, seen_version=application.version, by=by)
        assert fresh(application).round == 2
        first, second = Submission.objects.order_by("round")
        assert first.content_hash != second.content_hash
        assert first.definition_hash == second.definition_hash

    def test_a_withdrawn_dossier_has_ended(self) -> None:
        by = researcher()
        application = at_status("withdrawn", by=by)
        assert Event.objects.filter(action="application.withdrawn").exists()
        with pytest.raises(RefusedError):
            services.application_submit(application=application, seen_version=application.version, by=by)

    def test_a_dossier_seen_otherwise_is_not_withdrawn(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        with pytest.raises(ChangedMeanwhile, match=by.full_name):
            services.application_withdraw(application=application, seen_version=1, by=by)


@pytest.mark.django_db
class TestReturning:
    def test_a_return_binds_reasons_to_pages(self) -> None:
        decider = steward()
        application = at_status("submitted")
        decision = send_back(application, decider, summary=" À revoir. ", title="   ")
        assert decision.outcome == "returned"
        assert list(ReturnReason.objects.values_list("page", "text")) == [("summary", "À revoir.")]
        assert Event.objects.get(action="application.returned").data == {"round": 1, "pages": ["summary"]}
        assert fresh(application).status == "returned"

    @pytest.mark.parametrize("reasons", [{"summary": "  "}, {"nowhere": "Pourquoi."}])
    def test_a_return_without_a_reason_of_a_page_changes_nothing(self, reasons: dict[str, str]) -> None:
        application = at_status("submitted")
        with pytest.raises(RefusedError):
            send_back(application, steward(), **reasons)
        assert fresh(application).status == "submitted"
        assert not Decision.objects.exists()


@pytest.mark.django_db
class TestApproving:
    def test_an_approval_binds_to_what_was_read_and_tells_the_others(self, follow_ups: list[tuple[str, str]]) -> None:
        decider = steward()
        application = at_status("submitted")
        decision = approve(application, decider, comment=" Bon travail. ")
        assert (decision.outcome, decision.comment) == ("approved", "Bon travail.")
        assert decision.content_hash == application.content_hash
        assert decision.definition_hash == application.definition_hash
        after = fresh(application)
        assert after.status == "approved"
        assert after.decided_at is not None
        assert follow_ups == [(str(application.pk), str(decider.pk))]
        assert Event.objects.get(action="application.approved").data["definition_hash"] == decision.definition_hash

    def test_facts_of_the_approval(self, follow_ups: list[tuple[str, str]]) -> None:
        by, colleague = researcher(), researcher()
        application = at_status("draft", by=by, title="Le titre")
        services.member_add(application=application, email=colleague.email, by=by)
        services.application_submit(application=application, seen_version=1, by=by)
        approve(fresh(application), steward())
        facts = approved_facts(application.pk)
        assert (facts.application_id, facts.title) == (application.pk, "Le titre")
        assert facts.principal_investigator_id == by.pk
        assert facts.member_ids == (colleague.pk,)
        assert facts.organisation_id == application.organisation_id
        assert facts.definition_hash == fresh(application).definition_hash
        assert facts.starts_on == timezone.localdate()
        assert facts.ends_on == timezone.localdate() + timedelta(days=700)

    @pytest.mark.parametrize("status", ["draft", "submitted", "refused"])
    def test_nothing_is_granted_before_approval(self, status: str) -> None:
        with pytest.raises(Application.DoesNotExist):
            approved_facts(at_status(status).pk)

    def test_a_failing_follow_up_takes_the_approval_back(self) -> None:
        application = at_status("submitted")

        def fails(subject_id: str, by: str) -> None:
            raise RuntimeError("no project")

        with (
            mock.patch.dict(happenings._follow_ups, {"application.approved": [fails]}),
            pytest.raises(RuntimeError),
        ):
            approve(application, steward())
        assert fresh(application).status == "submitted"
        assert not Decision.objects.exists()
        assert not Event.objects.filter(action="application.approved").exists()

    def test_what_was_not_read_is_not_approved(self) -> None:
        application = at_status("submitted")
        for changes in ({"content_hash": "0" * 64}, {"content_hash": ""}, {"seen_version": 1}):
            with pytest.raises(ChangedMeanwhile):
                approve(application, steward(), **changes)

    def test_what_was_altered_behind_the_portal_is_not_approved(self) -> None:
        """Given a page changed in the database after submission, its fingerprint no longer fits: no approval."""
        application = at_status("submitted")
        Page.objects.filter(application=application, key="purpose").update(
            content=complete_contents()["purpose"] | {"x": 1}
        )
        with pytest.raises(RefusedError):
            approve(application, steward())
        assert fresh(application).status == "submitted"

    def test_access_that_has_ended_is_not_approved(self) -> None:
        by = researcher()
        application = at_status("draft", by=by)
        past = complete_contents()["period"] | {"access_from": "2020-01-01", "access_to": "2020-12-31"}
        fill(application, by, {"period": past})
        services.application_submit(application=application, seen_version=1, by=by)
        with pytest.raises(RefusedError):
            approve(fresh(application), steward())

    def test_a_definition_the_engine_no_longer_accepts_is_not_approved(self) -> None:
        application = at_status("submitted")
        no_code = mock.Mock(matching=lambda system, code: ())
        with mock.patch.object(selectors, "known_codes", return_value=no_code), pytest.raises(RefusedError):
            approve(application, steward())
        assert fresh(application).status == "submitted"

    def test_a_double_click_approves_once(self, follow_ups: list[tuple[str, str]]) -> None:
        decider = steward()
        application = at_status("submitted")
        made = [approve(application, decider) for _ in range(2)]
        assert made[0] == made[1]
        assert len(follow_ups) == 1

    @pytest.mark.parametrize("role", ["operator", "auditor", None])
    def test_nobody_but_a_steward_approves(self, role: str | None) -> None:
        person = StaffRoleFactory.create(role=role).person if role else researcher()
        application = at_status("submitted")
        with pytest.raises(RefusedError):
            approve(application, person)
        assert fresh(application).status == "submitted"

    def test_nobody_decides_for_an_organisation_of_their_own(self) -> None:
        application = at_status("submitted")
        decider = steward()
        MandateFactory.create(person=decider, organisation=application.organisation)
        for attempt in (approve, refuse, send_back):
            with pytest.raises(RefusedError):
                attempt(application, decider)

    def test_nobody_decides_for_an_organisation_of_the_team(self) -> None:
        by, colleague = researcher(), researcher()
        application = at_status("draft", by=by)
        services.member_add(application=application, email=colleague.email, by=by)
        services.application_submit(application=application, seen_version=1, by=by)
        decider = steward()
        MandateFactory.create(person=decider, organisation=colleague.mandates.get().organisation)
        with pytest.raises(RefusedError):
            approve(fresh(application), decider)

    def test_nobody_decides_on_a_dossier_of_their_own(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        StaffRoleFactory.create(person=by)
        del by.__dict__["staff_roles"]
        with pytest.raises(RefusedError):
            approve(application, by)


@pytest.mark.django_db
class TestRefusing:
    def test_a_refusal_says_why(self) -> None:
        application = at_status("submitted")
        decision = refuse(application, steward())
        assert decision.comment == "Finalité interdite."
        assert fresh(application).status == "refused"
        assert Event.objects.filter(action="application.refused").exists()

    def test_a_refusal_without_a_reason_is_none(self) -> None:
        application = at_status("submitted")
        with pytest.raises(RefusedError) as refused:
            refuse(application, steward(), reason=" ")
        assert refused.value.field == "reason"

    def test_a_double_click_refuses_once(self) -> None:
        decider, application = steward(), at_status("submitted")
        assert refuse(application, decider) == refuse(application, decider)


@pytest.mark.django_db
class TestDatabaseGuards:
    def row(self, application: Application, by: Person, **changes: object) -> Decision:
        submission = Submission.objects.get(application=application)
        values = {"outcome": "returned", "round": 1, "at": timezone.now(), "content_hash": submission.content_hash}
        return Decision.objects.create(application=application, by=by, **{**values, **changes})

    def test_a_decider_of_the_team_is_refused_by_the_database(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        with pytest.raises(IntegrityError), transaction.atomic():
            self.row(application, by)

    def test_a_round_has_one_decision(self) -> None:
        application = at_status("returned")
        with pytest.raises(IntegrityError), transaction.atomic():
            self.row(application, steward())

    def test_a_decision_ends_once(self) -> None:
        application = at_status("refused")
        with pytest.raises(IntegrityError), transaction.atomic():
            self.row(application, steward(), outcome="approved", round=2)

    def test_a_refusal_without_reason_is_refused_by_the_database(self) -> None:
        application = at_status("submitted")
        with pytest.raises(IntegrityError), transaction.atomic():
            self.row(application, steward(), outcome="refused")

    def test_whoever_decided_does_not_join_the_team(self) -> None:
        decider = steward()
        application = at_status("returned", decider=decider)
        with pytest.raises(IntegrityError), transaction.atomic():
            application.members.create(person=decider, organisation=application.organisation, added_by=decider)

    @pytest.mark.parametrize("model", [Decision, ReturnReason, Submission])
    def test_what_was_decided_and_submitted_does_not_change(self, model: type) -> None:
        at_status("returned")
        row = model.objects.get()  # type: ignore[attr-defined]
        with pytest.raises(DatabaseError), transaction.atomic():
            row.save()
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.filter(pk=row.pk)._raw_delete("default")  # type: ignore[attr-defined]

    def test_a_state_without_its_dates_is_refused_by_the_database(self) -> None:
        application = draft()
        for status in ("submitted", "approved", "nonsense"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Application.objects.filter(pk=application.pk).update(status=status)
