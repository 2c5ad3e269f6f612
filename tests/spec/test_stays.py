"""Hospital stays by diagnosis."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.tables import PERIOD

PEOPLE = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C
d           D
"""

STAYS = f"""
{PEOPLE.strip()}

T_MCOaaB
RSA_NUM DGN_PAL DGN_REL
1       E119    -
2       Z511    E110
3       I10     -
4       E1      E10

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       a          2021-03-01
2       b          2021-12-31
3       c          2021-01-01
4       d          2021-05-05

T_MCOaaD
RSA_NUM ASS_DGN
3       E112
3       E112
4       I10
"""


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        (["principal"], {"A"}),
        (["related"], {"B"}),
        (["associated"], {"C"}),
        (["principal", "related"], {"A", "B"}),
        (["principal", "related", "associated"], {"A", "B", "C"}),
    ],
)
def test_a_diagnosis_counts_in_the_positions_that_are_asked_for(
    ask: Ask, positions: list[str], expected: set[str]
) -> None:
    population = {"stay": {"diagnosis": ["E11"], "positions": positions, "period": PERIOD}}
    assert ask(STAYS, population) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(["E119"], {"A"}), (["E11"], {"A", "B", "C"}), (["E1"], {"A", "B", "C", "D"}), (["I10", "E10"], {"C", "D"})],
)
def test_a_code_stands_for_itself_and_everything_below_it(ask: Ask, codes: list[str], expected: set[str]) -> None:
    assert ask(STAYS, {"stay": {"diagnosis": codes, "period": PERIOD}}) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2021-03-01", "2021-03-01", {"A"}),
        ("2021-03-02", "2021-12-30", set()),
        ("2021-12-31", "2022-12-31", {"B"}),
        ("2021-01-01", "2021-01-01", {"C"}),
    ],
)
def test_the_day_of_entry_is_in_the_period_both_ends_included(
    ask: Ask, start: str, end: str, expected: set[str]
) -> None:
    assert ask(STAYS, {"stay": {"diagnosis": ["E11"], "period": {"from": start, "to": end}}}) == expected


def test_at_least_n_counts_distinct_days_of_entry_over_all_years(ask: Ask) -> None:
    text = f"""
{PEOPLE.strip()}

T_MCOaaB 2021
RSA_NUM DGN_PAL
1       E119
2       E119
3       E119
4       E119

T_MCOaaC 2021
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       a          2021-03-01
2       a          2021-04-01
3       b          2021-03-01
4       b          2021-03-01

T_MCOaaB 2022
RSA_NUM DGN_PAL
1       E119
2       E119

T_MCOaaC 2022
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       c          2021-12-30
2       c          2022-01-02

T_MCOaaD 2022
RSA_NUM ASS_DGN
"""
    period = {"from": "2021-01-01", "to": "2022-12-31"}
    assert ask(text, {"stay": {"diagnosis": ["E11"], "period": period, "at_least": 2}}) == {"A", "C"}


def test_the_same_number_in_two_hospitals_or_two_years_is_two_stays(ask: Ask) -> None:
    text = f"""
{PEOPLE.strip()}

T_MCOaaB 2021
ETA_NUM   RSA_NUM DGN_PAL
990000001 1       E119
990000002 1       I10

T_MCOaaC 2021
ETA_NUM   RSA_NUM NIR_ANO_17 EXE_SOI_DTD
990000001 1       a          2021-03-01
990000002 1       b          2021-03-01

T_MCOaaB 2022
ETA_NUM   RSA_NUM DGN_PAL
990000001 1       I10

T_MCOaaC 2022
ETA_NUM   RSA_NUM NIR_ANO_17 EXE_SOI_DTD
990000001 1       c          2021-12-31

T_MCOaaD 2022
RSA_NUM ASS_DGN
"""
    assert ask(text, {"stay": {"diagnosis": ["E11"], "period": PERIOD}}) == {"A"}


def test_a_stay_of_nobody_known_counts_for_nobody(ask: Ask) -> None:
    text = STAYS.replace("1       a ", "1       z ")
    assert ask(text, {"stay": {"diagnosis": ["E119"], "period": PERIOD}}) == set()


@pytest.mark.parametrize(("units", "expected"), [(["01A"], {"A"}), (["01"], {"A", "B"}), (["13"], set())])
def test_a_stay_may_have_to_pass_through_a_medical_unit(ask: Ask, units: list[str], expected: set[str]) -> None:
    text = f"""
{STAYS.strip()}

T_MCOaaUM
RSA_NUM UM_ORD_NUM AUT_TYP1_UM
1       1          01A
1       2          01A
2       1          01B
4       1          13
"""
    population = {"stay": {"diagnosis": ["E11"], "period": PERIOD, "medical_units": units}}
    assert ask(text, population) == expected
