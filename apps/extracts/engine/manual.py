"""The manual of the definition language: small tables, a question, the answer.

Every case is data: ``docs/definition-manual.md`` is printed from it, and ``tests/spec/test_manual.py`` asks every
engine the question and compares the answer. What the manual says is therefore what the engines do.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .criteria import read_criterion, sentence
from .design import Design
from .filters import FILTERS, Filter
from .reading import Reader

PERIOD = {"from": "2021-01-01", "to": "2021-12-31"}
NOTE = "<!-- Printed by `manage.py generate_docs`; edit apps/extracts/engine/manual.py, not this page. -->"


@dataclass(frozen=True, slots=True)
class Case:
    """A question about small tables. People are named by their BEN_NIR_ANO; ``filters`` are those by default if absent.

    A block of ``tables`` is a table (and its partition), its columns, its rows; ``-`` is an absent value.
    """

    title: str
    says: str
    tables: str
    population: Mapping[str, Any] = field(hash=False)
    answer: str
    filters: tuple[str, ...] | None = None
    design: Mapping[str, Any] | None = field(default=None, hash=False)


_PEOPLE = """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_SEX_COD BEN_NAI_ANN BEN_NAI_MOI BEN_RES_DPT
a           A           2           1950        06          075
b           B           1           1980        06          013
c           C           2           1980        07          075
"""
_STAYS = """
T_MCOaaB
RSA_NUM DGN_PAL DGN_REL
1       E119    -
2       Z511    C509
3       I10     -

T_MCOaaC
RSA_NUM NIR_ANO_17 EXE_SOI_DTD
1       a          2021-03-01
2       b          2021-12-31
3       c          2021-01-01

T_MCOaaD
RSA_NUM ASS_DGN
3       E112
"""
_DRUGS = """
IR_PHA_R
PHA_CIP_C13   PHA_ATC_CLA
3400999000011 A10BA02

ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD DPN_QLF
1           a           2021-01-10  0
2           a           2021-02-10  0
3           b           2021-01-10  0
4           b           2021-01-10  0
5           c           2021-01-10  71

ER_PHA_F
DCT_ORD_NUM PHA_PRS_C13   PHA_ACT_QSN
1           3400999000011 1
2           3400999000011 1
3           3400999000011 2
4           3400999000011 -2
5           3400999000011 1
"""
_INDEX = {"stay": {"diagnosis": ["E11"], "period": PERIOD, "index": "first"}}
_METFORMIN = {"drug": {"atc": ["A10BA"], "period": PERIOD}}
_DIABETES = {"stay": {"diagnosis": ["E11"], "period": PERIOD}}

CASES: tuple[Case, ...] = (
    Case(
        "A stay with a diagnosis",
        "A code stands for itself and all below it, as principal, related or associated diagnosis.",
        _PEOPLE + _STAYS,
        _DIABETES,
        "A C",
    ),
    Case(
        "The position of a diagnosis",
        "`positions` says where the diagnosis has to stand.",
        _PEOPLE + _STAYS,
        {"stay": {"diagnosis": ["E11"], "positions": ["principal"], "period": PERIOD}},
        "A",
    ),
    Case(
        "The period of a stay",
        "A stay counts on its day of entry, both ends of the period included.",
        _PEOPLE + _STAYS,
        {"stay": {"diagnosis": ["C50"], "period": {"from": "2021-12-31", "to": "2021-12-31"}}},
        "B",
    ),
    Case(
        "A drug",
        "What a later line cancels did not happen (B), and lines sent for information do not count (C).",
        _PEOPLE + _DRUGS,
        _METFORMIN,
        "A",
    ),
    Case(
        "A drug without any filter",
        "Filters can be taken off; the sentence then says which.",
        _PEOPLE + _DRUGS,
        _METFORMIN,
        "A B C",
        (),
    ),
    Case(
        "On several dates",
        "`at_least` counts distinct days.",
        _PEOPLE + _DRUGS,
        {"drug": {"atc": ["A10BA"], "period": PERIOD, "at_least": 2}},
        "A",
        (),
    ),
    Case(
        "An analysis of biology",
        "The code is exact: the NABM has no hierarchy.",
        _PEOPLE
        + """
ER_PRS_F
DCT_ORD_NUM BEN_NIR_PSA EXE_SOI_DTD
1           a           2021-01-10
2           b           2021-01-10

ER_BIO_F
DCT_ORD_NUM BIO_PRS_IDE BIO_ACT_QSN
1           1577        1
2           552         1
""",
        {"biology": {"nabm": ["1577"], "period": PERIOD}},
        "A",
    ),
    Case(
        "A long-term condition",
        "It counts when it covers a day of the period; without an end it goes on. An occupational disease is none.",
        _PEOPLE
        + """
