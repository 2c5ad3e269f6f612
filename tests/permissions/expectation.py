"""What the permission table, and nothing else, says of a call."""

from collections.abc import Iterable
from enum import StrEnum

from apps.core.rules import STAFF_ROLES, Action, Role

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Expected(StrEnum):
    """How the portal must answer."""

    NO_SUCH_METHOD = "405"
    SIGN_IN = "sent to sign in"
    MISSING = "404, the same as for a missing object"
    DENIED = "denied"
    ALLOWED = "allowed"


def expected(
    action: Action | None,
    method: str,
    *,
    roles: frozenset[Role],
    relation: frozenset[Role] = frozenset(),
    takes_part: bool = False,
    state: str | None = None,
    exists: bool = True,
    knows: bool = False,
) -> Expected:
    """What the table says.

    `roles` are for the portal, `relation` for the object, `state` is None where there is none; `knows`: the visitor may
    see objects of this kind by some action, so that a denial need not hide that this one exists.
    """
    if action is None:
        return Expected.MISSING
    if method not in answered(action):
        return Expected.NO_SUCH_METHOD
    wanted = action.roles | (action.readers if method in SAFE else frozenset())
    if Role.PERSON not in roles and not wanted & roles:
        return Expected.SIGN_IN
    if not exists or (action.recusal and takes_part):
        return Expected.MISSING
    in_state = state is None or binds_no_state(action, method) or state in action.states
    if wanted & (roles | relation) and in_state and not (action.independent and takes_part):
        return Expected.ALLOWED
    hidden = only_reads(action) and not in_state
    return Expected.DENIED if (knows or relation) and not hidden else Expected.MISSING


def answered(action: Action) -> frozenset[str]:
    """The methods an action answers to: HEAD wherever GET."""
    return frozenset(action.methods) | ({"HEAD"} if "GET" in action.methods else frozenset())


def only_reads(action: Action) -> bool:
    """Whether the action has no unsafe method."""
    return not frozenset(action.methods) - SAFE


def binds_no_state(action: Action, method: str) -> bool:
    """Whether the states of the action leave this call alone: those of a command do not bind the look at its page."""
    return not action.states or (method in SAFE and not only_reads(action))


def staff_who_know(actions: Iterable[Action]) -> frozenset[Role]:
    """The staff roles to which some of these actions, all about one kind of object, are open."""
    return frozenset(role for action in actions for role in action.roles & STAFF_ROLES)
