"""The tables of the committee, whole: every role × action × stage, every guard, blind votes, counting."""

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.committee import rules
from apps.committee.policy import policies, policy_on
from apps.committee.rules import (
    ACTIONS,
    SESSION_TRANSITIONS,
    TRANSITIONS,
    BallotFacts,
    BallotKind,
    Conflict,
    Facts,
    Outcome,
    SessionStatus,
    Stage,
    decide,
    is_revealed,
    may_see,
    recordable,
    tally,
)
from apps.core.rules import Allowed, Refused, Role

OPEN = {Stage.WAITING, Stage.SCHEDULED, Stage.VOTING, Stage.COUNTED}
# Written down a second time on purpose: action -> (who, in which stages).
FILE_TABLE: dict[str, tuple[set[Role], set[Stage]]] = {
    "committee.file_view": ({Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY}, set(Stage)),
    "committee.file_attachment": ({Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY}, set(Stage)),
    "committee.disclose": ({Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY}, OPEN),
    "committee.answer": ({Role.COMMITTEE_MEMBER}, OPEN),
    "committee.rapporteur_ask": ({Role.COMMITTEE_SECRETARY}, {Stage.WAITING, Stage.SCHEDULED}),
    "committee.rapporteur_release": ({Role.COMMITTEE_SECRETARY}, {Stage.WAITING, Stage.SCHEDULED}),
    "committee.schedule": ({Role.COMMITTEE_SECRETARY}, {Stage.WAITING}),
    "committee.unschedule": ({Role.COMMITTEE_SECRETARY}, {Stage.SCHEDULED}),
    "committee.vote_open": ({Role.COMMITTEE_SECRETARY}, {Stage.SCHEDULED}),
    "committee.vote_close": ({Role.COMMITTEE_SECRETARY}, {Stage.VOTING}),
    "committee.opinion_record": ({Role.COMMITTEE_SECRETARY}, {Stage.SCHEDULED, Stage.COUNTED}),
    "committee.opinion_print": ({Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY}, {Stage.DECIDED}),
}
SESSION_TABLE: dict[str, tuple[set[Role], set[SessionStatus]]] = {
    "committee.session_prepare": ({Role.COMMITTEE_SECRETARY}, {SessionStatus.PLANNED, SessionStatus.OPEN}),
    "committee.session_open": ({Role.COMMITTEE_SECRETARY}, {SessionStatus.PLANNED}),
    "committee.session_close": ({Role.COMMITTEE_SECRETARY}, {SessionStatus.OPEN}),
    "committee.session_cancel": ({Role.COMMITTEE_SECRETARY}, {SessionStatus.PLANNED}),
}


def facts(stage: str, *roles: Role, **more: Any) -> Facts:
    """Facts in which no guard objects, unless `more` says so."""
    favourable: dict[str, Any] = {
        "asked": True,
        "disclosed": True,
        "session": SessionStatus.OPEN,
        "outcome": Outcome.FAVOURABLE,
        "recordable": frozenset({Outcome.FAVOURABLE}),
    }
    return Facts(stage=stage, roles=frozenset(roles), **{**favourable, **more})


def codes(decision: Allowed | Refused) -> set[str]:
    return {reason.code for reason in decision.reasons} if isinstance(decision, Refused) else set()


@pytest.mark.parametrize("action", FILE_TABLE)
def test_each_action_is_for_its_roles_in_its_stages(action: str) -> None:
    who, when = FILE_TABLE[action]
    for role, stage in product(Role, Stage):
        allowed = decide(action, facts(stage, role)) == Allowed()
        assert allowed == (role in who and stage in when), (role, stage)


@pytest.mark.parametrize("action", SESSION_TABLE)
def test_each_action_on_a_session_is_the_secretary_s_in_its_states(action: str) -> None:
    who, when = SESSION_TABLE[action]
    for role, status in product(Role, SessionStatus):
        allowed = decide(action, facts(status, role)) == Allowed()
        assert allowed == (role in who and status in when), (role, status)


def test_every_action_about_a_file_hides_it_from_whoever_must_not_examine_it() -> None:
    about_files = {action.name for action in ACTIONS if action.recusal}
    assert about_files == set(FILE_TABLE)


