"""The machine of the dossier on every path: each outcome, each state."""

from dataclasses import replace
from datetime import date

import pytest

from apps.applications import workflow
from apps.applications.policy import Committee, Path, Stage, policies, policy_on
from apps.applications.rules import TRANSITIONS, Facts, decide_step
from apps.applications.workflow import Impossible, Outcome, Status, Turn, move, next_status, whose_turn
from apps.core.rules import Allowed

TODAY = date(2026, 3, 2)
PATHS = [path for policy in policies() for path in policy.paths]
FULL = policy_on(TODAY).path("full_authorisation")
MR007 = policy_on(TODAY).path("mr007")
PERMANENT = policy_on(TODAY).path("permanent_access")
SIGNED = [replace(path, stages=(*dict.fromkeys((*path.stages, Stage.AGREEMENT)),)) for path in PATHS]
EVERY_PATH = [*PATHS, *SIGNED]


def walked(path: Path, *outcomes: tuple[Status, Outcome]) -> tuple[Status, frozenset[Stage]]:
    """Where these outcomes lead, each from the state it is said of."""
    status, done = Status.SUBMITTED, frozenset[Stage]()
    for expected, outcome in outcomes:
        assert status is expected
        step = move(path, status, outcome, done)
        status, done = step.status, step.done
        if status is Status.RETURNED:
            status = Status.SUBMITTED
    return status, done


class TestPaths:
    def test_a_full_authorisation_passes_the_committee_the_choice_and_cnil(self) -> None:
        end, _ = walked(
            FULL,
            (Status.SUBMITTED, Outcome.COMPLETE),
            (Status.COMMITTEE, Outcome.FAVOURABLE_WITH_RECOMMENDATIONS),
            (Status.CHOICE, Outcome.REFERRED),
            (Status.CNIL, Outcome.AUTHORISED_WITH_CONDITIONS),
            (Status.DECISION, Outcome.APPROVED),
            (Status.AGREEMENT, Outcome.SIGNED),
        )
        assert end is Status.APPROVED

    def test_whatever_the_opinion_the_applicant_of_a_full_authorisation_chooses(self) -> None:
        for opinion in (Outcome.FAVOURABLE, Outcome.RESERVED, Outcome.UNFAVOURABLE):
            assert next_status(FULL, Status.COMMITTEE, opinion, {Stage.COMPLETENESS}) is Status.CHOICE

    def test_an_amendment_after_the_opinion_keeps_the_opinion(self) -> None:
        end, done = walked(
            FULL,
            (Status.SUBMITTED, Outcome.COMPLETE),
            (Status.COMMITTEE, Outcome.RESERVED),
            (Status.CHOICE, Outcome.REVISED),
            (Status.SUBMITTED, Outcome.COMPLETE),
        )
        assert end is Status.CHOICE
        assert Stage.COMMITTEE in done

    def test_mr007_goes_on_to_its_commitment_on_an_expressly_favourable_opinion_only(self) -> None:
        done = {Stage.COMPLETENESS}
        assert next_status(MR007, Status.COMMITTEE, Outcome.FAVOURABLE, done) is Status.COMMITMENT
        assert next_status(MR007, Status.COMMITTEE, Outcome.RESERVED, done) is Status.CHOICE

    def test_mr007_amended_after_a_bad_opinion_sees_the_committee_again(self) -> None:
        end, _ = walked(
            MR007,
            (Status.SUBMITTED, Outcome.COMPLETE),
            (Status.COMMITTEE, Outcome.UNFAVOURABLE),
            (Status.CHOICE, Outcome.REVISED),
            (Status.SUBMITTED, Outcome.COMPLETE),
        )
        assert end is Status.COMMITTEE

    def test_an_adjourned_opinion_leaves_the_dossier_before_the_committee(self) -> None:
        assert next_status(FULL, Status.COMMITTEE, Outcome.ADJOURNED, {Stage.COMPLETENESS}) is Status.COMMITTEE

    def test_a_redirection_forgets_what_stood(self) -> None:
        assert move(FULL, Status.SUBMITTED, Outcome.REDIRECTED, {Stage.COMMITTEE}).done == frozenset()

    def test_information_asked_for_later_keeps_all_but_the_completeness(self) -> None:
        asked = move(FULL, Status.CNIL, Outcome.INCOMPLETE, {Stage.COMPLETENESS, Stage.COMMITTEE, Stage.CHOICE})
        assert asked == workflow.Move(Status.RETURNED, frozenset({Stage.COMMITTEE, Stage.CHOICE}))

    def test_the_shortest_path_is_decided_at_once_and_a_longer_one_is_not(self) -> None:
        assert workflow.may_be_approved(PERMANENT, Status.SUBMITTED)
        assert not workflow.may_be_approved(FULL, Status.SUBMITTED)
        assert workflow.may_be_approved(FULL, Status.DECISION)
        assert not workflow.may_be_approved(PERMANENT, Status.DRAFT)

    def test_signatures_come_after_the_decision_where_the_path_has_an_agreement(self) -> None:
        path = replace(PERMANENT, stages=(*PERMANENT.stages, Stage.AGREEMENT))
        assert next_status(path, Status.DECISION, Outcome.APPROVED, {Stage.COMPLETENESS}) is Status.AGREEMENT
        done = {Stage.COMPLETENESS, Stage.DECISION}
        assert next_status(path, Status.AGREEMENT, Outcome.SIGNED, done) is Status.APPROVED
        assert next_status(path, Status.AGREEMENT, Outcome.DECLINED, done) is Status.DISCONTINUED


class TestTheImpossible:
    @pytest.mark.parametrize("status", Status)
    @pytest.mark.parametrize("outcome", Outcome)
    def test_an_outcome_ends_only_its_own_stage(self, status: Status, outcome: Outcome) -> None:
        stage = workflow.STAGE_OF.get(status)
        if stage is None or outcome not in workflow.OUTCOMES[stage]:
            with pytest.raises(Impossible):
                move(FULL, status, outcome)

    @pytest.mark.parametrize("path", [path for path in EVERY_PATH if path.committee is Committee.EXPRESS])
    def test_silence_never_counts_as_an_express_opinion(self, path: Path) -> None:
        with pytest.raises(Impossible):
            move(path, Status.COMMITTEE, Outcome.FAVOURABLE, {Stage.COMPLETENESS}, express=False)
        facts = Facts(Status.COMMITTEE, frozenset(), path=path, express=False)
        assert not isinstance(decide_step("committee.opinion", facts), Allowed)

    def test_an_arrow_with_several_ends_has_no_single_target(self) -> None:
        with pytest.raises(ValueError, match="too many"):
            _ = workflow.transition("application.accept").target
        assert workflow.transition("application.submit").target is Status.SUBMITTED

    def test_another_room_takes_its_arrow_from_its_state_only(self) -> None:
        refused = decide_step("committee.opinion", Facts(Status.CNIL, frozenset(), path=FULL))
        assert not isinstance(refused, Allowed)


def test_every_state_can_be_reached_and_left_until_the_end() -> None:
    reachable, frontier = {Status.DRAFT}, {Status.DRAFT}
    while frontier:
        ends = (arrow.targets for arrow in TRANSITIONS if arrow.sources & frontier)
        frontier = {target for targets in ends for target in targets} - reachable
        reachable |= frontier
    assert reachable == set(Status)
    for status in Status:
        movers = [arrow for arrow in TRANSITIONS if status in arrow.sources]
        assert bool(movers) == (whose_turn(status) is not Turn.NOBODY)