IR_IMB_R
BEN_NIR_PSA IMB_ALD_NUM IMB_ALD_DTD IMB_ALD_DTF IMB_ETM_NAT
a           8           2010-05-04  -           41
b           8           2010-05-04  2020-12-31  41
c           8           2010-05-04  -           12
""",
        {"long_term_condition": {"numbers": [8], "period": PERIOD}},
        "A",
    ),
    Case(
        "Age, sex and region",
        "Age is in completed years, the first day of the month of birth standing for the birthday.",
        _PEOPLE,
        {"all_of": [{"age": {"on": "2021-06-15", "min": 41}}, {"region": ["11", "93"]}]},
        "A B",
    ),
    Case(
        "Not",
        "Everybody of the beneficiary referential is asked.",
        _PEOPLE + _STAYS,
        {"all_of": [{"sex": "female"}, {"not": {"stay": {"diagnosis": ["I10"], "period": PERIOD}}}]},
        "A",
    ),
    Case(
        "Any of",
        "One of the criteria is enough.",
        _PEOPLE + _STAYS,
        {"any_of": [{"sex": "male"}, _DIABETES]},
        "A B C",
    ),
    Case(
        "At least so many",
        "`count` of the criteria at least, from 1 (any of) to their number (all of); none may be listed twice.",
        _PEOPLE + _STAYS,
        {"at_least": {"count": 2, "of": [{"sex": "female"}, {"region": ["11", "93"]}, _DIABETES]}},
        "A C",
    ),
    Case(
        "Index date and window",
        "One criterion gives the index date of each person; others are counted in days from it, both ends included.",
        _PEOPLE + _STAYS + _DRUGS,
        {"all_of": [_INDEX, {"drug": {"atc": ["A10BA"], "period": PERIOD, "within": {"from": -50, "to": -1}}}]},
        "A",
    ),
    Case(
        "Matched controls",
        "Of the same sex and region, born in the same year or a few years apart, alive on the index date of the case, "
        "never of the population; each serves once. D is a man, and E lives in another region.",
        """
IR_BEN_R
BEN_NIR_PSA BEN_NIR_ANO BEN_SEX_COD BEN_NAI_ANN BEN_RES_DPT
a           A           2           1950        075
b           B           2           1951        092
c           C           2           1970        075
d           D           1           1950        075
e           E           2           1950        013
"""
        + _STAYS,
        {"stay": {"diagnosis": ["E11"], "positions": ["principal"], "period": PERIOD, "index": "first"}},
        "A B",
        design={"controls": {"per_case": 2, "birth_year_within": 1}},
    ),
)


_DESIGN = """## What is delivered around the index date

`"design": {"care": {"days_before": 365, "days_after": 730}}` bounds the care of each person, within the period.
`"protection": {"coarsening": {"care_date": "days_from_index"}}` delivers dates as days from it. Like windows,
controls and `at_least`, counting care from the index date is version 2 of the language (`schema_version`); a definition
that needs none of them stays version 1.

How controls are drawn, and in which order: [ADR 0210](adr/0210-an-index-date-and-what-is-counted-from-it.md).
`PATIENTS.parquet` holds, for each person, the `CASE_ID` that it is a control of (its own for a case), and the index
date where dates of care are delivered as dates.
"""


def manual_page() -> str:
    """The manual in Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield from ("# The definition language, by example", NOTE, "")
    yield from ("Every case below is asked of every engine by the tests: the answer shown is the one they give.", "")
    yield from ("Columns that are not shown hold usual values. The schema is in [JSON](definition.schema.json).", "")
    yield from ("Every question that the tests ask, with its answer: [the whole specification](specification.md).", "")
    for case in CASES:
        yield from _case(case)
    yield _DESIGN
    yield from ("## Quality filters", "", "All are applied unless a definition lists those it keeps.", "")
    yield from ("| Filter | Removes |", "|---|---|")
    yield from (f"| `{chosen.value}` | {FILTERS[chosen].removes_en} |" for chosen in Filter)


def _case(case: Case) -> Iterator[str]:
    criterion = read_criterion(case.population, "$.population", Reader())
    yield from (f"## {case.title}", "", case.says, "", "```json", json.dumps(case.population), "```", "")
    if criterion is not None:
        yield from (f"> {sentence(criterion, 'en')}", ">", f"> {sentence(criterion, 'fr')}", "")
    if case.design is not None:
        design = Design.read(case.design, Reader())
        yield from ("With, beside the population:", "", "```json", json.dumps({"design": case.design}), "```", "")
        yield from (f"> {design.sentence('en')}", ">", f"> {design.sentence('fr')}", "")
    if case.filters is not None:
        yield from (f"Filters: {', '.join(case.filters) or 'none'}.", "")
    yield from ("```", *case.tables.strip().splitlines(), "```", "", f"Answer: **{case.answer}**", "")
