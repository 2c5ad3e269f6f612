"""Blind reports and votes, bound to one content; the opinion that comes of them."""

from functools import partial

import pytest

from apps.accounts.models import StepUp
from apps.accounts.stepping_up import StepUpMissing
from apps.applications import services as application_services
from apps.applications.models import Application, StageOutcome
from apps.audit.models import Event
from apps.committee import rules, selectors, services
from apps.committee.models import Ballot, File, Opinion
from apps.committee.rules import BallotKind, Outcome
from apps.committee.services import opinions
from apps.core.errors import ChangedMeanwhile, RefusedError
from tests.factories import applications as dossiers
from tests.factories import committee
from tests.factories.accounts import MandateFactory, confirmed, steward
from tests.integration.committee.conftest import Committee

RECOMMENDATION = {"topic": "minimisation", "text": "Ne garder que le département."}


def seen_by(person: object, file: File, kind: BallotKind) -> list[str]:
    found = selectors.ballots_seen_by(person, selectors.ballots_of(file), file, kind)  # type: ignore[arg-type]
    return [str(ballot.person_id) for ballot in found]


def test_a_complete_dossier_comes_before_the_committee_once(room: Committee) -> None:
    again = services.file_follow(application=room.file.application, awaited=True, by="system:web")
    assert again == room.file
    assert room.file.content_hash == room.file.application.content_hash
    assert Event.objects.filter(action="committee.file_came").count() == 1


def test_a_report_is_seen_by_others_once_every_rapporteur_has_answered(room: Committee) -> None:
    first, second, other = room.members
    committee.ask(room.file, room.secretary, first, second)
    committee.report(room.file, first)
    assert seen_by(first, room.file, BallotKind.REPORT) == [str(first.pk)]
    assert not seen_by(second, room.file, BallotKind.REPORT)
    assert not seen_by(other, room.file, BallotKind.REPORT)
    assert not seen_by(room.secretary, room.file, BallotKind.REPORT)
    committee.report(room.file, second, Outcome.RESERVED)  # the second still answers after the first
    for reader in (first, second, other, room.secretary):
        assert len(seen_by(reader, room.file, BallotKind.REPORT)) == 2


def test_only_the_member_asked_answers_and_once(room: Committee) -> None:
    first, second, other = room.members
    committee.ask(room.file, room.secretary, first, second)
    committee.disclose(room.file, other)
    with pytest.raises(RefusedError, match=r"awaited from you|attendue de vous|attend"):
        committee.report(room.file, other)
    committee.report(room.file, first)
    committee.report(room.file, first)  # a double click
    assert Ballot.objects.filter(person=first).count() == 1
    with pytest.raises(RefusedError):
        committee.report(room.file, first, Outcome.UNFAVOURABLE)
    assert Ballot.objects.get(person=first).outcome == Outcome.FAVOURABLE


def test_a_report_says_something_and_its_author_has_declared_their_interests(room: Committee) -> None:
    first = room.members[0]
    services.rapporteur_ask(file=room.file, rapporteur=first, by=room.secretary)
    with pytest.raises(RefusedError):
        committee.report(room.file, first)
    committee.disclose(room.file, first)
    with pytest.raises(RefusedError) as refused:
        committee.report(room.file, first, comment="  ")
    assert refused.value.field == "comment"


def test_a_rapporteur_released_owes_nothing_more_and_may_be_asked_again(room: Committee) -> None:
    first = room.members[0]
    committee.ask(room.file, room.secretary, first)
    services.rapporteur_release(file=room.file, person_id=str(first.pk), by=room.secretary)
    services.rapporteur_release(file=room.file, person_id=str(first.pk), by=room.secretary)
    assert Event.objects.filter(action="committee.rapporteur_released").count() == 1
    committee.ask(room.file, room.secretary, first)
    committee.ask(room.file, room.secretary, first)
    assert Ballot.objects.filter(person=first, voided_at=None).count() == 1


def test_whoever_is_no_member_is_not_asked(room: Committee) -> None:
    with pytest.raises(RefusedError):
        services.rapporteur_ask(file=room.file, rapporteur=steward(), by=room.secretary)


def test_the_vote_waits_for_the_reports_the_session_and_the_quorum(room: Committee) -> None:
    first, second, third = room.members
    planned = committee.session(room.secretary, first, is_open=False)
    services.schedule(file=room.file, session=planned, seen_version=room.file.version, by=room.secretary)
    scheduled = committee.fresh(room.file)
    with pytest.raises(RefusedError) as refused:
        services.vote_open(file=scheduled, seen_version=scheduled.version, by=room.secretary)
    assert len(refused.value.messages) == 3
    committee.reported(scheduled, room.secretary, first, second)
    planned.refresh_from_db()
    held = services.session_prepare(
        session=planned,
        present=[first.pk, third.pk],
        chair_id=third.pk,
        notes="",
        seen_version=planned.version,
        by=room.secretary,
    )
    services.session_open(session=held, seen_version=held.version, by=room.secretary)
    moved = services.vote_open(
        file=committee.fresh(room.file), seen_version=committee.fresh(room.file).version, by=room.secretary
    )
    voters = Ballot.objects.filter(file=moved, kind="vote").values_list("person", flat=True)
    assert set(voters) == {first.pk, third.pk}


