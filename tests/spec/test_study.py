"""The index date, windows of days around it, and matched controls."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from apps.extracts.engine.catalogue import Kind
from tests.spec.conftest import Answers, Ask
from tests.spec.tables import KEY, PERIOD, definition_of

Load = Callable[[str], Answers]
PEOPLE = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C

T_MCOaaB
RSA_NUM DGN_PAL
1       E119
2       E119
3       E119
4       I10

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       a          2021-03-01
2       a          2021-09-01
3       b          2021-06-10
4       c          2021-06-10

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-03-01
2           a           2021-08-31
3           b           2021-06-09
4           c           2021-06-09

ER_PHA_F
DCT_ORD_NUM PHA_PRS_C13
1           3400999000011
2           3400999000011
3           3400999000011
4           3400999000011
"""


def stay(index: str = "first", **more: Any) -> dict[str, Any]:
    return {"stay": {"diagnosis": ["E11"], "period": PERIOD, "index": index, **more}}


def drug(first: int, last: int) -> dict[str, Any]:
    return {"drug": {"atc": ["A10"], "period": PERIOD, "within": {"from": first, "to": last}}}


@pytest.mark.parametrize(
    ("index", "window", "expected"),
    [
        ("first", (-1, -1), {"B"}),
        ("first", (0, 0), {"A"}),
        ("first", (-1, 0), {"A", "B"}),
        ("first", (183, 183), {"A"}),
        ("last", (-1, -1), {"A", "B"}),
        ("last", (1, 300), set()),
    ],
)
def test_a_window_is_counted_in_days_from_the_index_date_of_each_person(
    ask: Ask, index: str, window: tuple[int, int], expected: set[str]
) -> None:
    assert ask(PEOPLE, {"all_of": [stay(index), drug(*window)]}) == expected


def test_a_criterion_among_those_of_which_so_many_hold_gives_the_index_date(ask: Ask) -> None:
    """Given people who satisfy enough of the others, they have no index date all the same."""
    assert ask(PEOPLE, {"at_least": {"count": 2, "of": [stay(), {"sex": "female"}, {"region": ["11"]}]}}) == {"A", "B"}


def test_whoever_has_no_index_date_is_not_in_the_population(ask: Ask) -> None:
    assert ask(PEOPLE, {"any_of": [stay(), {"sex": "female"}]}) == {"A", "B"}


def test_outside_of_any_window_is_not_inside_of_it(ask: Ask) -> None:
    assert ask(PEOPLE, {"all_of": [stay(), {"not": drug(-30, -1)}]}) == {"A"}


def test_an_index_date_asks_for_all_the_dates_of_its_criterion(ask: Ask) -> None:
    assert ask(PEOPLE, {"all_of": [stay(at_least=2), drug(0, 0)]}) == {"A"}


def care_delivered(answers: Load, before: int, after: int, **more: Any) -> list[Any]:
    care = {"days_before": before, "days_after": after}
    definition = definition_of(stay(), {"ER_PRS_F": ["EXE_SOI_DTD"]}, design={"care": care}, **more)
    return sorted(row[-1] for row in answers(PEOPLE).delivered(definition)["ER_PRS_F"])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0, 0, [date(2021, 3, 1)]),
        (1, 0, [date(2021, 3, 1), date(2021, 6, 9)]),
        (0, 183, [date(2021, 3, 1), date(2021, 8, 31)]),
        (0, 182, [date(2021, 3, 1)]),
    ],
)
def test_care_is_delivered_in_the_window_of_each_person(
    answers: Load, before: int, after: int, expected: list[date]
) -> None:
    assert care_delivered(answers, before, after) == expected


@pytest.mark.parametrize("shift", [0, 100])
def test_dates_become_days_from_the_index_date_whatever_the_shift(answers: Load, shift: int) -> None:
    protection = {"coarsening": {"care_date": "days_from_index"}, "date_shift_days": shift}
    assert care_delivered(answers, 400, 400, protection=protection) == [-1, 0, 183]


AROUND = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_IDT_ANO BEN_DCD_DTE BEN_DCD_AME
a           A           A           2021-06-01  202106

IR_IMB_R
BEN_NIR_PSA IMB_ALD_NUM IMB_ALD_DTD IMB_ALD_DTF
a           1           2010-01-01  -
a           2           2021-01-01  2021-02-18
a           3           2021-01-01  2021-02-19
a           4           2021-03-11  -
a           5           2021-03-12  -

T_MCOaaB
RSA_NUM DGN_PAL
1       E119
2       I10
3       I10

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD SOR_MOI
1       a          2021-03-01  03
2       a          2021-03-11  03
3       a          2021-03-12  03

