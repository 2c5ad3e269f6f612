"""The tables of the dossier, whole: every role × action × state, every arrow, every reason."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import product

import pytest

from apps.applications import rules
from apps.applications.pages import CURRENT, specification
from apps.applications.rules import ACTIONS, TRANSITIONS, Barred, Conflict, Facts, Missing, Status, decide
from apps.core.rules import Allowed, Refused, Role

TODAY = date(2026, 3, 2)
TEAM = {"application.view", "application.edit", "application.attach", "application.attachment_remove"}
LEAD = {
    "application.member_add",
    "application.member_remove",
    "application.investigator_name",
    "application.submit",
    "application.withdraw",
    "application.refer",
    "application.revise",
    "application.commit",
    "application.amend",
}
STEWARD = {
    "application.judge",
    "application.queue",
    "application.return",
    "application.accept",
    "application.check",
    "application.extend",
    "application.silence_confirm",
    "application.obligation_fulfil",
    "application.assign",
    "application.queue_export",
    "application.review_authority_document",
    "application.review_decision_record",
    "application.redirect",
    "application.opinion_transcribe",
    "application.cnil_record",
    "application.discontinue",
    "application.approve",
    "application.refuse",
}
ANYBODY = {
    "application.list",
    "application.create",
    "application.notices",
    "application.notices_read",
    "application.notice_preference",
}
READ = {
    "application.decision_record",
    "application.attachment_read",
    "application.authority_document",
    "application.archive",
    "application.print",
    "application.messages",
}
EXAMINED = {
    "application.review",
    "application.review_attachment",
    "application.review_archive",
    "application.review_print",
    "application.attachment_redact",
    "application.review_messages",
    "application.review_message_post",
}
EXCLUSIONS = {"application.exclusions", "application.exclusion_lift"}
ALLOWED_BY_ROLE = {
    Role.ANYONE: {"application.assistant"},
    Role.SIGNED_IN: set(),
    Role.PERSON: ANYBODY,
    Role.MEMBER: TEAM | READ,
    Role.PRINCIPAL_INVESTIGATOR: TEAM | LEAD | READ,
    Role.STEWARD: STEWARD | EXAMINED | EXCLUSIONS,
    Role.OPERATOR: set(),
    Role.AUDITOR: set(),
    Role.ADMINISTRATOR: set(),
    Role.COMMITTEE_MEMBER: set(),
    Role.COMMITTEE_SECRETARY: set(),
    Role.SIGNATORY: set(),
}
WRITES_WHILE_EDITABLE = {
    "application.edit",
    "application.attach",
    "application.attachment_remove",
    "application.member_add",
    "application.member_remove",
    "application.investigator_name",
    "application.submit",
}
GRANTED = {Status.DECISION, Status.AGREEMENT, Status.APPROVED}
DECIDED = {Status.AGREEMENT, Status.APPROVED, Status.REFUSED}
AFTER_CNIL = GRANTED | {Status.REFUSED, Status.DISCONTINUED}
STATES_OF_STEPS = {
    "application.amend": {Status.APPROVED},
    "application.judge": {Status.SUBMITTED},
    "application.check": {Status.SUBMITTED},
    "application.extend": {Status.CNIL, Status.DECISION},
    "application.silence_confirm": {Status.COMMITTEE, Status.CNIL},
    "application.obligation_fulfil": GRANTED,
    "application.authority_document": AFTER_CNIL,
    "application.decision_record": DECIDED,
    "application.review_decision_record": DECIDED,
    "application.review_authority_document": AFTER_CNIL,
    "application.return": {Status.SUBMITTED, Status.COMMITTEE, Status.CNIL, Status.DECISION},
    "application.accept": {Status.SUBMITTED},
    "application.redirect": {Status.SUBMITTED},
    "application.opinion_transcribe": {Status.COMMITTEE},
    "application.cnil_record": {Status.CNIL},
    "application.discontinue": {Status.RETURNED, Status.CHOICE, Status.COMMITMENT, Status.AGREEMENT},
    "application.approve": {Status.SUBMITTED, Status.DECISION},
    "application.refuse": {Status.SUBMITTED, Status.DECISION},
    "application.refer": {Status.CHOICE},
    "application.revise": {Status.CHOICE},
    "application.commit": {Status.COMMITMENT},
}
LOOKS = {"application.queue", "application.queue_export", "application.assign", "application.review"}
DECISIONS = (
    STEWARD
    - LOOKS
    - {"application.review_attachment", "application.review_authority_document"}
    - {"application.review_decision_record"}
)
ENDS = {Status.APPROVED, Status.REFUSED, Status.WITHDRAWN, Status.DISCONTINUED}


def states_of(action: str) -> set[Status]:
    """The states in which an action is possible, written down a second time on purpose."""
    if action in WRITES_WHILE_EDITABLE:
        return {Status.DRAFT, Status.RETURNED}
    if action in STATES_OF_STEPS:
        return STATES_OF_STEPS[action]
    if action == "application.withdraw":
        return set(Status) - ENDS
    if action in EXAMINED:
        return set(Status) - {Status.DRAFT}
    return set(Status)


def a_state_of(action: str) -> Status:
    """A state in which the action is possible."""
    return min(states_of(action))


def facts(status: Status, *roles: Role, **more: object) -> Facts:
    """Facts in which no guard objects, unless `more` says so."""
    favourable: dict[str, object] = {
        "page": "team",
        "open_pages": frozenset({"team"}),
        "returned_pages": frozenset({"team"}),
        "known_pages": frozenset({"team"}),
        "access_to": TODAY,
        "today": TODAY,
        "may_extend": True,
        "silence": "favourable",
        "is_amendment": False,
    }
    return Facts(status=status, roles=frozenset(roles), **{**favourable, **more})  # type: ignore[arg-type]


def about(action: str) -> bool:
    """Whether only an amendment knows this action."""
    return action == "application.judge"


def codes(decision: Allowed | Refused) -> set[str]:
    """The reasons' codes; empty when allowed."""
    return {reason.code for reason in decision.reasons} if isinstance(decision, Refused) else set()


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_whole_permission_table(action: str) -> None:
    cells = set(product(Role, Status))
    expected = {
        (role, status) for role, status in cells if action in ALLOWED_BY_ROLE[role] and status in states_of(action)
    }
    asked = partial(facts, is_amendment=about(action))
    assert {cell for cell in cells if isinstance(decide(action, asked(cell[1], cell[0])), Allowed)} == expected


