"""Long-term conditions (ALD)."""

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
e           E

IR_IMB_R
BEN_NIR_PSA MED_MTF_COD IMB_ALD_NUM IMB_ALD_DTD IMB_ALD_DTF IMB_ETM_NAT
a           E119        8           2015-01-01  -           41
b           I50         5           2015-01-01  2020-12-31  41
c           E109        8           2021-12-31  2026-12-31  41
d           -           8           2015-01-01  2021-01-01  41
e           E119        8           2015-01-01  -           12
e           -           -           -           -           -
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"diagnosis": ["E11"]}, {"A"}),
        ({"diagnosis": ["E1"]}, {"A", "C"}),
        ({"numbers": [8]}, {"A", "C", "D"}),
        ({"numbers": [5, 13]}, set()),
        ({"diagnosis": ["I50"], "numbers": [8]}, {"A", "C", "D"}),
    ],
)
def test_a_condition_is_found_by_its_reason_or_its_number(
    ask: Ask, asked: dict[str, list[str | int]], expected: set[str]
) -> None:
    assert ask(TABLES, {"long_term_condition": {**asked, "period": PERIOD}}) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-12-31", "2020-12-31", {"A", "B", "D"}),
        ("2021-01-01", "2021-01-01", {"A", "D"}),
        ("2021-01-02", "2021-12-30", {"A"}),
        ("2022-01-01", "2022-12-31", {"A", "C"}),
        ("2014-01-01", "2014-12-31", set()),
    ],
)
def test_one_day_in_the_period_is_enough_and_a_condition_without_an_end_goes_on(
    ask: Ask, start: str, end: str, expected: set[str]
) -> None:
    population = {"long_term_condition": {"numbers": [5, 8], "period": {"from": start, "to": end}}}
    assert ask(TABLES, population) == expected


def test_work_accidents_occupational_diseases_and_invalidity_are_not_conditions_unless_the_filter_is_off(
    ask: Ask,
) -> None:
    population = {"long_term_condition": {"diagnosis": ["E119"], "period": PERIOD}}
    assert ask(TABLES, population, filters=[]) == {"A", "E"}
