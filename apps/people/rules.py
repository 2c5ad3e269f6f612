"""Pure rules of organisations, invitations and accreditation: no Django here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table

_FORM = ("GET", "POST")
_PERSON = frozenset({Role.PERSON})
_PLATFORM = frozenset({Role.STEWARD, Role.OPERATOR})
_KEEPERS = _PLATFORM | {Role.ADMINISTRATOR}
_STEWARD = frozenset({Role.STEWARD})
_ANYONE = frozenset({Role.ANYONE})


class InvitationState(StrEnum):
    """Where an invitation stands. One whose time has run out is still pending, and can be sent again."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class CertificateState(StrEnum):
    """Where a training certificate stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


_PENDING = frozenset({str(InvitationState.PENDING)})

ACTIONS: tuple[Action, ...] = (
    Action("organisation.list", _PLATFORM),
    Action("organisation.create", _PLATFORM, methods=_FORM),
    Action("organisation.mine", _PERSON),
    Action("organisation.read", _KEEPERS),
    Action("organisation.correct", _PLATFORM, methods=_FORM),
    Action("mandate.change", _KEEPERS, methods=_FORM),
    Action("mandate.end", _KEEPERS, methods=_FORM),
    Action("invitation.send", _KEEPERS, methods=_FORM),
    Action("invitation.resend", _KEEPERS, _PENDING, methods=("POST",)),
    Action("invitation.withdraw", _KEEPERS, _PENDING, methods=("POST",)),
    Action("invitation.follow", _ANYONE),
    Action("invitation.accept", _ANYONE, methods=_FORM),
    Action("accreditation.read", _PERSON),
    Action("accreditation.examine", _KEEPERS),
    Action("training.add", _PERSON, methods=("POST",)),
    Action("training.read_own", _PERSON),
    Action("training.queue", _STEWARD),
    Action("training.examine", _STEWARD, _PENDING, methods=_FORM),
    Action("training.read", _STEWARD),
    Action("conditions.accept", _PERSON, methods=_FORM),
    Action("conditions.publish", frozenset({Role.OPERATOR}), methods=_FORM),
    Action("address.verify_ask", _PERSON, methods=("POST",)),
    Action("address.verify", _PERSON, methods=_FORM),
    Action("orcid.declare", _PERSON, methods=("POST",)),
)

INVITATION_LIFE = timedelta(days=7)
ADDRESS_LINK_LIFE = timedelta(hours=24)
FORGET_INVITATIONS_AFTER = timedelta(days=90)
"""How long names and addresses of people who never came are kept after an invitation has ended."""


def decide(action: str, roles: Iterable[Role], *, state: str = "", is_own: bool = False) -> Decision:
    """Whether somebody with these roles may do this; `is_own`: it is about their own mandate, address or certificate.

    Nobody changes what they themselves may do (separation of duties).
    """
    by_table = decide_by_table(ACTIONS, action, roles, state)
    reasons = by_table.reasons if isinstance(by_table, Refused) else ()
    own = (Reason("own_grant"),) if is_own else ()
    return Refused((*reasons, *own)) if reasons or own else Allowed()


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Whether a link's time has run out; its last instant no longer counts."""
    return now >= expires_at


_ORCID = re.compile(r"[0-9]{15}[0-9X]")


def orcid_normalised(typed: str) -> str:
    """An ORCID iD as sixteen characters in groups of four, whatever address, spaces or hyphens it was typed with."""
    bare = re.sub(r"[\s-]", "", typed.strip().removeprefix("https://").removeprefix("orcid.org/")).upper()
    return "-".join(bare[place : place + 4] for place in range(0, len(bare), 4))


def orcid_is_valid(orcid: str) -> bool:
    """Whether an ORCID iD carries the right check character (ISO/IEC 7064, MOD 11-2)."""
    bare = orcid.replace("-", "")
    if not _ORCID.fullmatch(bare):
        return False
    total = 0
    for digit in bare[:-1]:
        total = (total + int(digit)) * 2 % 11
    wanted = (12 - total) % 11
    return bare[-1] == ("X" if wanted == 10 else str(wanted))


