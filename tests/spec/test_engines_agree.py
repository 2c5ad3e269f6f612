"""On random tables and random definitions, the engine delivers the rows that the plain-Python oracle delivers."""

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from apps.extracts.engine.catalogue import CATALOGUE, STAY_KEYS
from apps.extracts.engine.criteria import read_criterion
from apps.extracts.engine.filters import Filter
from apps.extracts.engine.protection import LEVELS
from apps.extracts.engine.reading import Reader
from tests.spec.tables import DuckDBAnswers, ReferenceAnswers, Tables, definition_of, read_tables

PSA = some.sampled_from(["p1", "p2", "p3", "p4"])
DAYS = some.one_of(some.none(), some.integers(0, 500).map(lambda days: date(2020, 10, 1) + timedelta(days)))
DIAGNOSES = some.sampled_from(["E11", "E119", "E1", "I10", "", None])
SMALL = some.integers(1, 2)
MONTHS = ("2021-03", "2022-01")
YEARS = ("2021", "2022")
STAY_TABLES = (("T_MCOaaB", STAY_KEYS), ("T_MCOaaC", STAY_KEYS), ("T_MCOaaD", ()), ("T_MCOaaA", ()), ("T_MCOaaUM", ()))
CARE_TABLES = (("ER_PRS_F", ("DCT_ORD_NUM",)), ("ER_PHA_F", ()), ("ER_CAM_F", ()), ("ER_BIO_F", ()), ("ER_ETE_F", ()))

pytestmark = pytest.mark.usefixtures("unmeasured")

ANYTHING: dict[str, some.SearchStrategy[Any]] = {
    "BEN_NIR_PSA": PSA,
    "BEN_RNG_GEM": SMALL,
    "BEN_SEX_COD": some.sampled_from([1, 2, None]),
    "BEN_NAI_ANN": some.sampled_from([1950, 1980, 2021, None]),
    "BEN_NAI_MOI": some.sampled_from(["01", "06", "12", "", None]),
    "BEN_RES_DPT": some.sampled_from(["075", "02A", None]),
    "BEN_DTE_MAJ": DAYS,
    "BEN_DCD_DTE": DAYS,
    "NIR_ANO_17": some.one_of(PSA, some.none()),
    "EXE_SOI_DTD": DAYS,
    "IMB_ALD_DTD": DAYS,
    "IMB_ALD_DTF": DAYS,
    "IMB_ALD_NUM": some.sampled_from([8, 9, None]),
    "IMB_ETM_NAT": some.sampled_from([41, 12, None]),
    "MED_MTF_COD": DIAGNOSES,
    "DGN_PAL": DIAGNOSES,
    "DGN_REL": DIAGNOSES,
    "ASS_DGN": DIAGNOSES,
    "CDC_ACT": some.sampled_from(["DEQP003", "NEKA020", None]),
    "CAM_PRS_IDE": some.sampled_from(["DEQP003", "NEKA020", None]),
    "PHA_PRS_C13": some.sampled_from([1, 2, None]),
    "GRG_GHM": some.sampled_from(["05M04T", "90Z00Z", None]),
    "NIR_RET": some.sampled_from(["0", "1", None]),
    "COH_SEX_RET": some.sampled_from(["0", "1", None]),
    "DPN_QLF": some.sampled_from([0, 71, None]),
    "PRS_DPN_QLP": some.sampled_from([0, 71, None]),
    "CPL_MAJ_TOP": some.sampled_from([0, 1, 2, None]),
    "PHA_ACT_QSN": some.sampled_from([1, -1, 0, None]),
    "PRS_ACT_QTE": some.sampled_from([1.0, -1.0, None]),
    "BIO_PRS_IDE": some.sampled_from([1577, 552, None]),
    "BIO_ACT_QSN": some.sampled_from([1, -1, None]),
    "ETE_IND_TAA": some.sampled_from([0, 1, None]),
    "AUT_TYP1_UM": some.sampled_from(["01A", "13", None]),
    "PFS_EXE_NUM": some.sampled_from(["1", "2", None]),
    "PRS_NAT_REF": SMALL,
}
KEYS = {"ETA_NUM": some.sampled_from(["h1", "h2"]), "RSA_NUM": SMALL, "DCT_ORD_NUM": some.integers(1, 4)}


@some.composite
def rows(draw: some.DrawFn, name: str, unique: tuple[str, ...], at_most: int = 6) -> list[dict[str, Any]]:
    """Rows of a table; ``unique`` columns never repeat together."""
    fields = {**ANYTHING, **KEYS}
    names = [column.name for column in CATALOGUE.tables[name].source_columns if column.name in fields]
    one = some.fixed_dictionaries({column: fields[column] for column in names})
    key = (lambda row: tuple(row[column] for column in unique)) if unique else None
    return draw(some.lists(one, max_size=at_most, unique_by=key))