@pytest.mark.parametrize("action", [action.name for action in ACTIONS])
def test_a_role_alone_does_not_hide_the_state(action: str) -> None:
    for status in set(Status) - states_of(action):
        assert codes(decide(action, facts(status, Role.ANYONE))) == {"role", "state"}


def test_decisions_and_only_they_need_independence_in_the_table_as_in_the_guards() -> None:
    by_table = {action.name for action in ACTIONS if action.independent}
    part = frozenset({Conflict.TEAM})
    refused = {
        name
        for name in DECISIONS
        if "own_application" in codes(decide(name, facts(a_state_of(name), Role.STEWARD, decider_conflicts=part)))
    }
    assert by_table == refused == DECISIONS


def test_an_action_that_moves_nothing_has_no_arrow() -> None:
    with pytest.raises(KeyError):
        rules.transition("application.view")


@pytest.mark.parametrize("action", sorted(WRITES_WHILE_EDITABLE - {"application.submit"}))
def test_a_return_opens_only_its_pages(action: str) -> None:
    lead = Role.PRINCIPAL_INVESTIGATOR
    assert codes(decide(action, facts(Status.RETURNED, lead, page="title"))) == {"page_not_reopened"}
    assert codes(decide(action, facts(Status.DRAFT, lead, page="title"))) == set()


def test_an_incomplete_dossier_is_neither_submitted_nor_approved() -> None:
    lacking = (Missing("title", "title", "required"),)
    lead = facts(Status.DRAFT, Role.PRINCIPAL_INVESTIGATOR, missing=lacking)
    assert codes(decide("application.submit", lead)) == {"incomplete"}
    steward = facts(Status.SUBMITTED, Role.STEWARD, missing=lacking)
    assert codes(decide("application.approve", steward)) == {"incomplete"}
    assert codes(decide("application.return", steward)) == set()


@pytest.mark.parametrize("action", sorted(DECISIONS))
def test_nobody_decides_on_what_concerns_them(action: str) -> None:
    asked = partial(facts, a_state_of(action), Role.STEWARD, is_amendment=about(action))
    both = asked(decider_conflicts=frozenset(Conflict))
    assert codes(decide(action, both)) == {"own_application", "own_organisation"}
    team = asked(decider_conflicts=frozenset({Conflict.TEAM}))
    assert codes(decide(action, team)) == {"own_application"}


def test_a_return_gives_reasons_bound_to_pages_that_exist() -> None:
    nothing = facts(Status.SUBMITTED, Role.STEWARD, returned_pages=frozenset())
    assert codes(decide("application.return", nothing)) == {"no_return_reason"}
    elsewhere = facts(Status.SUBMITTED, Role.STEWARD, returned_pages=frozenset({"nowhere"}))
    assert codes(decide("application.return", elsewhere)) == {"unknown_page"}


