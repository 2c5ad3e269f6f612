"""Words every room shares when it decides: roles, actions, reasons. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """What a person is for the object at hand, or for the whole portal."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"  # the password was right, the second factor is still awaited
    PERSON = "person"  # both factors were right
    MEMBER = "member"
    PRINCIPAL_INVESTIGATOR = "principal_investigator"
    ADMINISTRATOR = "administrator"  # of the organisation at hand, by a mandate that holds today
    STEWARD = "steward"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    COMMITTEE_MEMBER = "committee_member"
    COMMITTEE_SECRETARY = "committee_secretary"
    SIGNATORY = "signatory"  # holds a mandate to sign for an organisation that is party to the object


STAFF_ROLES = frozenset({Role.STEWARD, Role.OPERATOR, Role.AUDITOR, Role.COMMITTEE_MEMBER, Role.COMMITTEE_SECRETARY})
RELATION_ROLES = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR, Role.SIGNATORY, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Reason:
    """Why something was refused: a code that the interface turns into a sentence, with its parameters.

    Days among them are said as the reader writes them.
    """

    code: str
    params: Mapping[str, str | date] = field(default_factory=dict)


@dataclass(frozen=True)
class Allowed:
    """The command may go ahead."""


@dataclass(frozen=True)
class Refused:
    """The command may not go ahead, with every reason at once."""

    reasons: tuple[Reason, ...]


Decision = Allowed | Refused


@dataclass(frozen=True)
class Action:
    """One line of the permission table: who may do what, in which states, by which HTTP methods.

    `states` empty means: whatever the state; those of a command bind its unsafe methods, its page may explain. The
    `readers` may look at the page of a command that only the `roles` perform. `second_factor` means: a fresh one-time
    code goes with the command or before the download. `independent` means: not by somebody who takes part in the
    object, or who acts for an organisation that does. `recusal` means more: for whoever has such an interest in it, the
    object does not exist.
    """

    name: str
    roles: frozenset[Role]
    states: frozenset[str] = frozenset()
    methods: tuple[str, ...] = ("GET",)
    second_factor: bool = False
    readers: frozenset[Role] = frozenset()
    independent: bool = False
    recusal: bool = False


def action_named(table: Iterable[Action], name: str) -> Action:
    """The line of the table for this action. Raises KeyError: an undeclared action is a programming error."""
    for action in table:
        if action.name == name:
            return action
    raise KeyError(name)


def decide_by_table(table: Iterable[Action], name: str, roles: Iterable[Role], state: str) -> Decision:
    """Whether somebody with these roles may do this to an object in this state, by the table alone."""
    action = action_named(table, name)
    reasons = []
    if not action.roles & frozenset(roles):
        reasons.append(Reason("role"))
    if action.states and state not in action.states:
        reasons.append(Reason("state", {"state": state}))
    return Refused(tuple(reasons)) if reasons else Allowed()


_PUBLIC = frozenset({Role.ANYONE})

ACTIONS: tuple[Action, ...] = (
    Action("core.health", _PUBLIC),
    Action("core.home", _PUBLIC),
    Action("core.read_public_page", _PUBLIC),
    Action("core.list_interventions", frozenset({Role.STEWARD, Role.OPERATOR})),
    Action("core.retry_intervention", frozenset({Role.STEWARD, Role.OPERATOR}), methods=("POST",)),
)
