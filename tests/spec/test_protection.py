"""What protects people beyond pseudonyms: sampling, coarser values, shifted dates."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.spec.conftest import Answers, Ask
from tests.spec.tables import KEY, definition_of

Load = Callable[[str], Answers]
EVERYBODY = {"any_of": [{"sex": "female"}, {"sex": "male"}]}
NAMES = [f"N{number}" for number in range(40)]
MANY = "IR_BEN_R\nBEN_NIR_PSA BEN_NIR_ANO\n" + "\n".join(f"{name.lower()} {name}" for name in NAMES)


def test_a_sample_keeps_the_people_that_the_project_s_key_designates(ask: Ask) -> None:
    found = ask(MANY, EVERYBODY, people=" ".join(NAMES), protection={"sample_one_in": 4})
    assert found == {name for name in NAMES if KEY.sampled(f"A{name}", 4)}
    assert 0 < len(found) < 25


TABLES = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_IDT_ANO BEN_NAI_ANN BEN_NAI_MOI BEN_RES_COM BEN_DCD_DTE BEN_DCD_AME
a           A           A           1987        11          123         2021-05-17  202105

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-01-10
2           a           2021-03-31

T_MCOaaB
RSA_NUM DGN_PAL
1       E119

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD SOR_MOI
1       a          2021-03-02  03

KI_CCI_R
BEN_IDT_ANO BEN_DCD_DTE DCD_COM_COD
A           2021-05-17  056
"""
ASKED = {
    "IR_BEN_R": ["BEN_NAI_ANN", "BEN_NAI_MOI", "BEN_RES_COM", "BEN_DCD_DTE", "BEN_DCD_AME"],
    "ER_PRS_F": ["EXE_SOI_DTD"],
    "T_MCOaaC": ["EXE_SOI_DTD", "SOR_MOI"],
    "KI_CCI_R": ["BEN_DCD_DTE", "DCD_COM_COD"],
}


@pytest.mark.parametrize(
    ("family", "level", "table", "expected"),
    [
        ("birth", "year", "IR_BEN_R", [(1987, None, "123", date(2021, 5, 17), "202105")]),
        ("birth", "five_years", "IR_BEN_R", [(1985, None, "123", date(2021, 5, 17), "202105")]),
        ("birth", "ten_years", "IR_BEN_R", [(1980, None, "123", date(2021, 5, 17), "202105")]),
        ("commune", "department", "IR_BEN_R", [(1987, "11", None, date(2021, 5, 17), "202105")]),
        ("death_date", "month", "IR_BEN_R", [(1987, "11", "123", date(2021, 5, 1), "202105")]),
        ("death_date", "year", "IR_BEN_R", [(1987, "11", "123", date(2021, 1, 1), "2021")]),
        ("care_date", "month", "ER_PRS_F", [(date(2021, 1, 1),), (date(2021, 3, 1),)]),
        ("care_date", "year", "ER_PRS_F", [(date(2021, 1, 1),), (date(2021, 1, 1),)]),
        ("care_date", "month", "T_MCOaaC", [(date(2021, 3, 1), "03")]),
        ("care_date", "year", "T_MCOaaC", [(date(2021, 1, 1), None)]),
        ("death_commune", "department", "KI_CCI_R", [(date(2021, 5, 17), None)]),
    ],
)
def test_a_family_is_as_coarse_as_asked_and_the_others_untouched(
    answers: Load, family: str, level: str, table: str, expected: list[Any]
) -> None:
    definition = definition_of(EVERYBODY, {table: ASKED[table]}, protection={"coarsening": {family: level}})
    identifiers = {"IR_BEN_R": 1, "KI_CCI_R": 1}.get(table, 2)
    assert sorted(row[identifiers:] for row in answers(TABLES).delivered(definition)[table]) == expected


def test_all_dates_of_a_person_move_by_the_same_days(answers: Load) -> None:
    asked = {"IR_BEN_R": ["BEN_DCD_DTE"], "ER_PRS_F": ["EXE_SOI_DTD"], "T_MCOaaC": ["EXE_SOI_DTD"]}
    found = answers(TABLES).delivered(definition_of(EVERYBODY, asked, protection={"date_shift_days": 100}))
    moved = timedelta(days=KEY.shift("AA", 100))
    assert timedelta(days=-100) <= moved <= timedelta(days=100)
    assert moved
    assert {row[-1] - moved for row in found["ER_PRS_F"]} == {date(2021, 1, 10), date(2021, 3, 31)}
    assert found["IR_BEN_R"][0][-1] - moved == date(2021, 5, 17)
    assert found["T_MCOaaC"][0][-1] - moved == date(2021, 3, 2)


def test_a_date_is_shifted_before_it_is_rounded(answers: Load) -> None:
    protection = {"date_shift_days": 100, "coarsening": {"care_date": "month"}}
    found = answers(TABLES).delivered(definition_of(EVERYBODY, {"ER_PRS_F": ["EXE_SOI_DTD"]}, protection=protection))
    moved = timedelta(days=KEY.shift("AA", 100))
    days = (date(2021, 1, 10) + moved, date(2021, 3, 31) + moved)
    assert sorted(row[-1] for row in found["ER_PRS_F"]) == sorted(day.replace(day=1) for day in days)