KI_CCI_R
BEN_IDT_ANO BEN_DCD_DTE
A           2021-06-01
"""


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("IR_BEN_R", "BEN_DCD_DTE", [92]),
        ("IR_BEN_R", "BEN_DCD_AME", [None]),
        ("IR_IMB_R", "IMB_ALD_NUM", [1, 3, 4]),
        ("IR_IMB_R", "IMB_ALD_DTD", [-4077, -59, 10]),
        ("T_MCOaaC", "EXE_SOI_DTD", [0, 10]),
        ("T_MCOaaC", "SOR_MOI", [None, None]),
        ("T_MCOaaB", "DGN_PAL", ["E119", "I10"]),
        ("KI_CCI_R", "BEN_DCD_DTE", []),
    ],
)
def test_what_the_period_bounds_the_window_bounds_as_well(
    answers: Load, table: str, column: str, expected: list[Any]
) -> None:
    days = {"care_date": "days_from_index", "death_date": "days_from_index"}
    definition = definition_of(
        stay(),
        {table: [column]},
        design={"care": {"days_before": 10, "days_after": 10}},
        protection={"coarsening": days},
    )
    assert sorted((row[-1] for row in answers(AROUND).delivered(definition)[table]), key=repr) == sorted(
        expected, key=repr
    )


MATCHED = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_SEX_COD BEN_NAI_ANN BEN_RES_DPT BEN_DCD_DTE
case        Case        2           1950        075         -
same        Same        2           1950        092         -
man         Man         1           1950        075         -
south       South       2           1950        013         -
near        Near        2           1951        075         -
far         Far         2           1953        075         -
dead        Dead        2           1950        075         2021-02-28
dies        Dies        2           1950        075         2021-03-01
alive       Alive       2           1949        075         1600-01-01
unknown     Unknown     2           -           075         -

T_MCOaaB
RSA_NUM DGN_PAL
1       E119

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       case       2021-03-01
"""
EVERYBODY = "Case Same Man South Near Far Dead Dies Alive Unknown"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"per_case": 10}, {"Case", "Same", "Dies"}),
        ({"per_case": 10, "birth_year_within": 1}, {"Case", "Same", "Dies", "Near", "Alive"}),
        ({"per_case": 10, "birth_year_within": 3}, {"Case", "Same", "Dies", "Near", "Alive", "Far"}),
        ({"per_case": 2, "birth_year_within": 3}, {"Case", "Same", "Dies"}),
        (
            {"per_case": 10, "birth_year_within": 1, "among": {"age": {"on": "2021-12-31", "min": 71}}},
            {"Case", "Same", "Dies", "Alive"},
        ),
    ],
)
def test_controls_are_alive_of_the_same_sex_and_region_and_the_nearest_in_age(
    ask: Ask, asked: dict[str, Any], expected: set[str]
) -> None:
    assert ask(MATCHED, stay(), people=EVERYBODY, design={"controls": asked}) == expected


COUNTED = [f"N{number}" for number in range(12)]
CROWD = (
    "IR_BEN_R\nBEN_NIR_PSA BEN_NIR_ANO\n"
    + "\n".join(f"{name.lower()} {name}" for name in COUNTED)
    + "\n\nT_MCOaaB\nRSA_NUM DGN_PAL\n1 E119\n2 E119\n3 E119\n\nT_MCOaaC\nRSA_NUM NIR_ANO_17 EXE_SOI_DTD\n"
    + "1 n0 2021-03-01\n2 n1 2021-03-01\n3 n2 2021-03-01"
)


def keyed(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: KEY.order([f"A{name}"]))


def test_each_case_in_the_order_of_the_key_takes_the_first_who_is_free_and_nobody_serves_twice(answers: Load) -> None:
    found = answers(CROWD).matched(definition_of(stay(), design={"controls": {"per_case": 4}}))
    cases, others = keyed(COUNTED[:3]), keyed(COUNTED[3:])
    expected = dict(zip(others, cases * 3, strict=True)) | {case: case for case in cases}
    assert found == {pseudonym(one): pseudonym(case) for one, case in expected.items()}


def test_a_sample_is_drawn_among_cases_and_all_their_controls_come_with_them(answers: Load) -> None:
    asked = definition_of(stay(), design={"controls": {"per_case": 2}}, protection={"sample_one_in": 2})
    cases = [case for case in keyed(COUNTED[:3]) if KEY.sampled(f"A{case}", 2)]
    found = answers(CROWD).matched(asked)
    assert {case for one, case in found.items()} == {pseudonym(case) for case in cases}
    assert len(found) == 3 * len(cases)


def pseudonym(name: str) -> Any:
    return KEY.pseudonym(Kind.PERSON, f"A{name}")
