"""Reading, writing and saying definitions."""

import copy
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as some

from apps.extracts.engine.criteria import MAX_DEPTH, MAX_NODES, AllOf, Not, Sex, SexValue, children, walk
from apps.extracts.engine.definition import MAX_BYTES, Definition
from apps.extracts.engine.filters import Filter
from apps.extracts.engine.problems import DefinitionError, Problem
from apps.extracts.engine.schema import definition_schema, main, schema_text
from tests.unit.engine.conftest import DIABETES, PERIOD

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = sorted((DOCS / "definitions").glob("*.json"))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The diabetes definition with one value replaced; ``path`` is made of keys and numbers, ``scope.period.to``."""
    found = copy.deepcopy(DIABETES)
    *parents, last = path.split(".")
    place: Any = found
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[int(last) if last.isdigit() else last] = value
    return found


def with_population(population: Any) -> dict[str, Any]:
    return changed("population", population)


def at_least(count: Any, *of: Any) -> dict[str, Any]:
    return {"at_least": {"count": count, "of": list(of)}}


def problems_of(written: Any) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as caught:
        Definition.from_json(written)
    return caught.value.problems


def test_every_key_order_and_way_of_writing_gives_the_same_hash() -> None:
    shuffled = json.dumps(dict(reversed(DIABETES.items())), indent=3)
    repeated = changed("population.any_of.0.stay.diagnosis", ["E11", "E11"])
    hashes = {Definition.from_json(form).hash for form in (DIABETES, shuffled, shuffled.encode(), repeated)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Autre"),
        ("population.any_of.2.drug.at_least", 3),
        ("population.any_of.0.stay.positions", ["principal"]),
        ("scope.period.to", "2021-12-30"),
        ("scope.tables.IR_BEN_R", ["BEN_SEX_COD"]),
        ("filters", []),
    ],
)
def test_every_change_of_meaning_changes_the_hash(path: str, value: Any) -> None:
    assert Definition.from_json(changed(path, value)).hash != Definition.from_json(DIABETES).hash


FEMALE, BRETON, PARISIAN = {"sex": "female"}, {"region": ["53"]}, {"region": ["11"]}


def test_at_least_so_many_is_kept_as_written_and_needs_the_second_version() -> None:
    """Given what means any_of or all_of too, it stays what was approved: these have hashes of their own."""
    trees = [at_least(count, FEMALE, BRETON, PARISIAN) for count in (1, 2, 3)]
    trees += [{"any_of": [FEMALE, BRETON, PARISIAN]}, {"all_of": [FEMALE, BRETON, PARISIAN]}]
    definitions = [Definition.from_json({**with_population(tree), "schema_version": 2}) for tree in trees]
    assert [found.to_json()["population"] for found in definitions] == trees
    assert [found.to_json()["schema_version"] for found in definitions] == [2, 2, 2, 1, 1]
    assert len({found.hash for found in definitions}) == len(trees)
    for found in definitions:
        jsonschema.validate(found.to_json(), definition_schema())
        assert Definition.from_json(found.to_json()) == found
    old = {**with_population({"not": trees[1]}), "schema_version": 1}
    assert [(problem.path, problem.code) for problem in problems_of(old)] == [("$.schema_version", "old_version")]


@pytest.mark.parametrize("tree", [at_least(0, FEMALE), at_least(1), {"at_least": {"count": 1}}])
def test_the_schema_refuses_what_cannot_be_counted(tree: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**with_population(tree), "schema_version": 2}, definition_schema())


def test_at_least_so_many_is_walked_with_its_paths() -> None:
    tree = at_least(1, FEMALE, {"not": BRETON})
    population = Definition.from_json({**with_population(tree), "schema_version": 2}).population
    assert [path.removeprefix("$.population") for path, _ in walk(population)] == [
        "",
        ".at_least.of[0]",
        ".at_least.of[1]",
        ".at_least.of[1].not",
    ]


def test_the_normal_form_reads_back_as_the_same_definition() -> None:
    definition = Definition.from_json(DIABETES)
    again = Definition.from_json(definition.to_json())
    assert again == definition
    assert hash(again) == hash(definition)
    assert again.canonical_bytes == definition.canonical_bytes


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_are_in_normal_form_and_satisfy_the_schema(file: Path) -> None:
    written = json.loads(file.read_text())
    jsonschema.validate(written, definition_schema())
    assert Definition.from_json(written).to_json() == written


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


def test_the_published_schema_is_current() -> None:
    assert (DOCS / "definition.schema.json").read_text() == schema_text()


def test_the_schema_says_whether_a_file_is_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schema.json"
    assert main([]) == 0
    assert main(["--check", str(file)]) == 1
    file.write_text(capsys.readouterr().out)
    assert main(["--check", str(file)]) == 0
    file.write_text("{}")
    assert main(["--check", str(file)]) == 1
    assert main(["--what"]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_schema_is_printed_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "apps.extracts.engine.schema")
    monkeypatch.setattr(sys, "argv", ["schema"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("apps.extracts.engine.schema", run_name="__main__")
    assert caught.value.code == 0
    assert capsys.readouterr().out == schema_text()


WRONG: list[tuple[str, Any, str, str]] = [
    ("schema_version", 3, "$.schema_version", "bad_number"),
    ("schema_version", True, "$.schema_version", "bad_number"),
    ("title", "  ", "$.title", "bad_text"),
    ("title", "x" * 301, "$.title", "bad_text"),
    ("extra", 1, "$.extra", "unknown_key"),
    ("filters", "all", "$.filters", "not_a_list"),
    ("filters", ["nope"], "$.filters[0]", "bad_choice"),
    ("scope", [], "$.scope", "not_an_object"),
    ("scope", {"tables": {"IR_BEN_R": ["A"]}}, "$.scope.period", "missing_key"),
    ("scope.tables", {}, "$.scope.tables", "no_table"),
    ("scope.tables.IR_BEN_R", [], "$.scope.tables.IR_BEN_R", "not_a_list"),
    ("scope.tables.IR_BEN_R", [3], "$.scope.tables.IR_BEN_R[0]", "bad_text"),
    ("scope.period.to", "2020-01-01", "$.scope.period", "period_reversed"),
    ("scope.period.to", "2021-02-30", "$.scope.period.to", "bad_date"),
    ("scope.period.to", "20210230", "$.scope.period.to", "bad_date"),
    ("scope.period.from", "1810-01-01", "$.scope.period.from", "bad_date"),
    ("scope.period.from", 7, "$.scope.period.from", "bad_date"),
]
POPULATIONS: list[tuple[Any, str, str]] = [
    ({}, "$.population", "not_a_criterion"),
    ([], "$.population", "not_a_criterion"),
    ({"sex": "male", "region": ["11"]}, "$.population", "not_a_criterion"),
    ({"any": []}, "$.population", "not_a_criterion"),
    ({"all_of": []}, "$.population.all_of", "not_a_list"),
    ({"any_of": [{"sex": "male"}, {"sex": "x"}]}, "$.population.any_of[1].sex", "bad_choice"),
    ({"not": {"sex": 1}}, "$.population.not.sex", "bad_choice"),
    ({"not": 3}, "$.population.not", "not_a_criterion"),
    ({"region": ["99"]}, "$.population.region[0]", "bad_choice"),
    ({"age": {"on": "2021-01-01"}}, "$.population.age", "missing_key"),
    ({"age": {"min": 3}}, "$.population.age.on", "missing_key"),
    ({"age": {"on": "x", "min": -1, "max": 500}}, "$.population.age.max", "bad_number"),
    ({"age": {"on": "2021-01-01", "min": 9, "max": 3}}, "$.population.age", "age_reversed"),
    ({"stay": {"diagnosis": ["E11.9"], "period": PERIOD}}, "$.population.stay.diagnosis[0]", "bad_code"),
    ({"stay": {"diagnosis": [11], "period": PERIOD}}, "$.population.stay.diagnosis[0]", "bad_code"),
    ({"stay": {"diagnosis": ["E11"] * 501, "period": PERIOD}}, "$.population.stay.diagnosis", "too_many_codes"),
    ({"stay": {"diagnosis": ["E11"]}}, "$.population.stay.period", "missing_key"),
    ({"stay": {"diagnosis": ["E11"], "period": {}}}, "$.population.stay.period.from", "missing_key"),
    (
        {"stay": {"diagnosis": ["E11"], "period": PERIOD, "positions": ["x"]}},
        "$.population.stay.positions[0]",
        "bad_choice",
    ),
    ({"stay": {"diagnosis": ["E11"], "period": PERIOD, "at_least": 0}}, "$.population.stay.at_least", "bad_number"),
    ({"long_term_condition": {"period": PERIOD}}, "$.population.long_term_condition", "missing_key"),
    ({"long_term_condition": []}, "$.population.long_term_condition", "not_an_object"),
    (
        {"long_term_condition": {"numbers": [0], "period": PERIOD}},
        "$.population.long_term_condition.numbers[0]",
        "bad_number",
    ),
    ({"drug": {"period": PERIOD}}, "$.population.drug", "missing_key"),
    ({"drug": {"atc": ["A1"], "period": PERIOD}}, "$.population.drug.atc[0]", "bad_code"),
    ({"drug": {"cip13": ["34009"], "period": PERIOD}}, "$.population.drug.cip13[0]", "bad_code"),
    ({"act": {"ccam": ["deqp003"], "period": PERIOD}}, "$.population.act.ccam[0]", "bad_code"),
    ({"act": {"period": PERIOD}}, "$.population.act.ccam", "missing_key"),
    ({"act": {"ccam": ["DEQP003"], "period": PERIOD, "places": []}}, "$.population.act.places", "not_a_list"),
    ({"biology": ["0001"]}, "$.population.biology", "not_an_object"),
    ({"at_least": [{"sex": "male"}]}, "$.population.at_least", "not_an_object"),
    ({"at_least": {"of": [{"sex": "male"}]}}, "$.population.at_least.count", "missing_key"),
    (at_least(1), "$.population.at_least.of", "not_a_list"),
    (at_least(0, {"sex": "male"}), "$.population.at_least.count", "bad_number"),
    (at_least(True, {"sex": "male"}), "$.population.at_least.count", "bad_number"),
    (at_least(2, {"sex": "male"}), "$.population.at_least.count", "too_few_criteria"),
    (at_least(1, {"sex": "male"}, {"sex": "x"}), "$.population.at_least.of[1].sex", "bad_choice"),
    (
        at_least(1, {"region": ["11", "53"]}, {"sex": "male"}, {"region": ["53", "11"]}),
        "$.population.at_least.of[2]",
        "repeated_criterion",
    ),
    ({"not": at_least(1, {"sex": 1})}, "$.population.not.at_least.of[0].sex", "bad_choice"),
    (
        {"stay": {"diagnosis": ["E11"], "period": PERIOD, "medical_units": ["cardiologie"]}},
        "$.population.stay.medical_units[0]",
        "bad_code",
    ),
]


@pytest.mark.parametrize(("path", "value", "where", "code"), WRONG)
def test_a_bad_value_is_named_where_it_stands(path: str, value: Any, where: str, code: str) -> None:
    found = problems_of(changed(path, value))
    assert (where, code) in {(problem.path, problem.code) for problem in found}


@pytest.mark.parametrize(("population", "where", "code"), POPULATIONS)
def test_a_bad_criterion_is_named_where_it_stands(population: Any, where: str, code: str) -> None:
    found = problems_of(with_population(population))
    assert (where, code) in {(problem.path, problem.code) for problem in found}


def test_everything_that_is_wrong_is_listed_in_both_languages() -> None:
    written = changed("population.any_of.0.stay.diagnosis", ["E11.9", "X"])
    written["population"]["any_of"][2]["drug"]["at_least"] = "three"
    written["scope"]["tables"]["IR_BEN_R"] = []
    del written["title"]
    written["more"] = 1
    assert {problem.path for problem in problems_of(written)} == {"$.title", "$.more"}
    written["title"] = "Diabète"
    found = problems_of(written)
    assert [problem.code for problem in found] == ["unknown_key", "bad_code", "bad_number", "not_a_list"]
    assert all(problem.message("fr") != problem.message("en") for problem in found)


@pytest.mark.parametrize(
    "text", ["", "{", "[1", '{"title": "a", "title": "b"}', "[" * 100_000, "x" * (MAX_BYTES + 1), b"\xff\xfe{"]
)
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    assert [problem.code for problem in problems_of(text)] == ["not_json"]


@pytest.mark.parametrize("value", ["[]", "3", "null", '"text"'])
def test_json_that_is_not_an_object_is_refused(value: str) -> None:
    assert [problem.code for problem in problems_of(value)] == ["not_an_object"]


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth > 1 else {"sex": "male"}


def test_a_tree_has_limits_of_depth_and_size() -> None:
    Definition.from_json(with_population(nested(MAX_DEPTH)))
    assert [problem.code for problem in problems_of(with_population(nested(MAX_DEPTH + 1)))] == ["tree_too_large"]
    Definition.from_json(with_population({"any_of": [{"sex": "male"}] * (MAX_NODES - 1)}))
    wide = problems_of(with_population({"any_of": [{"sex": "male"}] * (MAX_NODES + 5)}))
    assert [problem.code for problem in wide] == ["tree_too_large"]


def test_a_tree_is_walked_with_its_paths() -> None:
    population = Definition.from_json(with_population({"all_of": [{"not": {"sex": "male"}}]})).population
    male = Sex(SexValue.MALE)
    assert list(walk(population)) == [
        ("$.population", AllOf((Not(male),))),
        ("$.population.all_of[0]", Not(male)),
        ("$.population.all_of[0].not", male),
    ]
    assert [children(node, path) for path, node in walk(population)] == [
        (("$.population.all_of[0]", Not(male)),),
        (("$.population.all_of[0].not", male),),
        (),
    ]


@given(some.recursive(some.none() | some.booleans() | some.integers() | some.text(max_size=5), lambda below: some.lists(below, max_size=3) | some.dictionaries(some.sampled_from(["all_of", "not", "at_least", "count", "of", "stay", "age", "period", "on", "from", "diagnosis"]), below, max_size=3), max_leaves=8))  # fmt: skip  # noqa: E501
def test_whatever_is_written_is_read_or_refused_with_reasons(value: Any) -> None:
    try:
        Definition.from_json(with_population(value))
    except DefinitionError as error:
        assert error.problems


SENTENCES: list[tuple[Any, str, str]] = [
    ({"sex": "female"}, "sont de sexe féminin", "are female"),
    ({"region": ["53"]}, "résident dans la région Bretagne", "live in the region Brittany"),
    (
        {"age": {"on": "2021-03-01", "min": 40}},
        "avaient au moins 40\u00a0ans le 1er\u00a0mars 2021",
        "were at least 40 years old on 1\u00a0March 2021",
    ),
    (
        {"age": {"on": "2021-03-02", "max": 40}},
        "avaient au plus 40\u00a0ans le 2\u00a0mars 2021",
        "were at most 40 years old on 2\u00a0March 2021",
    ),
    (
        {"age": {"on": "2021-03-02", "min": 4, "max": 5}},
        "avaient de 4 à 5\u00a0ans le 2\u00a0mars 2021",
        "were 4 to 5 years old on 2\u00a0March 2021",
    ),
    (
        {"age": {"on": "2021-03-02", "min": 18, "max": 18}},
        "avaient 18\u00a0ans le 2\u00a0mars 2021",
        "were 18 years old on 2\u00a0March 2021",
    ),
    (
        {"drug": {"atc": ["A10"], "period": PERIOD, "at_least": 3}},
        "à au moins 3\u00a0dates différentes",
        "on at least 3 different dates",
    ),
    ({"drug": {"cip13": ["3400999999999"], "period": PERIOD}}, "CIP 3400999999999", "CIP 3400999999999"),
    (
        {"stay": {"diagnosis": ["E11"], "period": PERIOD, "positions": ["related", "principal"]}},
        "principal ou relié diabète de type 2 (E11)",
        "principal or related diagnosis type 2 diabetes (E11)",
    ),
    ({"stay": {"diagnosis": ["Q99"], "period": PERIOD}}, "code Q99", "code Q99"),
    (
        {"long_term_condition": {"numbers": [8, 13], "period": PERIOD}},
        "ALD n°\u00a08 ou n°\u00a013",
        "ALD no. 8 or no. 13",
    ),
    (
        {"act": {"ccam": ["DEQP003"], "places": ["community"], "period": PERIOD}},
        "en ville, un acte parmi\u00a0: électrocardiogramme (DEQP003)",
        "in community care, an act among: electrocardiogram (DEQP003)",
    ),
    (
        {"all_of": [{"sex": "male"}, {"any_of": [{"region": ["11"]}, {"region": ["53"]}]}]},
        "sont de sexe masculin\u202f; et qui (résident dans la région Île-de-France\u202f; ou qui résident",
        "are male; and who (live in the region Île-de-France; or who live",
    ),
    ({"not": {"sex": "male"}}, "ne sont pas de celles qui sont de sexe masculin", "are not among those who are male"),
    (at_least(1, {"sex": "male"}), "qui sont de sexe masculin.", "who are male."),
    (
        {"all_of": [{"sex": "male"}, at_least(1, {"any_of": [{"region": ["11"]}, {"region": ["53"]}]})]},
        "et qui (résident dans la région Île-de-France\u202f; ou qui résident dans la région Bretagne)",
        "and who (live in the region Île-de-France; or who live in the region Brittany)",
    ),
    (
        {"at_least": {"count": 2, "of": [{"sex": "male"}, {"not": {"region": ["11"]}}, {"region": ["53"]}]}},
        "appartiennent à au moins 2 de ces 3 groupes\u00a0: celles qui sont de sexe masculin\u202f; celles qui ne",
        "are in at least 2 of these 3 groups: those who are male; those who are not among those who live",
    ),
    (
        {"all_of": [{"sex": "male"}, {"at_least": {"count": 1, "of": [{"region": ["11"]}, {"region": ["53"]}]}}]},
        "et qui (appartiennent à au moins 1 de ces 2 groupes\u00a0: celles qui résident dans",
        "and who (are in at least 1 of these 2 groups: those who live in the region Île-de-France; those who live",
    ),
]


@pytest.mark.parametrize(("population", "french", "english"), SENTENCES)
def test_a_population_reads_aloud(population: Any, french: str, english: str) -> None:
    definition = Definition.from_json({**with_population(population), "schema_version": 2})
    assert french in definition.sentence("fr")
    assert english in definition.sentence("en")


def test_the_scope_and_the_filters_read_aloud() -> None:
    definition = Definition.from_json(DIABETES)
    assert "« Médicaments délivrés en ville » (ER_PHA_F, 1 variable)".replace("« ", "«\u00a0").replace(
        " »", "\u00a0»"
    ) in str(definition)
    assert "Tous les filtres de qualité usuels sont appliqués." in str(definition)
    assert definition.sentence("en").endswith("All the usual quality filters are applied.")
    kept = Definition.from_json(changed("filters", [name.value for name in Filter if name is not Filter.ALD_NATURES]))
    assert kept.sentence("fr").endswith(
        "sont conservés\u00a0: les exonérations qui ne sont pas des ALD (IMB_ETM_NAT 11, 12 ou 13)."
    )
    assert "these are kept: exemptions" in kept.sentence("en")


def test_a_table_that_nobody_knows_is_named_without_a_title() -> None:
    definition = Definition.from_json(changed("scope.tables", {"NOPE": ["A", "B"]}))
    assert "les tables\u00a0: (NOPE, 2 variables)." in definition.sentence("fr")
