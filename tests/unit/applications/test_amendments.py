"""Amendments: which difference falls under which rule, what is proposed, what stands, how long access lasts."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import amendments
from apps.applications.amendments import Access, Change, access_of, access_problems, changes, data_differ, proposal
from apps.applications.pages import specification
from apps.applications.policy import Stage, policies, policy_on
from apps.applications.presentation import in_words

TODAY = date(2026, 3, 2)
POLICY = policy_on(TODAY)
SPEC = specification()
HOSPITAL, LABORATORY = "hospital", "laboratory"


def approved() -> dict[str, Any]:
    """What was authorised."""
    return {
        "organisation": HOSPITAL,
        "pages": {
            "title": {"title": "Diabète"},
            "purpose": {"purpose_kind": "research", "objectives": "Décrire."},
            "team": {"processing_by": "own", "contributors": []},
            "population": {"population": {"sex": "female"}},
            "variables": {
                "scope": {"IR_BEN_R": ["BEN_SEX_COD"]},
                "justifications": {"IR_BEN_R": "Décrire."},
                "identifiers": {},
            },
            "linkage": {"linked": "yes", "sources": [{"name": "Cohorte", "holder": "CHU", "method": "clé"}]},
            "protection": {
                "legal_basis": "public_task",
                "recipients": "L'équipe.",
                "transfers": "no",
                "transfer_details": "",
                "retention_years": "3",
            },
            "period": {
                "data_from": "2019-01-01",
                "data_to": "2020-12-31",
                "access_from": "2025-01-01",
                "access_to": "2027-12-31",
            },
        },
        "attachments": [{"id": "1", "kind": "protocol", "size": 3, "sha256": "aa"}],
        "team": [{"person": "ada", "organisation": HOSPITAL, "role": "principal_investigator"}],
    }


def asked(page: str, **answers: Any) -> dict[str, Any]:
    """The same with other answers on a page."""
    after = deepcopy(approved())
    after["pages"][page] = {**after["pages"].get(page, {}), **answers}
    return after


def with_team(*people: tuple[str, str]) -> dict[str, Any]:
    after = deepcopy(approved())
    after["team"] += [{"person": person, "organisation": home, "role": "member"} for person, home in people]
    return after


def led_by(person: str, home: str = HOSPITAL) -> dict[str, Any]:
    """The same led by somebody else, whoever led before staying as a member."""
    after = deepcopy(approved())
    after["team"] = [
        {"person": "ada", "organisation": HOSPITAL, "role": "member"},
        {"person": person, "organisation": home, "role": "principal_investigator"},
    ]
    return after


def rules_of(after: dict[str, Any]) -> list[str]:
    return [change.rule for change in changes(SPEC, approved(), after)]


def test_another_number_of_criteria_to_hold_is_another_population_said_in_other_words() -> None:
    """Given the same criteria of which more have to hold, the steward reads both sentences."""
    before, after = (
        asked("population", population={"at_least": {"count": count, "of": [{"sex": "male"}, {"region": ["11"]}]}})
        for count in (1, 2)
    )
    assert changes(SPEC, before, after) == (Change("population_changed", "population", "population"),)
    field = SPEC.page("population").field("population")
    said = [in_words(field, one["pages"]["population"]) for one in (before, after)]
    assert ["au moins 1 de ces 2" in said[0], "au moins 2 de ces 2" in said[1]] == [True, True]


def test_nothing_differs_from_itself() -> None:
    assert changes(SPEC, approved(), approved()) == ()


@pytest.mark.parametrize(
    ("page", "answers", "rule"),
    [
        ("purpose", {"purpose_kind": "steering"}, "new_purpose"),
        ("purpose", {"objectives": "Mesurer."}, "new_purpose"),
        ("protection", {"legal_basis": "consent"}, "new_purpose"),
        ("protection", {"recipients": "Un industriel."}, "new_recipients"),
        ("protection", {"transfers": "yes"}, "new_recipients"),
        ("team", {"implementing_body": "Bureau d'études"}, "new_recipients"),
        ("team", {"contributors": [{"name": "Zoé"}]}, "staff_change"),
        ("population", {"population": {"sex": "male"}}, "population_changed"),
        ("variables", {"scope": {"IR_BEN_R": ["BEN_SEX_COD", "BEN_RES_DPT"]}}, "more_data"),
        ("variables", {"scope": {"IR_BEN_R": ["BEN_SEX_COD"], "T_MCOaaB": ["GRG_GHM"]}}, "new_data_category"),
        ("variables", {"scope": {"IR_BEN_R": ["BEN_NAI_MOI", "BEN_SEX_COD"]}}, "new_data_category"),
        ("variables", {"scope": {"GONE": ["X"], "IR_BEN_R": ["BEN_SEX_COD"]}}, "new_data_category"),
        ("variables", {"scope": {}}, "less_data"),
        ("variables", {"justifications": {"IR_BEN_R": "Mieux dit."}}, "clarification"),
        ("linkage", {"linked": "no"}, "less_data"),
        ("linkage", {"sources": [{"name": "Registre", "holder": "SpF"}]}, "new_data_category"),
        ("linkage", {"sources": [{"name": "Cohorte", "holder": "CHU", "method": "NIR"}]}, "clarification"),
        ("protection", {"retention_years": "5"}, "longer_access"),
        ("protection", {"retention_years": ""}, "less_data"),
        ("period", {"data_from": "2018-01-01"}, "more_data"),
        ("period", {"care_dates": "exact"}, "more_data"),
        ("period", {"controls_per_case": "3"}, "population_changed"),
        ("period", {"data_to": "2020-06-30"}, "less_data"),
        ("period", {"access_to": "2028-12-31"}, "longer_access"),
        ("period", {"access_to": "2027-06-30"}, "less_data"),
        ("period", {"access_from": "2024-06-30"}, "longer_access"),
        ("period", {"access_from": ""}, "longer_access"),
        ("title", {"title": "Diabète et rein"}, "clarification"),
        ("summary", {"summary_fr": "Plus simple."}, "clarification"),
    ],
)
def test_each_difference_falls_under_its_rule(page: str, answers: dict[str, Any], rule: str) -> None:
    found = changes(SPEC, approved(), asked(page, **answers))
    assert found[0].rule == rule
    assert {change.page for change in found} == {page}


def test_a_transfer_elsewhere_is_a_new_recipient_and_its_end_is_less() -> None:
    abroad = asked("protection", transfers="yes", transfer_details="Canada")
    further = asked("protection", transfers="yes", transfer_details="Canada et Japon")
    assert [change.rule for change in changes(SPEC, abroad, further)] == ["new_recipients"]
    assert [change.rule for change in changes(SPEC, abroad, approved())] == ["less_data"]


def test_people_of_the_same_organisations_are_staff_and_others_new_recipients() -> None:
    assert rules_of(with_team(("bob", HOSPITAL))) == ["staff_change"]
    assert rules_of(with_team(("eve", LABORATORY))) == ["new_recipients"]
    both = changes(SPEC, approved(), with_team(("bob", HOSPITAL), ("eve", LABORATORY)))
    assert [(change.rule, change.come) for change in both] == [("new_recipients", ("eve",)), ("staff_change", ("bob",))]
    left = changes(SPEC, with_team(("bob", HOSPITAL)), approved())
    assert [(change.rule, change.gone) for change in left] == [("staff_change", ("bob",))]


def test_another_controller_and_other_documents_are_seen() -> None:
    after = {**approved(), "organisation": LABORATORY}
    assert rules_of(after) == ["new_controller"]
    after = {**approved(), "attachments": [{"id": "2", "kind": "protocol", "size": 4, "sha256": "bb"}]}
    assert changes(SPEC, approved(), after) == (Change("clarification", "attachments", "protocol"),)


def test_the_gravest_difference_comes_first() -> None:
    after = asked("title", title="Autre")
    after["pages"]["purpose"]["purpose_kind"] = "steering"
    assert rules_of(after) == ["new_purpose", "clarification"]


def test_a_new_category_is_substantial_and_more_of_a_known_one_is_not() -> None:
    grave = proposal([Change("new_data_category", "variables", "scope")], POLICY)
    assert grave.is_substantial
    assert grave.reopened == frozenset(Stage)
    light = proposal([Change("more_data", "variables", "scope")], POLICY)
    assert not light.is_substantial
    assert light.reopened == {Stage.COMPLETENESS, Stage.DECISION, Stage.AGREEMENT}


def test_a_steward_may_judge_otherwise_either_way() -> None:
    light, grave = [Change("clarification", "title", "title")], [Change("new_purpose", "purpose", "purpose_kind")]
    assert proposal(light, POLICY, judged=True).reopened == frozenset(Stage)
    assert proposal(grave, POLICY, judged=False).reopened == amendments.ALWAYS_AGAIN
    assert proposal(grave, POLICY, judged=True) == proposal(grave, POLICY)


@pytest.mark.parametrize("policy", policies(), ids=lambda policy: policy.version)
def test_every_rule_that_a_difference_may_fall_under_is_in_the_data(policy: Any) -> None:
    assert {rule.key for rule in policy.amendments} == set(amendments.RULES)


PATHS = [path for policy in policies() for path in policy.paths]
FOUND = st.lists(st.builds(Change, st.sampled_from(amendments.RULES), st.just("title"), st.just("title")), max_size=6)
EARNED = st.frozensets(st.sampled_from(list(Stage)))


@given(st.sampled_from(PATHS), FOUND, st.sampled_from([None, True, False]), EARNED)
def test_approvals_stand_unless_reopened_and_the_review_never_does(
    path: Any, found: list[Change], judged: bool | None, earned: frozenset[Stage]
) -> None:
    """Given any differences on any path: what is not reopened stands, what is must be earned again."""
    proposed = proposal(found, POLICY, judged=judged)
    standing = amendments.standing_stages(path, proposed.reopened, earned)
    assert Stage.COMPLETENESS not in standing
    assert set(path.stages) - proposed.reopened <= standing
    assert (standing & proposed.reopened) <= earned
    assert proposed.reopened >= amendments.ALWAYS_AGAIN
    assert judged is None or proposed.is_substantial is judged


COLUMNS = st.frozensets(st.sampled_from(["BEN_SEX_COD", "BEN_RES_DPT", "BEN_NAI_ANN", "BEN_NAI_MOI", "BEN_RES_COM"]))


@given(COLUMNS, COLUMNS)
def test_every_variable_that_differs_is_in_the_table_once(before: frozenset[str], after: frozenset[str]) -> None:
    old = asked("variables", scope={"IR_BEN_R": sorted(before)})
    new = asked("variables", scope={"IR_BEN_R": sorted(after)})
    found = changes(SPEC, old, new)
    come = [name for change in found for name in change.come]
    gone = [name for change in found for name in change.gone]
    assert sorted(come) == sorted(f"IR_BEN_R.{name}" for name in after - before)
    assert sorted(gone) == sorted(f"IR_BEN_R.{name}" for name in before - after)


def test_only_population_period_and_variables_make_other_data() -> None:
    definition = {"title": "A", "population": {"sex": "male"}, "scope": {"tables": {}}}
    assert not data_differ(definition, {**definition, "title": "B"})
    assert data_differ(definition, {**definition, "population": {}})
    assert data_differ(definition, {**definition, "scope": {}})


class TestHowLong:
    path = replace(POLICY.path("full_authorisation"), longest_access_years=5)
    holds = Access(date(2025, 1, 1), date(2027, 12, 31))

    def codes(self, end: date | None, *, is_renewal: bool = True, holds: Access | None = None) -> list[str]:
        asked_for = Access(date(2025, 1, 1), end)
        found = access_problems(holds or self.holds, asked_for, self.path, POLICY, is_renewal=is_renewal)
        return [missing.code for missing in found]

    def test_a_renewal_prolongs(self) -> None:
        assert self.codes(date(2027, 12, 31)) == ["not_longer"]
        assert self.codes(date(2028, 12, 31)) == []

    def test_an_amendment_may_shorten(self) -> None:
        assert self.codes(date(2026, 12, 31), is_renewal=False) == []

    def test_three_years_at_a_time_and_no_longer_than_the_path(self) -> None:
        assert self.codes(date(2030, 1, 1)) == []
        assert self.codes(date(2030, 1, 2)) == ["beyond_the_path"]
        assert self.codes(date(2031, 1, 1)) == ["renewal_too_long", "beyond_the_path"]

    def test_days_that_are_none_are_said_elsewhere(self) -> None:
        assert self.codes(None) == []
        assert self.codes(date(2031, 1, 1), holds=Access(None, None)) == []
        assert access_of({"period": {"access_to": "2027-02-30"}}) == Access(None, None)


def test_another_investigator_is_said_as_such_and_takes_a_new_agreement_alone() -> None:
    found = changes(SPEC, approved(), led_by("bob"))
    assert [(one.rule, one.gone, one.come) for one in found] == [
        ("new_investigator", ("ada",), ("bob",)),
        ("staff_change", (), ("bob",)),
    ]
    proposed = proposal(found, POLICY)
    assert not proposed.is_substantial
    assert proposed.reopened == {Stage.COMPLETENESS, Stage.DECISION, Stage.AGREEMENT}


def test_an_investigator_of_another_organisation_is_a_new_recipient_first() -> None:
    assert rules_of(led_by("eve", LABORATORY)) == ["new_recipients", "new_investigator"]