def test_votes_are_unseen_until_all_are_in_or_the_vote_is_closed(room: Committee) -> None:
    first, second, third = room.members
    found = committee.voting(room.file, room.secretary, first, second, third)
    services.ballot_answer(file=found, outcome="favourable", comment="", recommendations=[], by=first)
    assert seen_by(first, found, BallotKind.VOTE) == [str(first.pk)]
    assert not seen_by(room.secretary, found, BallotKind.VOTE)
    closed = services.vote_close(file=found, seen_version=committee.fresh(found).version, by=room.secretary)
    assert len(seen_by(room.secretary, closed, BallotKind.VOTE)) == 1
    assert Ballot.objects.filter(file=found, kind="vote", void_reason="unanswered").count() == 2


def test_the_opinion_is_that_of_the_vote_and_the_procedure_hears_it(room: Committee) -> None:
    first, second, third = room.members
    votes = {first: Outcome.WITH_RECOMMENDATIONS, second: Outcome.WITH_RECOMMENDATIONS, third: Outcome.UNFAVOURABLE}
    found = committee.counted(room.file, room.secretary, votes)
    with pytest.raises(RefusedError):
        committee.give_opinion(found, room.secretary, Outcome.FAVOURABLE)
    given = committee.give_opinion(
        found, room.secretary, Outcome.WITH_RECOMMENDATIONS, recommendations=[RECOMMENDATION]
    )
    again = committee.give_opinion(
        found, room.secretary, Outcome.WITH_RECOMMENDATIONS, recommendations=[RECOMMENDATION]
    )
    assert again == given
    assert given.tally == {"favourable_with_recommendations": 2, "unfavourable": 1}
    assert [one.text for one in given.recommendations.all()] == [RECOMMENDATION["text"]]
    recorded = StageOutcome.objects.get(application=found.application, stage="committee")
    assert (recorded.outcome, recorded.express) == ("favourable_with_recommendations", True)
    assert RECOMMENDATION["text"] in recorded.comment
    assert Application.objects.get(pk=found.application_id).status == "choice"
    assert committee.fresh(found).stage == "decided"


def test_an_opinion_needs_a_text_a_present_version_and_the_content_that_was_read(room: Committee) -> None:
    first, second, third = room.members
    found = committee.counted(room.file, room.secretary, dict.fromkeys((first, second, third), Outcome.FAVOURABLE))
    with pytest.raises(RefusedError) as refused:
        committee.give_opinion(found, room.secretary, text_fr=" ")
    assert refused.value.field == "text_fr"
    for stale in ({"seen_version": found.version - 1}, {"content_hash": "0" * 64}):
        with pytest.raises(ChangedMeanwhile):
            committee.give_opinion(found, room.secretary, asked=stale)
    assert not Opinion.objects.exists()