@some.composite
def tables(draw: some.DrawFn) -> Tables:
    """A small source: people with shared identities, care over two months of flux, stays over two years."""
    found = read_tables("IR_PHA_R\nPHA_CIP_C13 PHA_ATC_CLA\n1 A10BA02\n2 C09AA05")
    people = draw(rows("IR_BEN_R", ("BEN_NIR_PSA", "BEN_RNG_GEM"), 8))
    owner = {psa_rank: draw(some.sampled_from(["A", "B", "C", "", None])) for psa_rank in map(_identity, people)}
    for row in people:
        row["BEN_NIR_ANO"] = owner[_identity(row)]
        row["BEN_IDT_ANO"] = row["BEN_NIR_ANO"] or "".join(map(str, _identity(row)))
    found["IR_BEN_R"]["all"] = _whole("IR_BEN_R", people)
    found["IR_IMB_R"]["all"] = _whole("IR_IMB_R", draw(rows("IR_IMB_R", ())))
    deaths = draw(rows("KI_CCI_R", (), 3))
    for row in deaths:
        row["BEN_IDT_ANO"] = draw(some.sampled_from(["A", "B", "C", "p11", None]))
    found["KI_CCI_R"]["all"] = _whole("KI_CCI_R", deaths)
    for month in MONTHS:
        for name, unique in CARE_TABLES:
            flux = {"FLX_DIS_DTD": date.fromisoformat(f"{month}-01")}
            found[name][month] = _whole(name, draw(rows(name, unique)), flux)
    for year in YEARS:
        for name, unique in STAY_TABLES:
            found[name][year] = _whole(name, draw(rows(name, unique, 4)))
    return found


def _identity(row: dict[str, Any]) -> tuple[str, int]:
    return (row["BEN_NIR_PSA"], row["BEN_RNG_GEM"])


