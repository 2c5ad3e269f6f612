"""The rules of access reviews, over the whole table."""

from datetime import date, timedelta

import pytest

from apps.core.rules import Allowed, Refused, Role
from apps.reviews import rules, wording
from apps.reviews.rules import Verdict

TODAY = date(2027, 3, 15)
READERS = {Role.STEWARD, Role.AUDITOR}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", ["open", "closed"])
def test_stewards_decide_while_a_review_is_open_and_auditors_read(role: Role, state: str) -> None:
    assert (rules.decide("review.read", {role}) == Allowed()) == (role in READERS)
    assert (rules.decide("review.decide", {role}, state=state) == Allowed()) == (
        role is Role.STEWARD and state == "open"
    )


def test_nobody_decides_on_their_own_access() -> None:
    decision = rules.decide("review.decide", {Role.STEWARD}, state="open", is_own=True)
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["own_access"]
    assert "own_access" in wording.REFUSALS


@pytest.mark.parametrize(("days", "fits"), [(6, False), (7, True), (90, True), (91, False), (-1, False)])
def test_a_review_lasts_a_week_to_ninety_days(days: int, fits: bool) -> None:
    assert rules.deadline_fits(TODAY, TODAY + timedelta(days=days)) == fits


@pytest.mark.parametrize(
    ("holds", "role", "others", "verdict"),
    [
        (False, "", True, Verdict.GONE),
        (False, "steward", False, Verdict.GONE),
        (True, "", True, Verdict.LAPSED),
        (True, "steward", True, Verdict.LAPSED),
        (True, "steward", False, Verdict.KEPT),
        (True, "operator", False, Verdict.KEPT),
        (True, "auditor", False, Verdict.LAPSED),
    ],
)
def test_what_nobody_confirmed_lapses_but_for_the_last_of_its_role(
    holds: bool, role: str, others: bool, verdict: Verdict
) -> None:
    assert rules.verdict_at_deadline(holds=holds, role=role, others_hold_it=others) is verdict
