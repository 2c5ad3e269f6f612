"""Who ends a project, and under which conditions."""

import pytest

from apps.core.rules import Allowed, Refused, Role
from apps.projects.rules import EndingFacts, decide_close, decide_revoke

LEAD = frozenset({Role.MEMBER, Role.PRINCIPAL_INVESTIGATOR})
STEWARD = frozenset({Role.STEWARD})


def codes(decision: Allowed | Refused) -> list[str]:
    return [reason.code for reason in decision.reasons] if isinstance(decision, Refused) else []


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        (EndingFacts("active", LEAD), []),
        (EndingFacts("suspended", LEAD), []),
        (EndingFacts("closed", LEAD), ["state"]),
        (EndingFacts("active", frozenset({Role.MEMBER})), ["role"]),
        (EndingFacts("active", STEWARD), ["role"]),
        (EndingFacts("active", LEAD, is_published=True), ["no_results"]),
        (EndingFacts("active", LEAD, is_published=True, explains=True), []),
        (EndingFacts("active", LEAD, is_published=True, has_results=True), []),
        (EndingFacts("active", LEAD, amendment_under_way=True), ["amendment_under_way"]),
    ],
)
def test_the_investigator_closes_with_results_or_a_reason(facts: EndingFacts, refused: list[str]) -> None:
    assert codes(decide_close(facts)) == refused


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        (EndingFacts("active", STEWARD), []),
        (EndingFacts("revoked", STEWARD), ["state"]),
        (EndingFacts("active", LEAD), ["role"]),
        (EndingFacts("active", STEWARD, takes_part=True), ["own_project"]),
    ],
)
def test_a_steward_without_part_in_it_withdraws_an_authorisation(facts: EndingFacts, refused: list[str]) -> None:
    assert codes(decide_revoke(facts)) == refused
