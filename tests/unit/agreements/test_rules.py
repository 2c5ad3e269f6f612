"""The tables of the agreement, whole: every role × action × state, every guard, what a signature is bound to."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.agreements import rules
from apps.agreements.rules import (
    TRANSITIONS,
    Check,
    Facts,
    PartyKind,
    SignatureFacts,
    Status,
    decide,
    is_complete,
    signature_faults,
)
from apps.core.rules import Allowed, Refused, Role

EVERY = set(Status)
READ = {Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR, Role.SIGNATORY, Role.STEWARD}
TABLE: dict[str, tuple[set[Role], set[Status]]] = {
    "agreement.list": ({Role.PERSON}, EVERY),
    "agreement.view": (READ, EVERY),
    "agreement.print": (READ, EVERY),
    "agreement.verify": (READ, EVERY),
    "agreement.sign": ({Role.SIGNATORY}, {Status.SIGNING}),
    "agreement.decline": ({Role.SIGNATORY}, {Status.SIGNING}),
    "agreement.revise": ({Role.STEWARD}, {Status.PREPARING, Status.SIGNING, Status.DECLINED}),
}


def facts(status: Status, *roles: Role, **more: Any) -> Facts:
    favourable: dict[str, Any] = {
        "party": PartyKind.CONTROLLER,
        "party_id": "1",
        "signs_for": frozenset({"1"}),
        "seen_hash": "ab",
        "document_hash": "ab",
    }
    return Facts(status=status, roles=frozenset(roles), **{**favourable, **more})


def codes(decision: Allowed | Refused) -> set[str]:
    return {reason.code for reason in decision.reasons} if isinstance(decision, Refused) else set()


@pytest.mark.parametrize("action", TABLE)
def test_each_action_is_for_its_roles_in_its_states(action: str) -> None:
    who, when = TABLE[action]
    for role, status in product(Role, Status):
        assert (decide(action, facts(status, role)) == Allowed()) == (role in who and status in when), (role, status)


def test_a_document_is_signed_only_while_the_dossier_says_the_same() -> None:
    refused = decide("agreement.sign", facts(Status.SIGNING, Role.SIGNATORY, dossier_unchanged=False))
    assert codes(refused) == {"dossier_changed"}


def test_the_table_holds_every_action() -> None:
    assert {action.name for action in rules.ACTIONS} == set(TABLE)


@pytest.mark.parametrize(
    ("action", "changed", "reasons"),
    [
        ("agreement.sign", {"signs_for": frozenset()}, {"no_mandate"}),
        ("agreement.sign", {"party_id": "2"}, {"no_mandate"}),
        ("agreement.sign", {"party_has_signed": True}, {"party_signed"}),
        ("agreement.sign", {"signed_for": frozenset({"2"})}, {"signed_for_another"}),
        ("agreement.sign", {"seen_hash": "cd"}, {"document_changed"}),
        ("agreement.sign", {"seen_hash": "", "document_hash": ""}, {"document_changed"}),
        ("agreement.sign", {"party": PartyKind.PLATFORM, "on_team": True}, {"own_application"}),
        ("agreement.sign", {"party": PartyKind.CONTROLLER, "on_team": True}, set()),
        ("agreement.decline", {"signs_for": frozenset(), "seen_hash": ""}, {"no_mandate", "document_changed"}),
    ],
)
def test_each_guard_objects(action: str, changed: dict[str, Any], reasons: set[str]) -> None:
    assert codes(decide(action, facts(Status.SIGNING, Role.SIGNATORY, **changed))) == reasons


def test_a_steward_who_takes_part_leaves_the_agreement_to_another() -> None:
    taking_part = facts(Status.SIGNING, Role.STEWARD, takes_part=True)
    assert codes(decide("agreement.revise", taking_part)) == {"takes_part"}


def test_every_state_is_reached_and_every_open_one_left() -> None:
    targets = {target for arrow in TRANSITIONS for target in arrow.targets}
    assert targets | {Status.PREPARING} == set(Status)
    assert {source for arrow in TRANSITIONS for source in arrow.sources} == rules.OPEN
    with pytest.raises(KeyError):
        rules.transition("agreement.view")


@given(st.frozensets(st.sampled_from("abc")), st.frozensets(st.sampled_from("abc")))
def test_an_agreement_is_complete_when_every_party_has_signed(parties: frozenset[str], signed: frozenset[str]) -> None:
    assert is_complete(parties, signed) == (bool(parties) and not parties - signed)


SOUND = SignatureFacts(bound_hash="d", recorded_hash="r", sealed_hash="r")


@pytest.mark.parametrize(
    ("found", "signature", "wanted"),
    [
        ("d", SOUND, set()),
        ("other", SOUND, {Check.DOCUMENT}),
        ("d", SignatureFacts("other", "r", "r"), {Check.BOUND}),
        ("d", SignatureFacts("d", "r", "other"), {Check.RECORD}),
        ("other", SignatureFacts("other", "r", "s"), set(Check)),
    ],
)
def test_checking_anew_finds_every_fault(found: str, signature: SignatureFacts, wanted: set[Check]) -> None:
    assert signature_faults(document_found=found, document_recorded="d", signatures=[signature]) == wanted
