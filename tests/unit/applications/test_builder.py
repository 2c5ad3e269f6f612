"""The tree of criteria as it is built: every operation, whatever is sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.applications import builder, composition
from apps.applications.builder import Node, NoSuchCriterion, Operation, TreeTooLarge, applied, located, received, typed
from apps.applications.leaf_forms import LEAF_FORMS, Asked, as_typed, from_text, new_leaf, to_text
from apps.extracts.engine.criteria import MAX_DEPTH, MAX_NODES
from apps.extracts.engine.nomenclature import builtin_nomenclature
from apps.extracts.engine.problems import Problem

PERIOD = {"from": "2020-01-01", "to": "2021-12-31"}
SEX: Node = {"sex": "female"}
AGE: Node = {"age": {"min": 40, "on": "2020-01-01"}}
REGION: Node = {"region": ["11"]}


def after(tree: Node, *operations: str) -> Node:
    for text in operations:
        tree = applied(tree, Operation.parse(text), PERIOD)
    return tree


def group(*children: Node, tag: str = "all_of") -> Node:
    return {tag: list(children)}


def some_of(*children: Node, count: Any = 2) -> Node:
    return {"at_least": {"count": count, "of": list(children)}}


@pytest.mark.parametrize(
    ("before", "operation", "expected"),
    [
        ({}, "add:r:sex", group({"sex": ""})),
        (group(SEX), "add:r:any_of", group(SEX, {"any_of": []})),
        (group(SEX), "add:r:region", group(SEX, {"region": []})),
        (group(SEX, AGE), "remove:r_0", group(AGE)),
        (group(SEX), "remove:r_0", {}),
        (group(SEX), "remove:r", {}),
        (group({"not": SEX}, AGE), "remove:r_0_0", group(AGE)),
        (group(SEX, AGE), "up:r_1", group(AGE, SEX)),
        (group(SEX, AGE), "down:r_0", group(AGE, SEX)),
        (group(SEX, AGE), "wrap:r_0:not", group({"not": SEX}, AGE)),
        (group(SEX, AGE), "wrap:r_1:any_of", group(SEX, group(AGE, tag="any_of"))),
        (group(SEX), "wrap:r:not", {"not": group(SEX)}),
        (group(group(SEX, AGE, tag="any_of"), REGION), "unwrap:r_0", group(SEX, AGE, REGION)),
        (group({"not": SEX}), "unwrap:r_0", group(SEX)),
        ({"not": group(SEX)}, "unwrap:r", group(SEX)),
        ({"not": group(SEX, AGE)}, "unwrap:r_0", {"not": group(SEX, AGE)}),
        (group(group(SEX), AGE, tag="any_of"), "unwrap:r", group(group(SEX), AGE)),
        (group(SEX, AGE), "turn:r:any_of", group(SEX, AGE, tag="any_of")),
        (group(SEX, tag="any_of"), "turn:r:all_of", group(SEX)),
        (group(SEX, AGE), "turn:r:at_least", some_of(SEX, AGE)),
        (some_of(SEX, AGE), "turn:r:any_of", group(SEX, AGE, tag="any_of")),
        (group(SEX), "add:r:at_least", group(SEX, some_of())),
        (some_of(SEX, count=3), "add:r:region", some_of(SEX, {"region": []}, count=3)),
        (some_of(SEX, AGE, count=1), "remove:r_1", some_of(SEX, count=1)),
        (some_of(SEX), "remove:r_0", {}),
        (some_of(SEX, AGE, count="x"), "up:r_1", some_of(AGE, SEX, count="x")),
        (group(SEX, AGE), "wrap:r_1:at_least", group(SEX, some_of(AGE))),
        (some_of(SEX, AGE), "wrap:r:not", {"not": some_of(SEX, AGE)}),
        (group(some_of(SEX, AGE), REGION), "unwrap:r_0", group(SEX, AGE, REGION)),
        (some_of(some_of(SEX, count=1), AGE), "into:r_1", some_of(some_of(SEX, AGE, count=1))),
        (group(some_of(SEX, AGE, count=1)), "out:r_0_0", group(some_of(AGE, count=1), SEX)),
        (group(group(SEX), AGE), "into:r_1", group(group(SEX, AGE))),
        (group(group(SEX, AGE), REGION), "out:r_0_0", group(group(AGE), SEX, REGION)),
        (group({"not": SEX}), "out:r_0_0", group(SEX)),
        ({"drug": {}}, "code:r:atc:A10", {"drug": {"atc": ["A10"]}}),
        ({"drug": {"atc": ["A10"]}}, "code:r:atc:A10", {"drug": {"atc": ["A10"]}}),
    ],
)
def test_each_operation(before: Node, operation: str, expected: Node) -> None:
    assert after(before, operation) == expected


@pytest.mark.parametrize(
    ("tree", "operation"),
    [
        ({}, "remove:r"),
        ({}, "add:r_0:sex"),
        ({}, "add:r"),
        ({}, "add:r:nothing"),
        (group(SEX), "add:r_0:sex"),
        (group(SEX), "add:elsewhere:sex"),
        (group(SEX), "remove:r_1"),
        (group(SEX), "remove:r_0_0"),
        (group(SEX, AGE), "up:r_0"),
        (group(SEX, AGE), "down:r_1"),
        (group(SEX, AGE), "up:r_2"),
        (group(SEX), "up:r"),
        ({"not": SEX}, "up:r_0"),
        (group(SEX), "wrap:r_0"),
        (group(SEX), "wrap:r_0:sex"),
        (group(SEX), "unwrap:r_0"),
        (group(SEX), "turn:r_0:any_of"),
        (group(SEX), "turn:r"),
        (group(SEX), "turn:r:all_of"),
        (group(SEX), "turn:r:not"),
        ({"not": SEX}, "turn:r:all_of"),
        (group(SEX, AGE), "into:r_1"),
        (group(group(SEX), AGE), "into:r_0"),
        (group(SEX), "out:r_0"),
        (group(group(SEX)), "out:r_0_1"),
        (group(SEX), "code:r_0:value:x"),
        (group(SEX), "code:r:value:x"),
        (group(SEX), "code:r_0"),
        (group(SEX), "explode:r"),
    ],
)
def test_an_operation_that_does_not_fit_is_refused(tree: Node, operation: str) -> None:
    with pytest.raises(NoSuchCriterion):
        after(tree, operation)


def test_a_new_event_gets_the_period_of_the_study_and_every_choice() -> None:
    assert after({}, "add:r:stay")["all_of"][0] == {
        "stay": {"diagnosis": [], "positions": ["principal", "related", "associated"], "period": PERIOD}
    }


def test_limits_of_the_engine_are_limits_here() -> None:
    deep: Node = SEX
    for _level in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    with pytest.raises(TreeTooLarge):
        after(deep, "wrap:r:not")
    with pytest.raises(TreeTooLarge):
        after(group(*[SEX] * (MAX_NODES - 1)), "add:r:sex")


def test_values_typed_reach_their_criterion_and_no_other() -> None:
    tree = group(new_leaf("drug", PERIOD), SEX, {"region": ["11"]})
    form = {
        "r_0-leaf": ["drug"],
        "r_0-atc": ["a10, N06A;n06a"],
        "r_0-at_least": ["three"],
        "r_0-from": ["2020-02-30"],
        "r_0-to": [""],
        "r_1-leaf": ["age"],
        "r_1-value": ["male"],
        "r_2-leaf": ["region"],
        "r-leaf": ["all_of"],
    }
    assert typed(tree, form) == group(
        {"drug": {"atc": ["A10", "N06A"], "at_least": "three", "period": {"from": "2020-02-30", "to": ""}}},
        SEX,
        {"region": []},
    )


def test_how_many_criteria_is_typed_in_its_group_and_keeps_those_under_it() -> None:
    """Given groups in groups, each gets its own number; what is no number stays as it was typed."""
    tree = group(some_of(SEX, some_of(AGE, REGION)), some_of(SEX))
    form = {
        "r_0-leaf": ["at_least"],
        "r_0-count": [" 3 "],
        "r_0_0-leaf": ["sex"],
        "r_0_0-value": ["male"],
        "r_0_1-leaf": ["at_least"],
        "r_0_1-count": ["two"],
        "r_1-count": ["9"],
    }
    assert typed(tree, form) == group(
        some_of({"sex": "male"}, some_of(AGE, REGION, count="two"), count=3), some_of(SEX)
    )
    assert typed(some_of(SEX), {"r-leaf": ["at_least"], "r-count": [""]}) == some_of(SEX, count="")


def test_codes_are_tidied_and_numbers_read() -> None:
    leaf = from_text(
        "long_term_condition", {"diagnosis": ["e11.9\nE10"], "numbers": ["8 x"], "from": ["a"], "to": ["b"]}
    )
    assert leaf["long_term_condition"]["diagnosis"] == ["E119", "E10"]
    assert leaf["long_term_condition"]["numbers"] == [8, "x"]


def test_what_is_shown_and_sent_back_is_the_same() -> None:
    for tag, form in LEAF_FORMS.items():
        leaf = new_leaf(tag, PERIOD)
        again = from_text(tag, {field.name: as_typed(to_text(field, leaf)) for field in form.fields})
        assert again == leaf


@pytest.mark.parametrize(
    "sent",
    [
        "[",
        "[]",
        "3",
        '{"a": 1, "b": 2}',
        '{"drop table": {}}',
        '{"all_of": 3}',
        '{"all_of": [3]}',
        '{"not": []}',
        '{"at_least": []}',
        '{"at_least": {"count": 2}}',
        '{"at_least": {"count": 2, "of": {}}}',
        '{"at_least": {"count": 2, "of": [3]}}',
        "[" * 100_000,
    ],
)
def test_a_tree_that_is_none_is_refused(sent: str) -> None:
    with pytest.raises(NoSuchCriterion):
        received(sent)


def test_a_tree_sent_back_comes_out_clean() -> None:
    """Given values of the wrong shape and keys of no criterion, only what the fields of the page can hold remains."""
    sent = {"all_of": [{"drug": {"atc": {"x": 1}, "evil": "<script>", "period": "no"}}, {"region": "11"}, {"sex": 3}]}
    clean = received(json.dumps(sent))
    assert "evil" not in json.dumps(clean)
    assert clean["all_of"][1] == {"region": []}
    assert clean["all_of"][2] == {"sex": "3"}
    assert received("") == received("{}") == {}
    sent = {"at_least": {"count": {"x": 1}, "evil": 1, "of": [SEX]}}
    assert received(json.dumps(sent)) == some_of(SEX, count="{'x': 1}")


def test_a_tree_too_deep_to_read_is_refused() -> None:
    deep: Node = SEX
    for _level in range(MAX_DEPTH):
        deep = {"not": deep}
    with pytest.raises(TreeTooLarge):
        received(json.dumps(deep))


VERBS = ["add", "remove", "wrap", "unwrap", "turn", "up", "down", "into", "out", "code"]
ARGUMENTS = [*LEAF_FORMS, "all_of", "any_of", "at_least", "not", "atc:A10", "diagnosis:E11"]
PLACES = ["r", "r_0", "r_1", "r_2", "r_0_0", "r_0_1", "r_1_0", "r_0_0_0"]
OPERATIONS = st.builds(
    lambda verb, place, argument: f"{verb}:{place}:{argument}",
    st.sampled_from(VERBS),
    st.sampled_from(PLACES),
    st.sampled_from(ARGUMENTS),
)


@given(st.lists(OPERATIONS, max_size=25))
def test_whatever_is_pressed_the_tree_stays_a_tree(operations: list[str]) -> None:
    """Every sequence of buttons leaves a tree that reads back as itself and whose faults all have a place."""
    tree: Node = {}
    for operation in operations:
        try:
            tree = after(tree, operation)
        except (NoSuchCriterion, TreeTooLarge):
            continue
    assert received(json.dumps(tree)) == tree
    places = {place for place, _node in builder.nodes(tree)}
    problems = composition.population_problems(tree, builtin_nomenclature()) if tree else ()
    for found in (located(tree, problem) for problem in problems):
        assert found.place in places


@pytest.mark.parametrize(
    ("path", "place", "name"),
    [
        ("$.population.all_of[0].stay.diagnosis[1]", "r_0", "diagnosis"),
        ("$.population.all_of[0].stay.period.to", "r_0", "to"),
        ("$.population.all_of[0].stay.period", "r_0", "from"),
        ("$.population.all_of[0].stay", "r_0", "diagnosis"),
        ("$.population.all_of[0].stay.unknown", "r_0", "diagnosis"),
        ("$.population.all_of[1].not.sex", "r_1_0", "value"),
        ("$.population.all_of[2].any_of", "r_2", ""),
        ("$.population.all_of[3].at_least.count", "r_3", "count"),
        ("$.population.all_of[3].at_least.of", "r_3", ""),
        ("$.population.all_of[3].at_least.of[0].stay.at_least", "r_3_0", "at_least"),
        ("$.population.all_of[3].at_least.of[0]", "r_3_0", "diagnosis"),
        ("$.population.all_of[9].sex", "r", ""),
        ("$.population", "r", ""),
    ],
)
def test_an_objection_of_the_engine_finds_its_field(path: str, place: str, name: str) -> None:
    tree = group({"stay": {}}, {"not": SEX}, {"any_of": []}, some_of({"stay": {}}))
    found = located(tree, Problem(path, "c", "fr", "en"))
    assert (found.place, found.name) == (place, name)


def test_an_objection_to_nothing_is_at_the_root() -> None:
    assert located({}, Problem("$.population", "c", "fr", "en")).place == "r"


def test_code_systems_of_fields() -> None:
    assert builder.system_of("drug", "atc") == "atc"
    assert builder.system_of("drug", "at_least") is None
    assert builder.system_of("nothing", "atc") is None
    assert builder.depth({}) == builder.count({}) == 0


def test_every_field_is_shown_by_a_kind_the_page_knows() -> None:
    leaves: list[tuple[str, Any]] = [(tag, field) for tag, form in LEAF_FORMS.items() for field in form.fields]
    for _tag, field in leaves:
        assert field.asked in set(Asked)
        assert field.label.fr
        assert field.label.en
        assert bool(field.choices) == (field.asked in {Asked.CHOICE, Asked.CHOICES})


def test_a_new_criterion_gives_no_index_date_and_negative_days_are_numbers() -> None:
    assert "index" not in new_leaf("drug", PERIOD)["drug"]
    typed = {"atc": ["A10"], "from": ["a"], "to": ["b"], "window_from": ["-365"], "window_to": ["-1"], "index": [""]}
    assert from_text("drug", typed)["drug"]["within"] == {"from": -365, "to": -1}
    assert "index" not in from_text("drug", typed)["drug"]
    assert from_text("drug", {**typed, "index": ["last"]})["drug"]["index"] == "last"
