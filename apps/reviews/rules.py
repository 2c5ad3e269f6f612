"""Pure rules of the access review: no Django here.

Source: yearly review of accesses (arrêté of 6 May 2024, security reference of the SNDS).
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class ReviewState(StrEnum):
    """Where a review stands."""

    OPEN = "open"
    CLOSED = "closed"


class Kind(StrEnum):
    """What gives somebody access."""

    STAFF_ROLE = "staff_role"
    MANDATE = "mandate"
    MEMBERSHIP = "membership"


class Verdict(StrEnum):
    """What was said of one grant."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # nobody confirmed it before the deadline
    GONE = "gone"  # it had ended by other means
    KEPT = "kept"  # the platform would have had nobody left in this role


_OPEN = frozenset({str(ReviewState.OPEN)})
_STEWARD = frozenset({Role.STEWARD})
_READERS = _STEWARD | {Role.AUDITOR}

ACTIONS: tuple[Action, ...] = (
    Action("review.list", _READERS),
    Action("review.open", _STEWARD, methods=("GET", "POST")),
    Action("review.read", _READERS),
    Action("review.decide", _STEWARD, _OPEN, methods=("POST",)),
)

SHORTEST, LONGEST = timedelta(days=7), timedelta(days=90)
REMINDER = timedelta(days=3)
ROLES_NEVER_EMPTY = frozenset({Role.STEWARD, Role.OPERATOR})
"""Roles that must always be held by somebody: without them nobody could give access again."""


def decide(action: str, roles: Iterable[Role], *, state: str = "", is_own: bool = False) -> Decision:
    """Whether somebody with these roles may do this; nobody decides on their own access."""
    by_table = decide_by_table(ACTIONS, action, roles, state)
    reasons = by_table.reasons if isinstance(by_table, Refused) else ()
    own = (Reason("own_access"),) if is_own else ()
    return Refused((*reasons, *own)) if reasons or own else Allowed()


def deadline_fits(today: date, closes_on: date) -> bool:
    """Whether a review that begins today may end on this day: time to look, and not so long that nobody does."""
    return today + SHORTEST <= closes_on <= today + LONGEST


def verdict_at_deadline(*, holds: bool, role: str, others_hold_it: bool) -> Verdict:
    """What becomes of a grant that nobody confirmed: it lapses, unless it is gone already, or is the last of its role.

    `role` is a staff role's name, blank for other kinds.
    """
    if not holds:
        return Verdict.GONE
    return Verdict.KEPT if role in ROLES_NEVER_EMPTY and not others_hold_it else Verdict.LAPSED