@pytest.mark.parametrize("access_to", [None, TODAY - timedelta(days=1)])
def test_access_that_has_ended_is_not_approved(access_to: date | None) -> None:
    past = facts(Status.SUBMITTED, Role.STEWARD, access_to=access_to)
    assert codes(decide("application.approve", past)) == {"access_ended"}
    assert codes(decide("application.refuse", past)) == set()


def test_every_objection_is_heard_at_once() -> None:
    worst = facts(
        Status.SUBMITTED,
        Role.STEWARD,
        missing=(Missing("title", "title", "required"),),
        decider_conflicts=frozenset({Conflict.ORGANISATION}),
        access_to=None,
    )
    assert codes(decide("application.approve", worst)) == {"incomplete", "own_organisation", "access_ended"}


def test_buttons_come_from_the_same_rule() -> None:
    asked = ["application.submit", "application.withdraw", "application.approve"]
    lead = facts(Status.DRAFT, Role.PRINCIPAL_INVESTIGATOR)
    assert rules.allowed_actions(lead, asked) == {"application.submit", "application.withdraw"}


def test_each_transition_is_a_post_of_the_table_and_decisions_ask_for_the_second_factor() -> None:
    by_name = {action.name: action for action in ACTIONS}
    for arrow in TRANSITIONS:
        assert not arrow.action.startswith("application.") or "POST" in by_name[arrow.action].methods
    assert {name for name, action in by_name.items() if action.second_factor} == {
        "application.approve",
        "application.refuse",
    }


def test_specifications_stay_what_they_were() -> None:
    assert specification().version == CURRENT
    assert specification(1).keys == (
        "title",
        "summary",
        "purpose",
        "team",
        "population",
        "variables",
        "period",
        "attachments",
    )
    with pytest.raises(KeyError):
        specification(0)


class TestAmendments:
    """What binds an amendment beyond what binds every dossier."""

    lead = Role.PRINCIPAL_INVESTIGATOR
    nobody_else = Barred("Ada Martin", date(2030, 1, 1), "Réidentification.")

    def test_one_is_started_from_the_first_dossier_of_a_project_that_goes_on(self) -> None:
        found = facts(
            Status.APPROVED,
            self.lead,
            is_amendment=True,
            project_over=True,
            amendment_under_way=True,
            barred=(self.nobody_else,),
        )
        assert codes(decide("application.amend", found)) == {
            "amend_the_first",
            "project_over",
            "amendment_under_way",
            "barred",
        }

    def test_it_changes_something_while_its_project_goes_on(self) -> None:
        unchanged = facts(Status.DRAFT, self.lead, is_amendment=True, unchanged=True)
        assert codes(decide("application.submit", unchanged)) == {"nothing_changed"}
        # What is missing is said first: it may be what is to change.
        lacking = replace(unchanged, missing=(Missing("period", "access_to", "required"),))
        assert codes(decide("application.submit", lacking)) == {"incomplete"}
        over = facts(Status.DRAFT, self.lead, is_amendment=True, project_over=True)
        assert codes(decide("application.submit", over)) == {"project_over"}
        approving = facts(Status.DECISION, Role.STEWARD, is_amendment=True, project_over=True)
        assert codes(decide("application.approve", approving)) == {"project_over"}

    def test_whoever_is_barred_submits_nothing_and_reads_why(self) -> None:
        barred = facts(Status.DRAFT, self.lead, barred=(self.nobody_else,))
        refused = decide("application.submit", barred)
        assert isinstance(refused, Refused)
        assert refused.reasons[0].params == {"who": "Ada Martin", "until": date(2030, 1, 1), "why": "Réidentification."}

    def test_it_keeps_its_path_and_only_it_is_judged(self) -> None:
        submitted = facts(Status.SUBMITTED, Role.STEWARD, is_amendment=True)
        assert codes(decide("application.redirect", submitted)) == {"amendment_keeps_path"}
        assert codes(decide("application.judge", replace(submitted, is_amendment=False))) == {"no_amendment"}

    def test_a_renewal_opens_its_own_pages_only(self) -> None:
        drafted = facts(Status.DRAFT, self.lead, is_renewal=True, page="title", open_pages=frozenset({"period"}))
        assert codes(decide("application.edit", drafted)) == {"page_not_of_a_renewal"}
        assert isinstance(decide("application.edit", replace(drafted, page="period")), Allowed)
