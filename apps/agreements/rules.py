"""What may happen to an agreement, by whom, when; what its signatures are bound to. Pure.

Source: the domain notes of the project (stage 5: signatories of the data controller, of the implementing body where
there is one, and of the platform; the exact document is signed, any change voids signatures).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from apps.core.rules import Action, Allowed, Decision, Reason, Refused, Role, decide_by_table


class Status(StrEnum):
    """Where an agreement stands."""

    PREPARING = "preparing"  # the document of the present version is being made
    SIGNING = "signing"
    DECLINED = "declined"  # by a party, with its reason: the steward revises it or closes the dossier
    SIGNED = "signed"
    ENDED = "ended"  # the dossier left this stage otherwise


class PartyKind(StrEnum):
    """As what an organisation signs."""

    CONTROLLER = "controller"
    IMPLEMENTER = "implementer"
    PLATFORM = "platform"


OPEN = frozenset({Status.PREPARING, Status.SIGNING, Status.DECLINED})


@dataclass(frozen=True)
class Transition:
    """One arrow of the workflow."""

    action: str
    sources: frozenset[Status]
    targets: frozenset[Status]


TRANSITIONS: tuple[Transition, ...] = (
    Transition("agreement.document_made", frozenset({Status.PREPARING}), frozenset({Status.SIGNING})),
    Transition("agreement.revise", OPEN, frozenset({Status.PREPARING})),
    Transition("agreement.sign", frozenset({Status.SIGNING}), frozenset({Status.SIGNING, Status.SIGNED})),
    Transition("agreement.decline", frozenset({Status.SIGNING}), frozenset({Status.DECLINED})),
    Transition("agreement.end", OPEN, frozenset({Status.ENDED})),
)


def transition(action: str) -> Transition:
    """The arrow of this action. Raises KeyError when the action changes no state."""
    for arrow in TRANSITIONS:
        if arrow.action == action:
            return arrow
    raise KeyError(action)


TEAM = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
SIGNATORY = frozenset({Role.SIGNATORY})
STEWARD = frozenset({Role.STEWARD})
READERS = TEAM | SIGNATORY | STEWARD


def _moves(name: str, roles: frozenset[Role], **more: Any) -> Action:
    sources = frozenset(str(status) for status in transition(name).sources)
    return Action(name, roles, sources, more.pop("methods", ("POST",)), **more)


ACTIONS: tuple[Action, ...] = (
    Action("agreement.list", frozenset({Role.PERSON})),
    Action("agreement.view", READERS),
    Action("agreement.print", READERS),
    Action("agreement.verify", READERS, methods=("GET", "POST")),
    _moves("agreement.sign", SIGNATORY, second_factor=True),
    _moves("agreement.decline", SIGNATORY),
    _moves("agreement.revise", STEWARD, independent=True),
)


@dataclass(frozen=True)
class Facts:
    """All that a decision about an agreement depends on.

    `signs_for` are the parties for which the person holds a mandate to sign today; `signed_for` those for which they
    signed the present version; `party` the one they want to sign for, and `party_has_signed` whether somebody did;
    `seen_hash` and `document_hash` the document that was read and the present one; `dossier_unchanged` whether the
    dossier still says what the document says; `on_team` whether they are on the dossier's team; `takes_part` whether a
    steward is, or acts for one of its organisations.
    """

    status: str
    roles: frozenset[Role]
    party: PartyKind | None = None
    signs_for: frozenset[str] = frozenset()
    signed_for: frozenset[str] = frozenset()
    party_id: str = ""
    party_has_signed: bool = False
    seen_hash: str = ""
    document_hash: str = ""
    dossier_unchanged: bool = True
    on_team: bool = False
    takes_part: bool = False


def _is_mandated(facts: Facts) -> Iterator[Reason]:
    if facts.party_id not in facts.signs_for:
        yield Reason("no_mandate")


def _signs_once(facts: Facts) -> Iterator[Reason]:
    if facts.party_has_signed:
        yield Reason("party_signed")
    elif facts.signed_for:
        yield Reason("signed_for_another")


def _read_what_is_signed(facts: Facts) -> Iterator[Reason]:
    if not facts.document_hash or facts.seen_hash != facts.document_hash:
        yield Reason("document_changed")


def _dossier_is_unchanged(facts: Facts) -> Iterator[Reason]:
    if not facts.dossier_unchanged:
        yield Reason("dossier_changed")


def _platform_is_not_the_applicant(facts: Facts) -> Iterator[Reason]:
    if facts.party is PartyKind.PLATFORM and facts.on_team:
        yield Reason("own_application")


def _steward_is_independent(facts: Facts) -> Iterator[Reason]:
    if facts.takes_part:
        yield Reason("takes_part")


Guard = Callable[[Facts], Iterator[Reason]]

GUARDS: Mapping[str, tuple[Guard, ...]] = {
    "agreement.sign": (
        _is_mandated,
        _signs_once,
        _read_what_is_signed,
        _dossier_is_unchanged,
        _platform_is_not_the_applicant,
    ),
    "agreement.decline": (_is_mandated, _read_what_is_signed),
    "agreement.revise": (_steward_is_independent,),
}


def decide(action: str, facts: Facts) -> Decision:
    """Whether the action may go ahead. The table speaks first; where it agrees, every guard that objects is heard."""
    by_table = decide_by_table(ACTIONS, action, facts.roles, facts.status)
    if isinstance(by_table, Refused):
        return by_table
    reasons = tuple(reason for guard in GUARDS.get(action, ()) for reason in guard(facts))
    return Refused(reasons) if reasons else Allowed()


def is_complete(parties: Iterable[str], signed: Iterable[str]) -> bool:
    """Whether every party has signed; an agreement without parties never is."""
    awaited = frozenset(parties)
    return bool(awaited) and awaited <= frozenset(signed)


class Check(StrEnum):
    """What of a signature can be checked again at any time."""

    DOCUMENT = "document"  # the document hashes to what is recorded
    BOUND = "bound"  # the signature is bound to that very document
    RECORD = "record"  # the record of the signature is the one that was sealed


@dataclass(frozen=True)
class SignatureFacts:
    """What a signature says, and what is found today."""

    bound_hash: str
    recorded_hash: str
    sealed_hash: str


def signature_faults(
    *, document_found: str, document_recorded: str, signatures: Iterable[SignatureFacts]
) -> frozenset[Check]:
    """Everything that does not hold of a signed document; nothing when it is what was signed."""
    faults = set() if document_found == document_recorded else {Check.DOCUMENT}
    for signature in signatures:
        if signature.bound_hash != document_recorded:
            faults.add(Check.BOUND)
        if signature.recorded_hash != signature.sealed_hash:
            faults.add(Check.RECORD)
    return frozenset(faults)
