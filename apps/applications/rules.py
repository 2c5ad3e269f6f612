"""What may happen to a dossier, by whom, when; and what a complete dossier holds. Pure.

Source of the stages and of the separation of duties: the domain notes of the project (stages of a full authorisation,
people). The tables below are the only place where a state, a role and a command meet.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from apps.applications.field_rules import Missing, as_date, field_problems, missing
from apps.applications.policy.model import Committee, Path, Stage
from apps.applications.workflow import (
    EDITABLE,
    FINAL,
    TRANSITIONS,
    WHOSE_TURN,
    Outcome,
    Status,
    Transition,
    Turn,
    may_be_approved,
    queue_rank,
    transition,
    whose_turn,
)
from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class Conflict(StrEnum):
    """Why a steward must leave a dossier to another."""

    TEAM = "team"
    ORGANISATION = "organisation"


TEAM = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
LEAD = frozenset({Role.PRINCIPAL_INVESTIGATOR})
STEWARD = frozenset({Role.STEWARD})


def _changes(name: str, roles: frozenset[Role], methods: tuple[str, ...] = ("POST",), **more: Any) -> Action:
    states = frozenset(str(state) for state in transition(name).sources)
    return Action(name, roles, states, methods, **more)


_EDITABLE = frozenset(str(state) for state in EDITABLE)
# A draft is nobody's business but its team's. What was withdrawn is examined if it had been submitted.
_EXAMINED = frozenset(str(state) for state in Status if state is not Status.DRAFT)


def _only(*states: Status) -> frozenset[str]:
    return frozenset(str(state) for state in states)


_GRANTED = _only(Status.DECISION, Status.AGREEMENT, Status.APPROVED)
_DECIDED = _only(Status.AGREEMENT, Status.APPROVED, Status.REFUSED)
_AFTER_CNIL = _GRANTED | _only(Status.REFUSED, Status.DISCONTINUED)

ACTIONS: tuple[Action, ...] = (
    Action("application.assistant", frozenset({Role.ANYONE})),
    Action("application.list", frozenset({Role.PERSON})),
    Action("application.create", frozenset({Role.PERSON}), methods=("GET", "POST")),
    Action("application.view", TEAM),
    Action("application.amend", LEAD, _only(Status.APPROVED), ("GET", "POST"), readers=TEAM),
    Action("application.edit", TEAM, _EDITABLE, ("GET", "POST")),
    Action("application.attach", TEAM, _EDITABLE, ("POST",)),
    Action("application.attachment_remove", TEAM, _EDITABLE, ("POST",)),
    Action("application.attachment_read", TEAM),
    Action("application.archive", TEAM),
    Action("application.print", TEAM),
    Action("application.member_add", LEAD, _EDITABLE, ("POST",)),
    Action("application.member_remove", LEAD, _EDITABLE, ("POST",)),
    Action("application.investigator_name", LEAD, _EDITABLE, ("POST",)),
    _changes("application.submit", LEAD, ("GET", "POST"), readers=TEAM),
    _changes("application.withdraw", LEAD),
    Action("application.messages", TEAM, methods=("GET", "POST")),
    Action("application.notices", frozenset({Role.PERSON})),
    Action("application.notices_read", frozenset({Role.PERSON}), methods=("POST",)),
    Action("application.notice_preference", frozenset({Role.PERSON}), methods=("GET", "POST")),
    Action("application.queue", STEWARD),
    Action("application.review_messages", STEWARD, _EXAMINED),
    Action("application.review_message_post", STEWARD, _EXAMINED, ("POST",)),
    Action("application.review", STEWARD, _EXAMINED),
    Action("application.review_attachment", STEWARD, _EXAMINED),
    Action("application.review_archive", STEWARD, _EXAMINED),
    Action("application.review_print", STEWARD, _EXAMINED),
    Action("application.attachment_redact", STEWARD, _EXAMINED, ("POST",)),
    _changes("application.return", STEWARD, independent=True),
    _changes("application.accept", STEWARD, independent=True),
    _changes("application.redirect", STEWARD, independent=True),
    Action("application.judge", STEWARD, _only(Status.SUBMITTED), ("POST",), independent=True),
    Action("application.exclusions", STEWARD),
    Action("application.exclusion_lift", STEWARD, methods=("POST",)),
    Action("application.check", STEWARD, _only(Status.SUBMITTED), ("POST",), independent=True),
    Action("application.extend", STEWARD, _only(Status.CNIL, Status.DECISION), ("POST",), independent=True),
    _changes("application.silence_confirm", STEWARD, independent=True),
    Action("application.obligation_fulfil", STEWARD, _GRANTED, ("POST",), independent=True),
    Action("application.authority_document", TEAM, _AFTER_CNIL),
    Action("application.decision_record", TEAM, _DECIDED),
    Action("application.review_decision_record", STEWARD, _DECIDED),
    Action("application.review_authority_document", STEWARD, _AFTER_CNIL),
    Action("application.assign", STEWARD, methods=("POST",)),
    Action("application.queue_export", STEWARD),
    _changes("application.opinion_transcribe", STEWARD, independent=True),
    _changes("application.refer", LEAD),
    _changes("application.revise", LEAD),
    _changes("application.commit", LEAD),
    _changes("application.cnil_record", STEWARD, independent=True),
    _changes("application.discontinue", STEWARD, independent=True),
    _changes("application.approve", STEWARD, second_factor=True, independent=True),
    _changes("application.refuse", STEWARD, second_factor=True, independent=True),
)


@dataclass(frozen=True)
class Barred:
    """Somebody, or an organisation, that may file nothing until a day (included), and why."""

    who: str
    until_on: date
    why: str


@dataclass(frozen=True)
class Facts:
    """All that a decision about a dossier depends on.

    `open_pages` are those a return reopened, or the only ones of a renewal; `decider_conflicts` why this person must
    leave the dossier to another; `access_to` and `today` are days in Paris. `path` is the way the dossier goes, `done`
    the stages that stand; `express` False: an outcome by silence; `silence` the one proposed since the delay lapsed.
    `may_extend`: the running delay may still be extended; `wrong_items`: the checklist says that something is to be
    corrected. `is_amendment`: it changes what another dossier was granted; `unchanged`: it does not, in truth;
    `amendment_under_way`: another one is not decided yet; `project_over`: the project has ended; `barred`: who of the
    team may file nothing.
    """

    status: Status
    roles: frozenset[Role]
    page: str = ""
    open_pages: frozenset[str] = frozenset()
    missing: tuple[Missing, ...] = ()
    decider_conflicts: frozenset[Conflict] = frozenset()
    returned_pages: frozenset[str] = frozenset()
    known_pages: frozenset[str] = frozenset()
    access_to: date | None = None
    today: date = date.min
    path: Path | None = None
    done: frozenset[Stage] = frozenset()
    express: bool = True
    may_extend: bool = False
    silence: str = ""
    wrong_items: bool = False
    is_amendment: bool = False
    is_renewal: bool = False
    unchanged: bool = False
    amendment_under_way: bool = False
    project_over: bool = False
    barred: tuple[Barred, ...] = ()


def _page_is_open(facts: Facts) -> Iterator[Reason]:
    if facts.status == Status.RETURNED and facts.page not in facts.open_pages:
        yield Reason("page_not_reopened")
    if facts.status == Status.DRAFT and facts.is_renewal and facts.page not in facts.open_pages:
        yield Reason("page_not_of_a_renewal")


def _is_complete(facts: Facts) -> Iterator[Reason]:
    if facts.missing:
        yield Reason("incomplete")


def _decider_is_independent(facts: Facts) -> Iterator[Reason]:
    if Conflict.TEAM in facts.decider_conflicts:
        yield Reason("own_application")
    if Conflict.ORGANISATION in facts.decider_conflicts:
        yield Reason("own_organisation")


def _return_says_why(facts: Facts) -> Iterator[Reason]:
    if not facts.returned_pages:
        yield Reason("no_return_reason")
    if facts.returned_pages - facts.known_pages:
        yield Reason("unknown_page")


def _access_is_to_come(facts: Facts) -> Iterator[Reason]:
    if facts.access_to is None or facts.access_to < facts.today:
        yield Reason("access_ended")


def _only_the_decision_is_left(facts: Facts) -> Iterator[Reason]:
    if facts.path and facts.status in DECIDABLE and not may_be_approved(facts.path, facts.status, facts.done):
        yield Reason("stages_remain")


def _silence_is_no_express_opinion(facts: Facts) -> Iterator[Reason]:
    if facts.path and facts.path.committee is Committee.EXPRESS and not facts.express:
        yield Reason("opinion_not_express")


def _path_leads_to_the_authority(facts: Facts) -> Iterator[Reason]:
    if facts.path and Stage.CNIL not in facts.path.stages:
        yield Reason("path_without_cnil")


def _nothing_was_found_wrong(facts: Facts) -> Iterator[Reason]:
    if facts.wrong_items:
        yield Reason("checklist_wrong")


def _delay_may_be_extended(facts: Facts) -> Iterator[Reason]:
    if not facts.may_extend:
        yield Reason("delay_not_extendable")


def _silence_is_proposed(facts: Facts) -> Iterator[Reason]:
    if not facts.silence:
        yield Reason("no_silence")


def barred_reasons(barred: Iterable[Barred]) -> Iterator[Reason]:
    """Why these people and organisations may file nothing."""
    for one in barred:
        yield Reason("barred", {"who": one.who, "until": one.until_on, "why": one.why})


def _nobody_is_barred(facts: Facts) -> Iterator[Reason]:
    yield from barred_reasons(facts.barred)


def _something_changed(facts: Facts) -> Iterator[Reason]:
    if facts.is_amendment and facts.unchanged and not facts.missing:
        yield Reason("nothing_changed")


def _is_the_first_dossier(facts: Facts) -> Iterator[Reason]:
    if facts.is_amendment:
        yield Reason("amend_the_first")


def _is_an_amendment(facts: Facts) -> Iterator[Reason]:
    if not facts.is_amendment:
        yield Reason("no_amendment")


def _amendments_keep_their_path(facts: Facts) -> Iterator[Reason]:
    if facts.is_amendment:
        yield Reason("amendment_keeps_path")


def _no_other_amendment(facts: Facts) -> Iterator[Reason]:
    if facts.amendment_under_way:
        yield Reason("amendment_under_way")


def _project_goes_on(facts: Facts) -> Iterator[Reason]:
    if facts.project_over:
        yield Reason("project_over")


DECIDABLE = transition("application.approve").sources

Guard = Callable[[Facts], Iterator[Reason]]

GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "application.edit": (_page_is_open,),
    "application.attach": (_page_is_open,),
    "application.attachment_remove": (_page_is_open,),
    "application.member_add": (_page_is_open,),
    "application.member_remove": (_page_is_open,),
    "application.investigator_name": (_page_is_open,),
    "application.amend": (_is_the_first_dossier, _project_goes_on, _no_other_amendment, _nobody_is_barred),
    "application.submit": (_is_complete, _something_changed, _project_goes_on, _nobody_is_barred),
    "application.judge": (_decider_is_independent, _is_an_amendment),
    "application.return": (_decider_is_independent, _return_says_why),
    "application.check": (_decider_is_independent,),
    "application.accept": (_decider_is_independent, _is_complete, _nothing_was_found_wrong),
    "application.extend": (_decider_is_independent, _delay_may_be_extended),
    "application.silence_confirm": (_decider_is_independent, _silence_is_proposed, _silence_is_no_express_opinion),
    "application.obligation_fulfil": (_decider_is_independent,),
    "application.redirect": (_decider_is_independent, _amendments_keep_their_path),
    "application.opinion_transcribe": (_decider_is_independent, _silence_is_no_express_opinion),
    "committee.opinion": (_decider_is_independent, _silence_is_no_express_opinion),
    "application.refer": (_path_leads_to_the_authority,),
    "application.cnil_record": (_decider_is_independent,),
    "application.discontinue": (_decider_is_independent,),
    "application.approve": (
        _decider_is_independent,
        _is_complete,
        _access_is_to_come,
        _only_the_decision_is_left,
        _project_goes_on,
    ),
    "application.refuse": (_decider_is_independent,),
}


def decide(action: str, facts: Facts) -> Decision:
    """Whether the action may go ahead. The table speaks first; where it agrees, every guard that objects is heard."""
    by_table = decide_by_table(ACTIONS, action, facts.roles, facts.status)
    return by_table if isinstance(by_table, Refused) else _by_guards(action, facts)


def decide_step(action: str, facts: Facts) -> Decision:
    """Whether another room, whose own table has let its caller through, may take this arrow."""
    if facts.status not in transition(action).sources:
        return Refused((Reason("state", {"state": facts.status}),))
    return _by_guards(action, facts)


def _by_guards(action: str, facts: Facts) -> Decision:
    reasons = tuple(reason for guard in GUARDS.get(action, ()) for reason in guard(facts))
    return Refused(reasons) if reasons else Allowed()


def allowed_actions(facts: Facts, actions: Iterable[str]) -> frozenset[str]:
    """Those of `actions` that may go ahead: the buttons of a page come from here, as the guard of the POST does."""
    return frozenset(action for action in actions if isinstance(decide(action, facts), Allowed))


__all__ = [
    "EDITABLE",
    "FINAL",
    "TRANSITIONS",
    "WHOSE_TURN",
    "Missing",
    "Outcome",
    "Status",
    "Transition",
    "Turn",
    "as_date",
    "field_problems",
    "missing",
    "queue_rank",
    "transition",
    "whose_turn",
]