def is_professional(address: str, consumer_domains: Iterable[str]) -> bool:
    """Whether an e-mail address is one of an organisation: not of a provider that serves anybody."""
    domain = address.rpartition("@")[2].lower()
    return not any(domain == known or domain.endswith(f".{known}") for known in consumer_domains)


@dataclass(frozen=True)
class TrainingRule:
    """For how many days a training counts that was completed on or after a day, and the text that says so."""

    completed_from: date
    valid_days: int
    source: str


def training_expiry(completed_on: date, rules: Iterable[TrainingRule]) -> date | None:
    """The last day on which a training counts, by the rule of its day; None when no rule covers that day."""
    covering = [rule for rule in rules if rule.completed_from <= completed_on]
    if not covering:
        return None
    return completed_on + timedelta(days=max(covering, key=lambda rule: rule.completed_from).valid_days)


class State(StrEnum):
    """How a condition of access stands."""

    MET = "met"
    PENDING = "pending"  # the person did their part, somebody else is awaited
    MISSING = "missing"
    NOT_YET = "not_yet"
    ENDED = "ended"


@dataclass(frozen=True)
class Condition:
    """One condition of access: its state, the days between which it holds, the code of the advice (blank if met)."""

    code: str
    state: State
    what_to_do: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def is_met(self) -> bool:
        return self.state is State.MET


@dataclass(frozen=True)
class Period:
    """From a day to a day, both included; without end when `until` is None."""

    since: date
    until: date | None = None


def condition(code: str, state: State, period: Period | None = None) -> Condition:
    """A condition with its advice: each code and state has one, "training_ended" for instance."""
    advice = "" if state is State.MET else f"{code}_{state}"
    return Condition(code, state, advice, period.since if period else None, period.until if period else None)


def dated_condition(code: str, period: Period | None, today: date, *, otherwise: State = State.MISSING) -> Condition:
    """A condition that holds between the days of `period`; `otherwise` is its state when there is none."""
    if period is None:
        return condition(code, otherwise)
    if today < period.since:
        return condition(code, State.NOT_YET, period)
    if period.until is not None and period.until < today:
        return condition(code, otherwise if otherwise is State.PENDING else State.ENDED, period)
    return condition(code, State.MET, period)


def best_period(periods: Iterable[Period], today: date) -> Period | None:
    """Of several periods the one that tells most: one that holds today and lasts longest, else the next to begin,
    else the last to have ended."""
    found = list(periods)
    current = [one for one in found if one.since <= today and (one.until is None or today <= one.until)]
    if current:
        return max(current, key=lambda one: one.until or date.max)
    coming = [one for one in found if one.since > today]
    if coming:
        return min(coming, key=lambda one: one.since)
    return max(found, key=lambda one: one.until or date.max, default=None)


@dataclass(frozen=True)
class AccreditationFacts:
    """What a person's accreditation rests on.

    `training` is the best accepted certificate, `training_pending` tells that one waits for a steward;
    `conditions_version` is the version in force (None before the first), `accepted_version` the last one accepted.
    """

    training: Period | None
    training_pending: bool
    conditions_version: int | None
    accepted_version: int | None
    accepted_on: date | None
    address_verified_on: date | None
    address_pending: bool = False


def accreditation_conditions(facts: AccreditationFacts, today: date) -> tuple[Condition, ...]:
    """What a person must have to reach any data, whatever the project.

    Sources: training before access and yearly, conditions of use signed (arrêté of 6 May 2024, security reference of
    the SNDS); a professional address proven, so that the platform knows whom it writes to.
    """
    pending = State.PENDING if facts.training_pending else State.MISSING
    training = dated_condition("training", facts.training, today, otherwise=pending)
    return training, _conditions_of_use(facts), _address(facts)


def _conditions_of_use(facts: AccreditationFacts) -> Condition:
    accepted = Period(facts.accepted_on) if facts.accepted_on else None
    if facts.conditions_version is None or (facts.accepted_version or 0) >= facts.conditions_version:
        return condition("conditions", State.MET, accepted)
    return condition("conditions", State.ENDED if facts.accepted_version else State.MISSING, accepted)


def _address(facts: AccreditationFacts) -> Condition:
    if facts.address_verified_on:
        return condition("address", State.MET, Period(facts.address_verified_on))
    return condition("address", State.PENDING if facts.address_pending else State.MISSING)