def _whole(name: str, drawn: list[dict[str, Any]], usual: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows with every column of the table; the parts of the nine keys that do not vary are the same everywhere."""
    constant = {
        "FLX_TRT_DTD": date(2021, 1, 1),
        "FLX_EMT_TYP": 1,
        "FLX_EMT_NUM": 1,
        "FLX_EMT_ORD": 1,
        "ORG_CLE_NUM": "o",
        "PRS_ORD_NUM": 1,
        "REM_TYP_AFF": 0,
        **(usual or {}),
    }
    columns = [column.name for column in CATALOGUE.tables[name].source_columns]
    return [{column: row.get(column, constant.get(column)) for column in columns} for row in drawn]


PERIODS = some.sampled_from(
    [
        {"from": "2021-01-01", "to": "2021-12-31"},
        {"from": "2020-10-01", "to": "2021-03-15"},
        {"from": "2021-11-01", "to": "2022-02-28"},
    ]
)
AT_LEAST = some.integers(1, 3)
POSITIONS = some.lists(some.sampled_from(["principal", "related", "associated"]), min_size=1, max_size=3)
PLACES = some.lists(some.sampled_from(["stay", "community"]), min_size=1, max_size=2)
CODES = some.lists(some.sampled_from(["E11", "E1", "I10", "E119"]), min_size=1, max_size=2)
LEAVES = some.one_of(
    some.fixed_dictionaries(
        {"diagnosis": CODES, "positions": POSITIONS, "period": PERIODS, "at_least": AT_LEAST},
        optional={"medical_units": some.just(["01"])},
    ).map(lambda value: {"stay": value}),
    some.fixed_dictionaries({"nabm": some.just(["1577"]), "period": PERIODS, "at_least": AT_LEAST}).map(
        lambda value: {"biology": value}
    ),
    some.fixed_dictionaries({"diagnosis": CODES, "period": PERIODS}, optional={"numbers": some.just([8])}).map(
        lambda value: {"long_term_condition": value}
    ),
    some.fixed_dictionaries({"atc": some.just(["A10"]), "period": PERIODS, "at_least": AT_LEAST}).map(
        lambda value: {"drug": value}
    ),
    some.fixed_dictionaries(
        {"ccam": some.just(["DEQP003"]), "places": PLACES, "period": PERIODS, "at_least": AT_LEAST}
    ).map(lambda value: {"act": value}),
    some.sampled_from(
        [{"sex": "male"}, {"sex": "female"}, {"region": ["11"]}, {"age": {"on": "2021-06-15", "min": 20}}]
    ),
)


def _meaning(criterion: dict[str, Any]) -> object:
    """A criterion as the engine reads it: none is listed twice in an ``at_least``, however it is written."""
    return read_criterion(criterion, "$.population", Reader())


@some.composite
def counted(draw: some.DrawFn, several: some.SearchStrategy[list[dict[str, Any]]]) -> dict[str, Any]:
    """At least so many of several criteria, from one to all of them."""
    of = draw(several)
    return {"at_least": {"count": draw(some.integers(1, len(of))), "of": of}}


POPULATIONS = some.recursive(
    LEAVES,
    lambda below: some.one_of(
        counted(some.lists(below, min_size=1, max_size=4, unique_by=_meaning)),
        some.lists(below, min_size=1, max_size=3).map(lambda several: {"all_of": several}),
        some.lists(below, min_size=1, max_size=3).map(lambda several: {"any_of": several}),
        below.map(lambda one: {"not": one}),
    ),
    max_leaves=5,
)
EVERYTHING = {
    "IR_BEN_R": ["BEN_SEX_COD"],
    "IR_IMB_R": ["IMB_ALD_NUM"],
    "ER_PRS_F": ["EXE_SOI_DTD", "PFS_EXE_ID"],
    "ER_PHA_F": ["PHA_PRS_C13"],
    "ER_CAM_F": ["CAM_PRS_IDE"],
    "T_MCOaaB": ["DGN_PAL", "ETA_ID"],
    "T_MCOaaC": ["EXE_SOI_DTD"],
    "T_MCOaaD": ["ASS_DGN"],
    "T_MCOaaA": ["CDC_ACT"],
    "T_MCOaaUM": ["UM_ORD_NUM", "AUT_TYP1_UM"],
    "ER_BIO_F": ["BIO_PRS_IDE"],
    "ER_ETE_F": ["ETE_IND_TAA", "ETB_EXE_ID"],
    "KI_CCI_R": ["BEN_DCD_DTE"],
    "IR_PHA_R": ["PHA_CIP_C13"],
}
COARSENINGS = some.fixed_dictionaries(
    {}, optional={family.value: some.sampled_from([one.value for one in levels]) for family, levels in LEVELS.items()}
)
PROTECTIONS = some.fixed_dictionaries(
    {},
    optional={"sample_one_in": some.just(2), "date_shift_days": some.just(50), "coarsening": COARSENINGS},
)
EVENTS = ("stay", "drug", "act", "biology", "long_term_condition")
WINDOWS = some.sampled_from([{"from": -400, "to": 0}, {"from": -30, "to": 200}, {"from": 1, "to": 400}])
DESIGNS = some.fixed_dictionaries(
    {},
    optional={
        "care": some.sampled_from([{"days_before": 30, "days_after": 0}, {"days_before": 100, "days_after": 300}]),
        "controls": some.fixed_dictionaries(
            {"per_case": some.integers(1, 2)},
            optional={"birth_year_within": some.integers(0, 5), "among": LEAVES},
        ),
    },
)


@some.composite
def studies(draw: some.DrawFn) -> dict[str, Any]:
    """A population with what protects it and what surrounds it; days are counted when some criterion gives a date."""
    population, protection = draw(POPULATIONS), draw(PROTECTIONS)
    if not draw(some.booleans()):
        exact = {family: level for family, level in protection.get("coarsening", {}).items() if "index" not in level}
        return {"population": population, "protection": {**protection, "coarsening": exact}, "design": {}}
    first = draw(LEAVES.filter(lambda leaf: next(iter(leaf)) in EVENTS))
    ((tag, value),) = first.items()
    index = {tag: {**value, "index": draw(some.sampled_from(["first", "last"]))}}
    windowed = _windowed(draw, population)
    groups = [{"all_of": [index, windowed]}, {"any_of": [windowed, index]}, draw(counted(some.just([index, windowed])))]
    whole = draw(some.sampled_from([*groups, index]))
    return {"population": whole, "protection": protection, "design": draw(DESIGNS)}


def _windowed(draw: some.DrawFn, tree: dict[str, Any]) -> dict[str, Any]:
    """The tree with windows on some of its criteria."""
    ((tag, below),) = tree.items()
    if tag in ("all_of", "any_of"):
        return {tag: [_windowed(draw, child) for child in below]}
    if tag == "at_least":
        return {tag: {**below, "of": [_windowed(draw, child) for child in below["of"]]}}
    if tag == "not":
        return {tag: _windowed(draw, below)}
    if tag in EVENTS and draw(some.booleans()):
        return {tag: {**below, "within": draw(WINDOWS)}}
    return tree


FILTERS = some.lists(some.sampled_from([chosen.value for chosen in Filter]), unique=True)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(source=tables(), study=studies(), period=PERIODS, filters=FILTERS)
@example(source=read_tables("IR_BEN_R\nBEN_NIR_PSA"), study={"population": {"not": {"sex": "male"}}}, period={"from": "2021-01-01", "to": "2021-12-31"}, filters=[])  # fmt: skip  # noqa: E501
def test_the_engine_and_the_oracle_deliver_the_same_rows(
    source: Tables, study: dict[str, Any], period: dict[str, str], filters: list[str]
) -> None:
    definition = definition_of(tables=EVERYTHING, period=period, filters=filters, **study)
    expected = ReferenceAnswers(source, Path()).delivered(definition)
    with tempfile.TemporaryDirectory() as folder:
        assert DuckDBAnswers(source, Path(folder)).delivered(definition) == expected