def test_whoever_comes_to_act_for_the_applicant_while_confirming_gives_no_opinion(
    room: Committee, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = room.members
    found = committee.counted(room.file, room.secretary, dict.fromkeys((first, second, third), Outcome.FAVOURABLE))
    applicant = found.application.organisation
    engaged = partial(MandateFactory.create, person=room.secretary, organisation=applicant)
    monkeypatch.setattr(opinions, "step_up_confirm", lambda **_: engaged())
    monkeypatch.setattr(opinions, "step_up_spend", lambda **_: None)
    with pytest.raises(RefusedError):
        committee.give_opinion(found, room.secretary)
    assert not Opinion.objects.exists()


def test_an_opinion_uses_its_confirmation_up(room: Committee, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = room.members
    found = committee.counted(room.file, room.secretary, dict.fromkeys((first, second, third), Outcome.FAVOURABLE))
    monkeypatch.setattr(opinions, "step_up_confirm", lambda **_: None)
    said, content = rules.Said(Outcome.FAVOURABLE, "Avis motivé.", "", ()), found.content_hash
    asked = {"file": found, "seen_version": found.version, "content_hash": content, "said": said, "code": "000000"}
    with pytest.raises(StepUpMissing):
        services.opinion_give(**asked, by=room.secretary)
    assert not Opinion.objects.exists()
    confirmed(room.secretary, "committee.opinion_record", found.pk, content)
    services.opinion_give(**asked, by=room.secretary)
    assert StepUp.objects.get(person=room.secretary).used_at


def test_without_quorum_a_file_is_adjourned_and_comes_back_as_another(room: Committee) -> None:
    held = committee.session(room.secretary, room.members[0])
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=room.secretary)
    committee.ask(committee.fresh(room.file), room.secretary, room.members[1])
    scheduled = committee.fresh(room.file)
    with pytest.raises(RefusedError):
        committee.give_opinion(scheduled, room.secretary, Outcome.FAVOURABLE)
    committee.give_opinion(scheduled, room.secretary, Outcome.ADJOURNED)
    later = File.objects.get(application=scheduled.application, stage="waiting")
    assert later.content_hash == scheduled.content_hash
    assert Ballot.objects.get(person=room.members[1]).void_reason == "left"


def test_a_tacit_opinion_is_none_of_the_committee_s(room: Committee) -> None:
    committee.ask(room.file, room.secretary, room.members[0])
    application_services.opinion_record(
        application=dossiers.fresh(room.file.application),
        outcome=dossiers.Outcome.FAVOURABLE,
        express=False,
        session_ref="silence",
        by=steward(),
    )
    assert not Opinion.objects.exists()
    ended = committee.fresh(room.file)
    assert (ended.stage, ended.end_reason) == ("ended", "left")
    assert Ballot.objects.get(file=ended).void_reason == "left"
    with pytest.raises(RefusedError):
        committee.report(ended, room.members[0])


def test_a_change_of_the_content_voids_what_was_answered(room: Committee) -> None:
    first = room.members[0]
    committee.ask(room.file, room.secretary, first)
    committee.report(room.file, first)
    application = dossiers.fresh(room.file.application)
    application_services.application_return(
        application=application, seen_version=application.version, reasons={"summary": "Trop bref."}, by=steward()
    )
    changed = dossiers.fresh(application)
    dossiers.fill(changed, room.applicant, {"summary": {"summary_fr": "Un autre résumé.", "summary_en": ""}})
    application_services.application_submit(application=changed, seen_version=changed.version, by=room.applicant)
    dossiers.brought_to("committee", dossiers.fresh(changed), room.applicant, steward())
    later = File.objects.get(application=changed, stage="waiting")
    assert later.content_hash != room.file.content_hash
    assert Ballot.objects.get(file=room.file).voided_at
    assert not Ballot.objects.filter(file=later).exists()
    committee.ask(later, room.secretary, first)
    committee.report(later, first, Outcome.RESERVED)


def test_a_content_that_changed_behind_the_file_refuses_answers(room: Committee) -> None:
    first = room.members[0]
    committee.ask(room.file, room.secretary, first)
    Application.objects.filter(pk=room.file.application_id).update(content_hash="f" * 64)
    with pytest.raises(RefusedError):
        committee.report(room.file, first)


def test_two_secretaries_at_once_move_a_file_once(room: Committee) -> None:
    held = committee.session(room.secretary, room.members[0])
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=room.secretary)
    with pytest.raises((ChangedMeanwhile, RefusedError)):
        services.schedule(file=room.file, session=held, seen_version=room.file.version, by=committee.secretary())
    moved = committee.fresh(room.file)
    with pytest.raises(ChangedMeanwhile):
        services.unschedule(file=moved, seen_version=moved.version - 1, by=room.secretary)
    services.unschedule(file=moved, seen_version=moved.version, by=room.secretary)
    assert committee.fresh(moved).session is None


def test_the_secretary_alone_moves_a_file(room: Committee) -> None:
    held, stranger = committee.session(room.secretary, *room.members), steward()
    with pytest.raises(RefusedError):
        services.schedule(file=room.file, session=held, seen_version=room.file.version, by=stranger)
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=room.secretary)
    moved = committee.fresh(room.file)
    with pytest.raises(RefusedError):
        services.unschedule(file=moved, seen_version=moved.version, by=stranger)
    committee.reported(moved, room.secretary, *room.members[:2])
    moved = committee.fresh(moved)
    with pytest.raises(RefusedError):
        services.vote_open(file=moved, seen_version=moved.version, by=stranger)
    voting = services.vote_open(file=moved, seen_version=moved.version, by=room.secretary)
    with pytest.raises(RefusedError):
        services.vote_close(file=voting, seen_version=voting.version, by=stranger)
    assert committee.fresh(voting).stage == voting.stage


def test_a_session_is_prepared_opened_and_closed(room: Committee) -> None:
    first, second, _ = room.members
    planned = committee.session(room.secretary, is_open=False)
    with pytest.raises(RefusedError):
        services.session_open(session=planned, seen_version=planned.version, by=room.secretary)
    for present, chair in (([first.pk], second.pk), ([room.applicant.pk], None)):
        with pytest.raises(RefusedError):
            services.session_prepare(
                session=planned,
                present=present,
                chair_id=chair,
                notes="",
                seen_version=planned.version,
                by=room.secretary,
            )
    held = committee.session(room.secretary, first, second)
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=room.secretary)
    closed = services.session_close(session=held, seen_version=held.version, by=room.secretary)
    assert closed.status == "closed"
    assert committee.fresh(room.file).stage == "waiting"
    with pytest.raises(RefusedError):
        services.schedule(
            file=room.file, session=closed, seen_version=committee.fresh(room.file).version, by=room.secretary
        )
    cancelled = services.session_cancel(session=planned, seen_version=planned.version, by=room.secretary)
    assert cancelled.status == "cancelled"


def test_a_session_with_a_vote_under_way_is_not_closed(room: Committee) -> None:
    found = committee.voting(room.file, room.secretary, *room.members)
    assert found.session
    with pytest.raises(RefusedError):
        services.session_close(session=found.session, seen_version=found.session.version, by=room.secretary)