@pytest.mark.parametrize("action", [action for action in FILE_TABLE if action in rules.GUARDS])
@pytest.mark.parametrize("conflict", Conflict)
def test_nobody_acts_on_a_file_in_which_they_have_an_interest(action: str, conflict: Conflict) -> None:
    (stage, *_), role = sorted(FILE_TABLE[action][1]), next(iter(FILE_TABLE[action][0]))
    assert "recused" in codes(decide(action, facts(stage, role, conflicts=frozenset({conflict}))))


@pytest.mark.parametrize(
    ("action", "stage", "changed", "reason"),
    [
        ("committee.answer", Stage.VOTING, {"asked": False}, "not_asked"),
        ("committee.answer", Stage.VOTING, {"disclosed": False}, "not_disclosed"),
        ("committee.answer", Stage.VOTING, {"unchanged": False}, "content_changed"),
        ("committee.rapporteur_ask", Stage.WAITING, {"unchanged": False}, "content_changed"),
        ("committee.rapporteur_ask", Stage.WAITING, {"candidate_conflicts": {Conflict.DECLARED}}, "rapporteur_recused"),
        ("committee.rapporteur_ask", Stage.WAITING, {"candidate_is_member": False}, "rapporteur_not_member"),
        ("committee.schedule", Stage.WAITING, {"session": SessionStatus.CLOSED}, "session_over"),
        ("committee.schedule", Stage.WAITING, {"session": None}, "session_over"),
        ("committee.vote_open", Stage.SCHEDULED, {"session": SessionStatus.PLANNED}, "session_not_open"),
        ("committee.vote_open", Stage.SCHEDULED, {"reports_needed": 2, "reports_in": 1}, "reports_missing"),
        ("committee.vote_open", Stage.SCHEDULED, {"reports_asked": 3, "reports_in": 2}, "reports_missing"),
        ("committee.vote_open", Stage.SCHEDULED, {"present": 1, "quorum": 2}, "no_quorum"),
        ("committee.vote_close", Stage.VOTING, {"unchanged": False}, "content_changed"),
        ("committee.opinion_record", Stage.COUNTED, {"outcome": Outcome.UNFAVOURABLE}, "outcome_not_voted"),
        (
            "committee.opinion_record",
            Stage.COUNTED,
            {"outcome": Outcome.RESERVED, "recordable": {Outcome.RESERVED}},
            "no_recommendation",
        ),
    ],
)
def test_each_guard_objects(action: str, stage: Stage, changed: dict[str, Any], reason: str) -> None:
    role = next(iter(FILE_TABLE[action][0]))
    assert codes(decide(action, facts(stage, role, **changed))) == {reason}


def test_an_opinion_that_recommends_something_is_recorded_with_it() -> None:
    given = {"outcome": Outcome.RESERVED, "recordable": {Outcome.RESERVED}, "recommendations": 1}
    found = facts(Stage.COUNTED, Role.COMMITTEE_SECRETARY, **given)
    assert decide("committee.opinion_record", found) == Allowed()


def test_all_objections_are_heard_at_once() -> None:
    wrong = facts(Stage.SCHEDULED, Role.COMMITTEE_SECRETARY, session=None, quorum=1, reports_needed=1, unchanged=False)
    wanted = {"session_not_open", "no_quorum", "reports_missing", "content_changed"}
    assert codes(decide("committee.vote_open", wrong)) == wanted


def test_every_stage_is_reached_and_left_by_the_table() -> None:
    targets = {arrow.target for arrow in TRANSITIONS} | {Stage.WAITING}
    # A file ends without an opinion when its dossier changes or leaves: that is no action of the committee.
    assert targets == {str(stage) for stage in set(Stage) - {Stage.ENDED}}
    assert {source for arrow in TRANSITIONS for source in arrow.sources} == {str(stage) for stage in OPEN}
    assert {arrow.target for arrow in SESSION_TRANSITIONS} == {"open", "closed", "cancelled"}


def test_an_action_that_moves_nothing_has_no_arrow() -> None:
    with pytest.raises(KeyError):
        rules.transition("committee.answer")


@given(st.lists(st.sampled_from([arrow.action for arrow in TRANSITIONS]), max_size=12))
def test_whatever_is_tried_a_file_stays_in_a_stage_that_the_table_knows(commands: list[str]) -> None:
    stage = str(Stage.WAITING)
    for command in commands:
        arrow = rules.transition(command)
        stage = arrow.target if stage in arrow.sources else stage
        assert stage in {str(known) for known in Stage}
        assert stage == Stage.DECIDED or any(stage in one.sources for one in TRANSITIONS), "somebody can go on"


