"""What may happen to a dossier, by whom, when; and what a complete dossier holds. Pure.

Source of the stages and of the separation of duties: the domain notes of the project (stages of a full authorisation,
people). The tables below are the only place where a state, a role and a command meet.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from apps.applications.form_spec import (
    Content,
    Contents,
    Field,
    Kind,
    PageSpec,
    Specification,
    Text,
    cell_name,
    filled_rows,
)
from apps.applications.pages import specification
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
    Action("application.edit", TEAM, _EDITABLE, ("GET", "POST")),
    Action("application.attach", TEAM, _EDITABLE, ("POST",)),
    Action("application.attachment_remove", TEAM, _EDITABLE, ("POST",)),
    Action("application.attachment_read", TEAM),
    Action("application.archive", TEAM),
    Action("application.print", TEAM),
    Action("application.member_add", LEAD, _EDITABLE, ("POST",)),
    Action("application.member_remove", LEAD, _EDITABLE, ("POST",)),
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
class Missing:
    """One thing that keeps a dossier from being complete. `text` is set where the extract engine has its own words."""

    page: str
    field: str
    code: str
    text: Text | None = None


def missing(contents: Contents, spec: Specification | None = None) -> tuple[Missing, ...]:
    """All that the pages lack or hold wrongly, in the order of the form; fields not asked for lack nothing."""
    return tuple(found for page in (spec or specification()).pages for found in page_missing(page, contents))


def page_missing(page: PageSpec, contents: Contents) -> Iterator[Missing]:
    """What one page lacks or holds wrongly. Other pages matter through the conditions of its fields."""
    content = contents.get(page.key, {})
    for field in page.fields:
        if field.is_asked(contents):
            yield from (Missing(page.key, name, code) for name, code in field_problems(field, content, contents))


def field_problems(field: Field, content: Content, contents: Contents) -> Iterator[tuple[str, str]]:
    """What is wrong with a field, or with each cell of a group: the name to lead to, and a code."""
    is_group = field.kind is Kind.GROUP
    if not (filled_rows(field, content) if is_group else content.get(field.name)):
        if field.is_required(contents):
            yield field.name, "required"
    elif is_group:
        yield from _group_problems(field, filled_rows(field, content))
    elif code := _CHECKS[field.kind](field, content[field.name], content):
        yield field.name, code


def _group_problems(group: Field, rows: tuple[tuple[int, Content], ...]) -> Iterator[tuple[str, str]]:
    if len(rows) > group.most:
        yield group.name, "too_many_rows"
    for number, row in rows:
        for column in group.columns:
            for _name, code in field_problems(column, row, {}):
                yield cell_name(group, number, column), code


def _text_problem(field: Field, value: Any, content: Content) -> str:
    return "too_long" if len(value) > field.max_length else ""


def _number_problem(field: Field, value: Any, content: Content) -> str:
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10):
        return "not_a_number"
    return "" if field.least <= int(value) <= field.most else "out_of_bounds"


def _choice_problem(field: Field, value: Any, content: Content) -> str:
    return "" if value in {choice.value for choice in field.choices} else "not_a_choice"


def _confirmation_problem(field: Field, value: Any, content: Content) -> str:
    return "" if value == "yes" else "required"


def _date_problem(field: Field, value: Any, content: Content) -> str:
    day = as_date(value)
    if day is None:
        return "not_a_date"
    if field.earliest and day < date.fromisoformat(field.earliest):
        return "too_early"
    start = as_date(content.get(field.not_before))
    if start is None:
        return ""
    if day < start:
        return "before_start"
    return "too_long_a_period" if day >= years_after(start, field.longest_years) else ""


def as_date(value: Any) -> date | None:
    """The day an ISO 8601 text stands for, None when it stands for none."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def years_after(start: date, years: int) -> date:
    """The same day `years` later (28 February for a 29 February that does not exist), at most the last possible day."""
    if start.year + years > date.max.year:
        return date.max
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return start.replace(year=start.year + years, day=28)


def _engine_checks_it(field: Field, value: Any, content: Content) -> str:
    return ""


_CHECKS: Mapping[Kind, Callable[[Field, Any, Content], str]] = {
    Kind.TEXT: _text_problem,
    Kind.LONG_TEXT: _text_problem,
    Kind.NUMBER: _number_problem,
    Kind.CHOICE: _choice_problem,
    Kind.CONFIRMATION: _confirmation_problem,
    Kind.DATE: _date_problem,
    Kind.POPULATION: _engine_checks_it,
    Kind.SCOPE: _engine_checks_it,
    Kind.DOCUMENT: _engine_checks_it,
}


@dataclass(frozen=True)
class Facts:
    """All that a decision about a dossier depends on.

    `open_pages` are those a return reopened; `decider_conflicts` why this person must leave the dossier to another;
    `access_to` and `today` are days in Paris. `path` is the way the dossier goes, `done` the stages that stand;
    `express` False: an outcome by silence; `silence` the one proposed since the delay lapsed. `may_extend`: the running
    delay may still be extended; `wrong_items`: the checklist says that something is to be corrected.
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


def _page_is_open(facts: Facts) -> Iterator[Reason]:
    if facts.status == Status.RETURNED and facts.page not in facts.open_pages:
        yield Reason("page_not_reopened")


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


DECIDABLE = transition("application.approve").sources

Guard = Callable[[Facts], Iterator[Reason]]

GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "application.edit": (_page_is_open,),
    "application.attach": (_page_is_open,),
    "application.attachment_remove": (_page_is_open,),
    "application.member_add": (_page_is_open,),
    "application.member_remove": (_page_is_open,),
    "application.submit": (_is_complete,),
    "application.return": (_decider_is_independent, _return_says_why),
    "application.check": (_decider_is_independent,),
    "application.accept": (_decider_is_independent, _is_complete, _nothing_was_found_wrong),
    "application.extend": (_decider_is_independent, _delay_may_be_extended),
    "application.silence_confirm": (_decider_is_independent, _silence_is_proposed, _silence_is_no_express_opinion),
    "application.obligation_fulfil": (_decider_is_independent,),
    "application.redirect": (_decider_is_independent,),
    "application.opinion_transcribe": (_decider_is_independent, _silence_is_no_express_opinion),
    "committee.opinion": (_decider_is_independent, _silence_is_no_express_opinion),
    "application.refer": (_path_leads_to_the_authority,),
    "application.cnil_record": (_decider_is_independent,),
    "application.discontinue": (_decider_is_independent,),
    "application.approve": (_decider_is_independent, _is_complete, _access_is_to_come, _only_the_decision_is_left),
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
    "Outcome",
    "Status",
    "Transition",
    "Turn",
    "queue_rank",
    "transition",
    "whose_turn",
]
