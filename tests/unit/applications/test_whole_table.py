"""Any sequence of commands over the whole table: committee, CNIL, silences, agreement, first dossiers, amendments."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import amendments, workflow
from apps.applications.policy import Committee, Path, Stage, policies
from apps.applications.rules import TRANSITIONS, Facts, decide, decide_step
from apps.applications.workflow import Outcome, Status, Turn, move, whose_turn
from apps.core.rules import Allowed, Role

TODAY = date(2026, 3, 2)
PATHS = [path for policy in policies() for path in policy.paths]
SIGNED = [replace(path, stages=(*dict.fromkeys((*path.stages, Stage.AGREEMENT)),)) for path in PATHS]
EVERY_PATH = [*PATHS, *SIGNED]

OPINIONS = tuple(sorted(workflow.OUTCOMES[Stage.COMMITTEE] - {Outcome.INCOMPLETE}))
ENDINGS = {
    "application.accept": (Outcome.COMPLETE,),
    "application.return": (Outcome.INCOMPLETE,),
    "application.redirect": (Outcome.REDIRECTED,),
    "application.opinion_transcribe": OPINIONS,
    "committee.opinion": OPINIONS,
    "application.refer": (Outcome.REFERRED,),
    "application.revise": (Outcome.REVISED,),
    "application.commit": (Outcome.DECLARED,),
    "application.cnil_record": tuple(sorted(workflow.OUTCOMES[Stage.CNIL] - {Outcome.INCOMPLETE})),
    "application.approve": (Outcome.APPROVED,),
    "application.refuse": (Outcome.REFUSED,),
    "agreement.signed": (Outcome.SIGNED,),
}
SILENCE = "application.silence_confirm"
DIRECT = {
    "application.submit": Status.SUBMITTED,
    "application.withdraw": Status.WITHDRAWN,
    "application.discontinue": Status.DISCONTINUED,
}
COMMANDS = sorted({*ENDINGS, SILENCE, *DIRECT})
# Who can carry a dossier on, by whose turn it is; CNIL acts through the steward who records its decision.
PARTIES = {
    Turn.APPLICANT: Role.PRINCIPAL_INVESTIGATOR,
    Turn.STEWARD: Role.STEWARD,
    Turn.CNIL: Role.STEWARD,
    Turn.COMMITTEE: None,
    Turn.SIGNATORIES: None,
}
AGAIN = frozenset({Stage.COMPLETENESS, Stage.DECISION, Stage.AGREEMENT})


@dataclass(frozen=True)
class Dossier:
    """A dossier on its way. `stands`: what an amendment keeps of what was authorised; `passed`: what it passed itself;
    `express`: whether the opinion that stands was given expressly, None before one of its own.
    """

    path: Path = field(hash=False)
    status: Status = Status.DRAFT
    done: frozenset[Stage] = frozenset()
    is_amendment: bool = False
    stands: frozenset[Stage] = frozenset()
    passed: frozenset[Stage] = frozenset()
    express: bool | None = None
    commands: tuple[str, ...] = field(default=(), compare=False)

    @property
    def silence(self) -> str:
        """What the silence of whoever is awaited means, by the rules of the path."""
        stage = workflow.STAGE_OF.get(self.status)
        delay = self.path.delay(stage) if stage else None
        if delay is None or (delay.silence_needs_express_opinion and not self.express):
            return ""
        return delay.silence

    def facts(self, *roles: Role, express: bool = True) -> Facts:
        """Facts that object to nothing but what the table and the path object to."""
        return Facts(
            self.status,
            frozenset(roles),
            path=self.path,
            done=self.done,
            express=express,
            silence=self.silence,
            is_amendment=self.is_amendment,
            returned_pages=frozenset({"title"}),
            known_pages=frozenset({"title"}),
            access_to=TODAY,
            today=TODAY,
        )

    def allows(self, command: str, *roles: Role, express: bool = True) -> bool:
        ask = decide if command.startswith("application.") else decide_step
        return isinstance(ask(command, self.facts(*roles, express=express)), Allowed)

    def after(self, command: str, outcome: Outcome | None, *, express: bool = True) -> "Dossier":
        """The dossier once this command was carried out, as the services do."""
        trail = (*self.commands, command)
        if command in DIRECT:
            status, done = DIRECT[command], self.done
            if command == "application.submit" and self.is_amendment:
                done = (self.stands | (self.passed & self.done)) - {Stage.COMPLETENESS}
            return replace(self, status=status, done=done, commands=trail)
        assert outcome is not None
        status, done, passed = self.status, self.done, self.passed
        if command == "application.approve" and status is Status.SUBMITTED:
            status, done, passed = Status.DECISION, done | {Stage.COMPLETENESS}, passed | {Stage.COMPLETENESS}
        stage = workflow.STAGE_OF[status]
        step = move(self.path, status, outcome, done, express=express)
        passed = (passed | ({stage} if stage in step.done else frozenset())) & (step.done | {Stage.COMPLETENESS})
        opinion = express if stage is Stage.COMMITTEE and outcome in workflow.FAVOURABLE else self.express
        return replace(self, status=step.status, done=step.done, passed=passed, express=opinion, commands=trail)


def begun(path: Path, *, amends: frozenset[Stage] | None) -> Dossier:
    """A first dossier, or an amendment that opens these stages again."""
    if amends is None:
        return Dossier(path)
    stands = amendments.standing_stages(path, amends | AGAIN, ())
    return Dossier(path, is_amendment=True, stands=stands, express=True)


def endings(dossier: Dossier, command: str) -> tuple[Outcome | None, ...]:
    """The outcomes that a command may have here."""
    if command in DIRECT:
        return (None,)
    if command == SILENCE:
        return (Outcome(dossier.silence),) if dossier.silence else ()
    return ENDINGS[command]


def reachable(start: Dossier) -> Iterator[Dossier]:
    """Every dossier that some sequence of commands makes of this one."""
    seen, frontier = {start}, [start]
    while frontier:
        dossier = frontier.pop()
        yield dossier
        for command in COMMANDS:
            for outcome in endings(dossier, command):
                express = command != SILENCE
                if dossier.allows(command, *Role, express=express):
                    after = dossier.after(command, outcome, express=express)
                    if after not in seen:
                        seen.add(after)
                        frontier.append(after)


def test_every_arrow_of_the_table_is_tried_here() -> None:
    assert set(COMMANDS) == {arrow.action for arrow in TRANSITIONS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.key)
@pytest.mark.parametrize("amends", [None, frozenset(), frozenset(Stage)], ids=["first", "little", "everything"])
def test_each_path_reaches_its_own_states_and_no_other_and_every_one_leads_to_an_end(
    path: Path, amends: frozenset[Stage] | None
) -> None:
    """Given every sequence of commands there is, what is reached is what the path asks for, and nothing is stuck."""
    start = begun(path, amends=amends)
    found = list(reachable(start))
    kept = start.stands if amends is not None else frozenset()
    asked = {workflow.STATUS_OF[stage] for stage in path.stages if stage not in kept}
    outside = {Status.DRAFT, Status.RETURNED, Status.WITHDRAWN, Status.REFUSED, Status.APPROVED, Status.DISCONTINUED}
    # An opinion that is not favourable is the team's to answer, whether or not the path has the choice as a stage.
    may_choose = {Status.CHOICE} if Stage.COMMITTEE in path.stages and Stage.COMMITTEE not in kept else set()
    assert {one.status for one in found} == asked | outside | may_choose
    for dossier in found:
        carried_on = somebody_can_carry_on(dossier)
        assert carried_on, dossier
        if dossier.status is Status.APPROVED:
            assert set(path.stages) <= dossier.done
            assert AGAIN & set(path.stages) <= dossier.passed, "passed anew, not kept"
        if path.committee is Committee.EXPRESS and Stage.COMMITTEE in dossier.passed:
            assert dossier.express


STEPS = st.lists(
    st.tuples(st.sampled_from(COMMANDS), st.integers(0, 9), st.booleans(), st.sets(st.sampled_from(list(Role)))),
    max_size=40,
)
AMENDS = st.one_of(st.none(), st.frozensets(st.sampled_from(list(Stage))))


@given(st.sampled_from(EVERY_PATH), AMENDS, STEPS)
def test_no_sequence_of_commands_leaves_the_table_or_a_dossier_without_anybody_s_turn(
    path: Path, amends: frozenset[Stage] | None, steps: list[tuple[str, int, bool, set[Role]]]
) -> None:
    """Given any commands of anybody, in any order, on any path: what the table does not know is refused, what it allows
    follows its arrows, whoever's turn it is can carry on, and no silence ever passes for an express opinion.
    """
    dossier = begun(path, amends=amends)
    for command, number, spoken, roles in steps:
        known = endings(dossier, command)
        express = command != SILENCE and (spoken or "opinion" not in command)
        arrow = workflow.transition(command)
        if not dossier.allows(command, *roles, express=express):
            continue
        assert dossier.status in arrow.sources, "no command outside the table"
        assert known, "no silence without one proposed"
        outcome = known[number % len(known)]
        after = dossier.after(command, outcome, express=express)
        assert after.status in arrow.targets, (command, dossier, outcome)
        assert somebody_can_carry_on(after), after
        if dossier.status in workflow.FINAL:
            raise AssertionError("what has ended moved")
        if path.committee is Committee.EXPRESS and not express:
            assert Stage.COMMITTEE not in after.done - dossier.done, "a silence counted as an express opinion"
        if command == SILENCE and dossier.status is Status.CNIL:
            assert dossier.express, "CNIL's silence after an opinion by silence decides nothing"
        dossier = after


def somebody_can_carry_on(dossier: Dossier) -> bool:
    """Whether the party whose turn it is has a command that leads on, or nobody is awaited."""
    turn = whose_turn(dossier.status)
    if turn is Turn.NOBODY:
        return dossier.status in workflow.FINAL
    party = PARTIES[turn]
    forward = [arrow for arrow in TRANSITIONS if dossier.status in arrow.sources]
    if party is None:
        return any(dossier.allows(one.action) for one in forward if not one.action.startswith("application."))
    own = (one.action for one in forward if one.action.startswith("application."))
    return any(dossier.allows(action, party) for action in own if action != "application.withdraw")
