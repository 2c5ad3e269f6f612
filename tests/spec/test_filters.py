"""Quality filters: what they remove, and that they can be taken off."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.tables import PERIOD

CARE = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C
d           D

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD DPN_QLF PRS_DPN_QLP CPL_MAJ_TOP
1           a           2021-01-10  71      0           0
2           b           2021-01-10  0       71          0
3           c           2021-01-10  0       0           2
4           d           2021-01-10  -       -           -

ER_PHA_F
DCT_ORD_NUM PHA_PRS_C13
1           3400999000011
2           3400999000011
3           3400999000011
4           3400999000011
"""
ALL_DCIR = {"dcir_expense_qualifier": "A", "dcir_expense_qualifier_sent": "B", "dcir_supplements": "C"}
DRUG = {"drug": {"atc": ["A10"], "period": PERIOD}}


def test_an_absent_value_is_not_a_bad_value(ask: Ask) -> None:
    assert ask(CARE, DRUG) == {"D"}


@pytest.mark.parametrize("name", ALL_DCIR)
def test_each_care_filter_removes_its_own_lines(ask: Ask, name: str) -> None:
    assert ask(CARE, DRUG, filters=[name]) == {"A", "B", "C", "D"} - {ALL_DCIR[name]}


STAYS = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C

T_MCOaaB
RSA_NUM DGN_PAL GRG_GHM
1       E119    05M04T
2       E119    90Z00Z
3       E119    -

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD {column}
1       a          2021-01-10  1
2       b          2021-01-10  0
3       c          2021-01-10  -
"""
STAY = {"stay": {"diagnosis": ["E119"], "period": PERIOD}}


@pytest.mark.parametrize(
    "column",
    ["NIR_RET", "NAI_RET", "SEX_RET", "SEJ_RET", "FHO_RET", "PMS_RET", "DAT_RET", "COH_NAI_RET", "COH_SEX_RET"],
)
def test_every_return_code_matters(ask: Ask, column: str) -> None:
    assert ask(STAYS.format(column=column), STAY, filters=["mco_return_codes"]) == {"B", "C"}


def test_stays_grouped_in_error_are_left_out(ask: Ask) -> None:
    assert ask(STAYS.format(column="NIR_RET"), STAY, filters=["mco_grouping_error"]) == {"A", "C"}


def test_all_filters_together_are_the_default(ask: Ask) -> None:
    assert ask(STAYS.format(column="NIR_RET"), STAY) == {"C"}


PUBLIC = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-01-10
2           b           2021-01-10
3           c           2021-01-10

ER_PHA_F
DCT_ORD_NUM PHA_PRS_C13
1           3400999000011
2           3400999000011
3           3400999000011

ER_ETE_F
DCT_ORD_NUM ETE_IND_TAA
1           1
2           0
3           -
"""


def test_what_public_hospitals_sent_already_is_left_out(ask: Ask) -> None:
    assert ask(PUBLIC, DRUG) == {"B", "C"}


def test_what_public_hospitals_sent_already_counts_when_the_filter_is_off(ask: Ask) -> None:
    assert ask(PUBLIC, DRUG, filters=[]) == {"A", "B", "C"}


SIGNED = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B
c           C
d           D

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02
3400999000028 A10BA02

ER_PRS_F 2021-02
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-01-10
2           b           2021-01-10
3           c           2021-01-10
4           d           2021-01-10

ER_PHA_F 2021-02
DCT_ORD_NUM PHA_PRS_C13   PHA_ACT_QSN
1           3400999000011 2
2           3400999000011 2
3           3400999000011 2
4           3400999000011 -

ER_PRS_F 2021-03
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
5           a           2021-01-10
6           b           2021-01-10
7           c           2021-01-10

ER_PHA_F 2021-03
DCT_ORD_NUM PHA_PRS_C13   PHA_ACT_QSN
5           3400999000011 -2
6           3400999000011 -1
7           3400999000028 -2
"""


def test_a_dispensing_that_a_later_month_of_flux_cancels_did_not_happen(ask: Ask) -> None:
    assert ask(SIGNED, DRUG) == {"B", "C", "D"}


def test_a_cancelled_dispensing_counts_when_the_filter_is_off(ask: Ask) -> None:
    assert ask(SIGNED, DRUG, filters=[]) == {"A", "B", "C", "D"}


DUPLICATES = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO
a           A
b           B

T_MCOaaB {year}
ETA_NUM   RSA_NUM DGN_PAL
750100042 1       E119
750712184 2       E119

T_MCOaaC {year}
ETA_NUM   RSA_NUM NIR_ANO_17 EXE_SOI_DTD
750100042 1       a          {year}-01-10
750712184 2       b          {year}-01-10
"""


@pytest.mark.parametrize(("year", "expected"), [("2017", {"B"}), ("2018", {"A", "B"})])
def test_sites_of_paris_are_left_out_until_2017(ask: Ask, year: str, expected: set[str]) -> None:
    period = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
    assert ask(DUPLICATES.format(year=year), {"stay": {"diagnosis": ["E11"], "period": period}}) == expected
