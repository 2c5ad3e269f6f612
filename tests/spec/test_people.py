"""Age, sex, residence; who a person is; the nodes of the tree."""

from typing import Any

import pytest

from tests.spec.conftest import Ask
from tests.spec.tables import PERIOD

PEOPLE = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_NAI_ANN BEN_NAI_MOI BEN_SEX_COD BEN_RES_DPT
a           A           1970        06          1           075
b           B           1970        07          2           02A
c           C           2021        01          2           976
d           D           -           01          9           -
e           E           1970        -           -           999
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"on": "2021-06-01", "min": 51}, {"A", "E"}),
        ({"on": "2021-06-30", "max": 50}, {"B", "C"}),
        ({"on": "2021-07-01", "min": 51, "max": 51}, {"A", "B", "E"}),
        ({"on": "2021-01-01", "max": 0}, {"C"}),
        ({"on": "2020-12-31", "max": 10}, set()),
    ],
)
def test_age_is_in_completed_years_and_nobody_without_a_year_of_birth_has_one(
    ask: Ask, asked: dict[str, Any], expected: set[str]
) -> None:
    assert ask(PEOPLE, {"age": asked}) == expected


def test_sex_is_the_one_recorded(ask: Ask) -> None:
    assert ask(PEOPLE, {"sex": "male"}) == {"A"}


def test_a_region_is_all_its_departments(ask: Ask) -> None:
    assert ask(PEOPLE, {"region": ["11", "94"]}) == {"A", "B"}


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        ({"all_of": [{"sex": "female"}, {"region": ["06"]}]}, {"C"}),
        ({"any_of": [{"sex": "male"}, {"region": ["06"]}]}, {"A", "C"}),
        ({"not": {"sex": "female"}}, {"A", "D", "E"}),
        ({"any_of": [{"not": {"sex": "female"}}, {"not": {"region": ["94"]}}]}, {"A", "C", "D", "E"}),
        ({"not": {"not": {"sex": "male"}}}, {"A"}),
        ({"all_of": [{"not": {"any_of": [{"sex": "male"}, {"sex": "female"}]}}]}, {"D", "E"}),
        ({"not": {"drug": {"atc": ["A10"], "period": PERIOD}}}, {"A", "B", "C", "D", "E"}),
    ],
)
def test_nodes_combine_over_everybody_in_the_referential(
    ask: Ask, population: dict[str, Any], expected: set[str]
) -> None:
    assert ask(PEOPLE, population) == expected


def some_of(count: int, *of: dict[str, Any]) -> dict[str, Any]:
    return {"at_least": {"count": count, "of": list(of)}}


MALE, CORSICAN = {"sex": "male"}, {"region": ["94"]}
MIDDLE_AGED = {"age": {"on": "2021-06-30", "min": 50}}


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        (some_of(1, MALE, CORSICAN, MIDDLE_AGED), {"A", "B", "E"}),
        (some_of(2, MALE, CORSICAN, MIDDLE_AGED), {"A", "B"}),
        (some_of(3, MALE, CORSICAN, MIDDLE_AGED), set()),
        (some_of(1, MALE), {"A"}),
        ({"not": some_of(2, MALE, CORSICAN, MIDDLE_AGED)}, {"C", "D", "E"}),
        (some_of(2, {"not": MALE}, {"not": CORSICAN}, {"not": MIDDLE_AGED}), {"C", "D", "E"}),
        (some_of(2, {"any_of": [MALE, CORSICAN]}, some_of(2, {"sex": "female"}, CORSICAN)), {"B"}),
    ],
)
def test_at_least_so_many_criteria_hold_whichever_they_are(
    ask: Ask, population: dict[str, Any], expected: set[str]
) -> None:
    """Given no year of birth and no department (D), a criterion on these does not hold and counts for nothing."""
    assert ask(PEOPLE, population) == expected


IDENTITIES = """
IR_BEN_R
BEN_NIR_PSA BEN_RNG_GEM BEN_NIR_ANO BEN_SEX_COD BEN_DTE_MAJ
a           1           A           2           2020-01-01
a2          1           A           1           2021-01-01
a3          1           A           2           -
t           1           B           2           2020-01-01
t           2           C           2           2020-01-01
p           1           -           1           2020-01-01
-           1           D           1           2020-01-01

IR_IMB_R
BEN_NIR_PSA BEN_RNG_GEM IMB_ALD_NUM
a2          1           8
t           2           8

T_MCOaaB
RSA_NUM DGN_PAL
1       E119
2       E119
3       Z383

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       a          2021-03-01
2       a2         2021-04-01
3       t          2021-03-01
"""


def test_the_events_of_every_identity_are_those_of_the_person(ask: Ask) -> None:
    assert ask(IDENTITIES, {"stay": {"diagnosis": ["E119"], "period": PERIOD, "at_least": 2}}) == {"A"}


@pytest.mark.parametrize(("count", "expected"), [(1, {"A", "B", "C"}), (2, {"A", "C"}), (3, set())])
def test_at_least_so_many_criteria_on_events_and_persons_hold(ask: Ask, count: int, expected: set[str]) -> None:
    condition = {"long_term_condition": {"numbers": [8], "period": PERIOD}}
    stay = {"stay": {"diagnosis": ["E119"], "period": PERIOD}}
    assert ask(IDENTITIES, some_of(count, condition, stay, {"sex": "female"})) == expected


def test_twins_differ_by_their_rank(ask: Ask) -> None:
    assert ask(IDENTITIES, {"long_term_condition": {"numbers": [8], "period": PERIOD}}) == {"A", "C"}


def test_a_stay_that_may_be_of_either_twin_counts_for_neither_unless_the_filter_is_off(ask: Ask) -> None:
    population = {"stay": {"diagnosis": ["Z383"], "period": PERIOD}}
    assert ask(IDENTITIES, population) == set()


def test_without_the_filter_it_counts_for_both(ask: Ask) -> None:
    population = {"stay": {"diagnosis": ["Z383"], "period": PERIOD}}
    assert ask(IDENTITIES, population, filters=[]) == {"B", "C"}


def test_a_person_is_described_by_the_latest_identity(ask: Ask) -> None:
    population = {"all_of": [{"sex": "male"}, {"long_term_condition": {"numbers": [8], "period": PERIOD}}]}
    assert ask(IDENTITIES, population) == {"A"}
