"""What is delivered of the cohort: rows, columns, period, and pseudonyms that join."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from uuid import UUID

from apps.extracts.engine.catalogue import Kind
from tests.spec.conftest import Answers
from tests.spec.tables import KEY, definition_of

TABLES = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_IDT_ANO BEN_SEX_COD
a           A           A           2
a2          A           A           2
b           B           B           1
p           -           p1          2
q           Q           -           1

IR_IMB_R
BEN_NIR_PSA IMB_ALD_NUM IMB_ALD_DTF IMB_ETM_NAT
a           8           -           41
a           9           2020-12-31  41
a           10          -           13
b           8           -           41

IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02

ER_PRS_F
DCT_ORD_NUM PRS_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD PRS_NAT_REF PFS_EXE_NUM PFS_PRE_NUM DPN_QLF
1           1           a           2021-01-10  3313        000000001   000000002   0
1           2           a2          2021-01-10  1111        000000002   -           0
2           1           a           2020-12-31  1111        000000001   -           0
3           1           b           2021-01-10  1111        000000001   -           0
4           1           p           2021-01-11  1352        000000003   -           0
5           1           a           2021-01-10  1111        000000001   -           71

ER_PHA_F
DCT_ORD_NUM PRS_ORD_NUM PHA_PRS_C13
1           1           3400999000011
2           1           3400999000011
5           1           3400999000011

ER_CAM_F
DCT_ORD_NUM PRS_ORD_NUM CAM_PRS_IDE
4           1           DEQP003

T_MCOaaB
ETA_NUM   RSA_NUM DGN_PAL
990000001 1       E119
990000002 1       I10
990000002 2       I10

T_MCOaaC
ETA_NUM   RSA_NUM NIR_ANO_17 EXE_SOI_DTD
990000001 1       a          2021-03-01
990000002 1       a2         2021-03-02
990000002 2       b          2021-03-02

T_MCOaaD
ETA_NUM   RSA_NUM ASS_DGN
990000001 1       I10
990000001 1       I10

KI_CCI_R
BEN_IDT_ANO BEN_DCD_DTE DCD_CIM_COD
A           2021-12-31  I509
B           2021-12-31  C349
p1          2020-12-31  C349
-           2021-12-31  C349
"""
WOMEN = {"sex": "female"}
A = KEY.pseudonym(Kind.PERSON, "AA")
P = KEY.pseudonym(Kind.PERSON, "Pp|1")
Load = Callable[[str], Answers]


def claim(statement: int, rank: int) -> UUID:
    keys = (statement, date(2021, 2, 1), date(2021, 1, 20), 1, 1, 1, "01C750010", rank, 0)
    return KEY.pseudonym_of_row(Kind.CLAIM, keys)


def test_care_lines_of_the_cohort_in_the_period_with_their_details(answers: Load) -> None:
    asked = {"ER_PRS_F": ["PRS_NAT_REF"], "ER_PHA_F": ["PHA_PRS_C13"], "ER_CAM_F": ["CAM_PRS_IDE"]}
    found = answers(TABLES).delivered(definition_of(WOMEN, asked))
    assert Counter(found["ER_PRS_F"]) == Counter(
        [(A, claim(1, 1), 3313), (A, claim(1, 2), 1111), (P, claim(4, 1), 1352)]
    )
    assert found["ER_PHA_F"] == [(A, claim(1, 1), 3400999000011)]
    assert found["ER_CAM_F"] == [(P, claim(4, 1), "DEQP003")]


def test_details_are_delivered_without_the_lines_when_only_they_are_asked_for(answers: Load) -> None:
    found = answers(TABLES).delivered(definition_of(WOMEN, {"ER_PHA_F": ["PHA_PRS_C13"]}))
    assert found == {"ER_PHA_F": [(A, claim(1, 1), 3400999000011)]}


def test_a_filter_that_is_off_lets_its_lines_through(answers: Load) -> None:
    definition = definition_of(WOMEN, {"ER_PHA_F": ["PHA_PRS_C13"]}, filters=[])
    assert len(answers(TABLES).delivered(definition)["ER_PHA_F"]) == 2


def test_professionals_keep_one_pseudonym_in_every_role(answers: Load) -> None:
    found = answers(TABLES).delivered(definition_of(WOMEN, {"ER_PRS_F": ["PFS_EXE_ID", "PFS_PRE_ID"]}))
    one, two, three = (KEY.pseudonym(Kind.PROFESSIONAL, f"00000000{number}") for number in (1, 2, 3))
    assert Counter(row[2:] for row in found["ER_PRS_F"]) == Counter([(one, two), (two, None), (three, None)])


def test_stays_of_every_identity_with_their_diagnoses_repeated_or_not(answers: Load) -> None:
    found = answers(TABLES).delivered(
        definition_of(WOMEN, {"T_MCOaaB": ["DGN_PAL", "ETA_ID"], "T_MCOaaD": ["ASS_DGN"], "T_MCOaaA": ["CDC_ACT"]})
    )
    first, second = (KEY.pseudonym_of_row(Kind.STAY, (2021, f"99000000{number}", 1)) for number in (1, 2))
    hospitals = [KEY.pseudonym(Kind.FACILITY, f"99000000{number}") for number in (1, 2)]
    assert Counter(found["T_MCOaaB"]) == Counter([(A, first, hospitals[0], "E119"), (A, second, hospitals[1], "I10")])
    assert found["T_MCOaaD"] == [(A, first, "I10")] * 2
    assert found["T_MCOaaA"] == []


def test_one_row_for_each_identity_conditions_under_way_and_deaths_in_the_period(answers: Load) -> None:
    asked = {"IR_BEN_R": ["BEN_SEX_COD"], "IR_IMB_R": ["IMB_ALD_NUM"], "KI_CCI_R": ["DCD_CIM_COD"]}
    found = answers(TABLES).delivered(definition_of(WOMEN, asked))
    assert Counter(found["IR_BEN_R"]) == Counter([(A, 2), (A, 2), (P, 2)])
    assert found["IR_IMB_R"] == [(A, 8)]
    assert found["KI_CCI_R"] == [(A, "I509")]


def test_a_nomenclature_is_delivered_whole(answers: Load) -> None:
    found = answers(TABLES).delivered(definition_of({"sex": "male"}, {"IR_PHA_R": ["PHA_CIP_C13", "PHA_ATC_CLA"]}))
    assert found == {"IR_PHA_R": [(3400999000011, "A10BA02")]}
