"""Who may see a project, on which days its entitlement holds, and what access to its data rests on. Pure."""

from dataclasses import dataclass
from datetime import date

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table
from apps.people.rules import (
    AccreditationFacts,
    Condition,
    Period,
    State,
    accreditation_conditions,
    condition,
    dated_condition,
)

MEMBERS = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})

# The states of a project that is not over: a suspended one may go on.
OPEN = frozenset({"active", "suspended"})

ACTIONS: tuple[Action, ...] = (
    Action("project.list", frozenset({Role.PERSON})),
    Action("project.view", MEMBERS | {Role.STEWARD}),
    Action("project.access", MEMBERS | {Role.STEWARD}),
    Action("project.close", frozenset({Role.PRINCIPAL_INVESTIGATOR}), OPEN, ("GET", "POST"), readers=MEMBERS),
    Action(
        "project.revoke",
        frozenset({Role.STEWARD}),
        OPEN,
        ("GET", "POST"),
        second_factor=True,
        independent=True,
    ),
)


@dataclass(frozen=True)
class EndingFacts:
    """What ending a project depends on. `status` is the project's; `takes_part`: the person is of its team, or acts for
    an organisation in it. The law wants results to be public where the project is (`is_published`); `has_results`: they
    are; `explains`: the team says why there are none. `amendment_under_way`: an amendment is not decided yet.
    """

    status: str
    roles: frozenset[Role]
    takes_part: bool = False
    is_published: bool = False
    has_results: bool = False
    explains: bool = False
    amendment_under_way: bool = False


def decide_close(facts: EndingFacts) -> Decision:
    """Whether the team may close its project: with results, or saying why there are none."""
    by_table = decide_by_table(ACTIONS, "project.close", facts.roles, facts.status)
    reasons = list(by_table.reasons) if isinstance(by_table, Refused) else []
    if facts.is_published and not facts.has_results and not facts.explains:
        reasons.append(Reason("no_results"))
    if facts.amendment_under_way:
        reasons.append(Reason("amendment_under_way"))
    return Refused(tuple(reasons)) if reasons else Allowed()


def decide_revoke(facts: EndingFacts) -> Decision:
    """Whether a steward may withdraw the authorisation of a project: never of one they have a part in."""
    by_table = decide_by_table(ACTIONS, "project.revoke", facts.roles, facts.status)
    reasons = list(by_table.reasons) if isinstance(by_table, Refused) else []
    if facts.takes_part:
        reasons.append(Reason("own_project"))
    return Refused(tuple(reasons)) if reasons else Allowed()


def entitlement_holds(*, project_status: str, starts_on: date, ends_on: date, today: date) -> bool:
    """Whether data may be used on this day: an active project, between both dates of its entitlement, included."""
    return project_status == "active" and starts_on <= today <= ends_on


@dataclass(frozen=True)
class AgreementFact:
    """The agreement that a project needs: `period` once it is signed, `pending` while signatures are awaited."""

    period: Period | None = None
    pending: bool = False


@dataclass(frozen=True)
class AccessFacts:
    """All that one person's access to the data of one project rests on, on one day.

    `mandate` is the best of the person's mandates for an organisation of the project. `agreement` is None when the
    project needs none.
    """

    today: date
    project_is_active: bool
    entitlement: Period
    account_is_active: bool
    member_since: date | None
    mandate: Period | None
    accreditation: AccreditationFacts
    agreement: AgreementFact | None = None


def access_conditions(facts: AccessFacts) -> tuple[Condition, ...]:
    """Every condition of access, met or not: access is open when all are, and closes the day one is not.

    Sources: time-limited access bound to the authorisation, strong authentication, named members, training, conditions
    of use (arrêté of 6 May 2024, security reference of the SNDS).
    """
    return (*project_conditions(facts), *person_conditions(facts))


def project_conditions(facts: AccessFacts) -> tuple[Condition, ...]:
    """What the project must have, whoever asks; an agreement only where one is needed."""
    active = condition("project", State.MET if facts.project_is_active else State.ENDED)
    entitlement = dated_condition("entitlement", facts.entitlement, facts.today)
    if facts.agreement is None:
        return active, entitlement
    awaited = State.PENDING if facts.agreement.pending else State.MISSING
    return active, entitlement, dated_condition("agreement", facts.agreement.period, facts.today, otherwise=awaited)


def person_conditions(facts: AccessFacts) -> tuple[Condition, ...]:
    """What the person must have: an account, a place in the team, a mandate, an accreditation."""
    account = condition("account", State.MET if facts.account_is_active else State.ENDED)
    membership = dated_condition("membership", Period(facts.member_since) if facts.member_since else None, facts.today)
    mandate = dated_condition("mandate", facts.mandate, facts.today)
    return account, membership, mandate, *accreditation_conditions(facts.accreditation, facts.today)
