"""Drugs dispensed and medical acts."""

from typing import Any

import pytest

from tests.spec.conftest import Ask
from tests.spec.tables import PERIOD

TABLES = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C
d           D

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02
3400999000028 A10AE04
3400999000035 C09AA05
3400999000042 -

ER_PRS_F 2021-02
DCT_ORD_NUM PRS_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           1           a           2021-01-10
1           2           a           2021-01-10
2           1           a           2021-01-20
3           1           b           2021-01-10
4           1           z           2021-01-10
5           1           c           2021-01-11

ER_PHA_F 2021-02
DCT_ORD_NUM PRS_ORD_NUM PHA_PRS_C13
1           1           3400999000011
1           2           3400999000028
2           1           3400999000011
3           1           3400999000035
4           1           3400999000011
5           1           3400999000042

ER_CAM_F 2021-02
DCT_ORD_NUM PRS_ORD_NUM CAM_PRS_IDE
3           1           DEQP003
5           1           ZBQK002

ER_PRS_F 2021-08
DCT_ORD_NUM PRS_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           1           b           2021-02-28
2           1           a           2021-03-01

ER_PHA_F 2021-08
DCT_ORD_NUM PRS_ORD_NUM PHA_PRS_C13
1           1           3400999000028
2           1           3400999000028

ER_CAM_F 2021-08
DCT_ORD_NUM PRS_ORD_NUM CAM_PRS_IDE

T_MCOaaB
RSA_NUM DGN_PAL
1       I10
2       I10

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       d          2021-06-01
2       c          2020-12-31

T_MCOaaA
RSA_NUM CDC_ACT
1       DEQP003
1       DEQP003
2       DEQP003
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"atc": ["A10BA02"]}, {"A"}),
        ({"atc": ["A10"]}, {"A", "B"}),
        ({"cip13": ["3400999000035"]}, {"B"}),
        ({"atc": ["A10BA"], "cip13": ["3400999000042"]}, {"A", "C"}),
        ({"atc": ["A10"], "at_least": 2}, {"A"}),
        ({"atc": ["A10"], "at_least": 3}, {"A"}),
        ({"atc": ["A10"], "at_least": 4}, set()),
    ],
)
def test_a_drug_counts_once_a_day_of_dispensing_in_every_month_of_flux(
    ask: Ask, asked: dict[str, Any], expected: set[str]
) -> None:
    assert ask(TABLES, {"drug": {**asked, "period": PERIOD}}) == expected


@pytest.mark.parametrize(
    ("end", "expected"), [("2021-02-27", {"A"}), ("2021-02-28", {"A", "B"}), ("2021-01-09", set())]
)
def test_the_period_is_that_of_care_not_of_flux(ask: Ask, end: str, expected: set[str]) -> None:
    population = {"drug": {"atc": ["A10"], "period": {"from": "2021-01-01", "to": end}}}
    assert ask(TABLES, population) == expected


def test_each_criterion_has_a_period_of_its_own(ask: Ask) -> None:
    early, late = {"from": "2021-01-01", "to": "2021-01-15"}, {"from": "2021-02-28", "to": "2021-02-28"}
    of_january = {"drug": {"atc": ["C09"], "period": early}}
    of_february = {"drug": {"atc": ["A10"], "period": late}}
    assert ask(TABLES, {"all_of": [of_january, of_february]}) == {"B"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"ccam": ["DEQP003"]}, {"B", "D"}),
        ({"ccam": ["DEQP"], "places": ["community"]}, {"B"}),
        ({"ccam": ["DEQP003"], "places": ["stay"]}, {"D"}),
        ({"ccam": ["DEQP003"], "at_least": 2}, set()),
        ({"ccam": ["Z"]}, {"C"}),
    ],
)
def test_an_act_is_looked_for_in_stays_and_in_community_care(
    ask: Ask, asked: dict[str, Any], expected: set[str]
) -> None:
    assert ask(TABLES, {"act": {**asked, "period": PERIOD}}) == expected


def test_dates_in_a_stay_and_in_community_care_add_up(ask: Ask) -> None:
    text = TABLES.replace(
        "3           1           b           2021-01-10", "3           1           d           2021-01-10"
    )
    assert ask(text, {"act": {"ccam": ["DEQP003"], "period": PERIOD, "at_least": 2}}) == {"D"}


def test_a_period_after_everything_that_the_source_holds_finds_nobody(ask: Ask) -> None:
    later = {"from": "2031-01-01", "to": "2031-12-31"}
    assert ask(TABLES, {"any_of": [{"drug": {"atc": ["A10"], "period": later}}, {"sex": "male"}]}) == set()


BIOLOGY = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-01-10
2           a           2021-04-10
3           b           2021-01-10
4           c           2021-01-10

ER_BIO_F
DCT_ORD_NUM BIO_PRS_IDE BIO_ACT_QSN
1           1577        1
2           1577        1
3           1577        1
4           552         1
"""


@pytest.mark.parametrize(
    ("codes", "at_least", "expected"),
    [(["1577"], 1, {"A", "B"}), (["1577"], 2, {"A"}), (["1577", "552"], 1, {"A", "B", "C"})],
)
def test_an_analysis_counts_once_a_day(ask: Ask, codes: list[str], at_least: int, expected: set[str]) -> None:
    assert ask(BIOLOGY, {"biology": {"nabm": codes, "period": PERIOD, "at_least": at_least}}) == expected