# Blind votes


def ballot(person: str, *, answered: bool = True, voided: bool = False) -> BallotFacts:
    return BallotFacts(person, answered, voided)


def test_answers_stay_unseen_until_all_are_in() -> None:
    both = [ballot("a"), ballot("b", answered=False)]
    assert not is_revealed(both, closed=False)
    assert is_revealed([ballot("a"), ballot("b")], closed=False)
    assert is_revealed(both, closed=True)


def test_a_void_ballot_neither_keeps_the_others_hidden_nor_shows_them() -> None:
    assert is_revealed([ballot("a"), ballot("b", answered=False, voided=True)], closed=False)
    assert not is_revealed([ballot("a", voided=True)], closed=False)
    assert not is_revealed([], closed=False)


@given(
    st.lists(st.builds(ballot, st.sampled_from("abc"), answered=st.booleans(), voided=st.booleans()), max_size=6),
    st.sampled_from("abcd"),
)
def test_before_all_are_in_nobody_sees_an_answer_of_another(ballots: list[BallotFacts], reader: str) -> None:
    revealed = is_revealed(ballots, closed=False)
    seen = [one for one in ballots if may_see(one, reader=reader, revealed=revealed)]
    waiting = any(not one.answered and not one.voided for one in ballots)
    assert all(one.person == reader for one in seen) or not waiting
    assert all(one.answered and not one.voided for one in seen)


def test_names_of_reviewers_stay_with_the_committee_where_the_policy_says_so() -> None:
    assert rules.names_are_shown(True, False)
    assert rules.names_are_shown(False, True)
    assert not rules.names_are_shown(False, False)


# Counting

F, R, U, A = Outcome.FAVOURABLE, Outcome.RESERVED, Outcome.UNFAVOURABLE, Outcome.ADJOURNED


@pytest.mark.parametrize(
    ("votes", "chair", "quorum", "wanted"),
    [
        ({"a": F, "b": F, "c": U}, "c", 2, {F}),
        ({"a": F, "b": U}, "a", 2, {F}),
        ({"a": F, "b": U}, "b", 2, {U}),
        ({"a": F, "b": U}, "nobody", 2, {A}),
        ({"a": F, "b": F, "c": U, "d": U, "e": R}, "e", 3, {A}),
        ({"a": F}, "a", 2, {A}),
        ({}, "a", 1, {A}),
    ],
)
def test_the_vote_says_which_opinion_may_be_recorded(
    votes: dict[str, Outcome], chair: str, quorum: int, wanted: set[Outcome]
) -> None:
    assert recordable(votes, chair=chair, quorum=quorum) == wanted


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from(Outcome)), st.sampled_from("abcdefgh"))
def test_what_is_recorded_has_as_many_votes_as_any_other_or_is_an_adjournment(
    votes: dict[str, Outcome], chair: str
) -> None:
    counted = tally(votes.values())
    (only,) = recordable(votes, chair=chair, quorum=1)
    assert only is A or counted[only] == max(counted.values())
    assert sum(counted.values()) == len(votes)


@pytest.mark.parametrize(
    ("entitled", "percent", "wanted"), [(0, 50, 1), (1, 50, 1), (2, 50, 1), (3, 50, 2), (11, 50, 6), (4, 100, 4)]
)
def test_the_quorum_is_the_share_rounded_up(entitled: int, percent: int, wanted: int) -> None:
    assert rules.quorum(entitled, percent) == wanted


# Interests, content, policy


@pytest.mark.parametrize(
    ("ended", "until"),
    [(None, None), (date(2024, 3, 1), date(2029, 3, 1)), (date(2024, 2, 29), date(2029, 2, 28))],
)
def test_an_interest_counts_some_years_after_its_end(ended: date | None, until: date | None) -> None:
    assert rules.counts_until(ended, 5) == until


def test_a_ballot_holds_for_its_very_content() -> None:
    assert rules.is_held("ab", "ab")
    assert not rules.is_held("ab", "cd")
    assert not rules.is_held("", "")


def test_the_numbers_are_data_with_a_validity() -> None:
    assert policy_on(date(2026, 1, 1)) is policies()[0]
    assert policies()[0].legal["fr"]
    with pytest.raises(LookupError):
        policy_on(date(1999, 1, 1))


def test_reports_and_votes_are_the_two_questions() -> None:
    assert {str(kind) for kind in BallotKind} == {"report", "vote"}
