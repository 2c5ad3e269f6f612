"""What may become of an extract request, and what a worker may run."""

import itertools

import pytest

from apps.core.rules import Allowed, Reason, Refused
from apps.extracts.rules import TRANSITIONS, RunFacts, Stage, Status, decide_run, may_move, seconds_left

ALLOWED_MOVES = {
    (Status.REQUESTED, Status.RUNNING),
    (Status.REQUESTED, Status.NEEDS_HUMAN),
    (Status.RUNNING, Status.DELIVERED),
    (Status.RUNNING, Status.NEEDS_HUMAN),
    (Status.NEEDS_HUMAN, Status.RUNNING),
    (Status.REQUESTED, Status.CANCELLING),
    (Status.RUNNING, Status.CANCELLING),
    (Status.NEEDS_HUMAN, Status.CANCELLING),
    (Status.CANCELLING, Status.CANCELLED),
    (Status.CANCELLED, Status.REQUESTED),
    (Status.REQUESTED, Status.SUPERSEDED),
    (Status.RUNNING, Status.SUPERSEDED),
    (Status.NEEDS_HUMAN, Status.SUPERSEDED),
}


@pytest.mark.parametrize(("seen", "to"), list(itertools.product(Status, Status)))
def test_only_these_moves_exist(seen, to):
    assert may_move(seen, to) is ((seen, to) in ALLOWED_MOVES)


def test_every_status_can_be_reached_and_only_the_delivery_or_an_amendment_is_an_end():
    assert {to for targets in TRANSITIONS.values() for to in targets} == set(Status)
    assert [status for status, targets in TRANSITIONS.items() if not targets] == [Status.DELIVERED, Status.SUPERSEDED]


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (RunFacts("a", "a", entitled=True), Allowed()),
        (RunFacts("a", "b", entitled=True), Refused((Reason("definition_changed"),))),
        (RunFacts("a", "a", entitled=False), Refused((Reason("not_entitled"),))),
        (RunFacts("a", "b", entitled=False), Refused((Reason("definition_changed"), Reason("not_entitled")))),
    ],
)
def test_only_what_was_approved_runs_and_only_while_entitled(facts, decision):
    assert decide_run(facts) == decision


@pytest.mark.parametrize(
    ("stages", "lanes", "left"),
    [
        ([], 1, None),
        ([Stage(0, 10, 0.0)], 1, None),
        ([Stage(10, 10, 20.0)], 1, 0),
        ([Stage(5, 10, 10.0)], 1, 10),
        ([Stage(5, 10, 10.0)], 2, 5),
        ([Stage(4, 4, 4.0), Stage(1, 3, 11.0), Stage(0, 2, 0.0)], 1, 28),
    ],
)
def test_what_is_left_takes_what_units_of_its_kind_took(stages, lanes, left):
    assert seconds_left(stages, lanes) == left
