"""The catalogue, the code lists, and the check of a definition against both."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS, FAMILY_TITLES, SURROGATE_TITLES, Family, Link, Type
from apps.extracts.engine.check import check
from apps.extracts.engine.codelists import CODES, PRODUCTS, invented_cip13, label
from apps.extracts.engine.codes import System, well_written
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.filters import FILTERS, Filter
from apps.extracts.engine.geography import REGIONS, departments_of
from apps.extracts.engine.nomenclature import SOURCE_TABLES, builtin_nomenclature, load_nomenclature
from apps.extracts.engine.problems import SourceError
from apps.extracts.engine.synthetic.profiles import DEPARTMENT_WEIGHTS
from tests.unit.engine.conftest import DIABETES
from tests.unit.engine.test_definition import changed

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "snds"
TYPES = {
    "string": {Type.STRING},
    "integer": {Type.INTEGER, Type.STRING},
    "number": {Type.NUMBER},
    "date": {Type.DATE, Type.STRING},
    "datetime": {Type.DATE},
    "year": {Type.INTEGER},
    "yearmonth": {Type.STRING},
    "boolean": {Type.STRING, Type.INTEGER},
}
"""Types of the reference schema and those that may hold them here: it types one key in two ways from table to table."""


def reference(name: str) -> Any:
    """A file of the reference data, when it stands beside the project."""
    file = REFERENCE / name
    if not file.is_file():
        pytest.skip("the SNDS reference data is not beside the project")
    return json.loads(file.read_text())


@pytest.mark.reference
@pytest.mark.parametrize("name", [name for name in CATALOGUE.tables if name != "IR_PHA_R"])
def test_names_and_types_are_those_of_the_snds(name: str) -> None:
    known = {
        column["name"]: column["type"] for column in reference("snds_schema_central.json")["tables"][name]["columns"]
    }
    for column in CATALOGUE.tables[name].source_columns:
        assert column.name in known, f"{name}.{column.name} does not exist"
        wrong = {"RSA_NUM", "SEJ_NUM"}
        assert column.type in TYPES[known[column.name]] or column.name in wrong, f"{name}.{column.name}"


@pytest.mark.reference
def test_potential_identifiers_are_marked() -> None:
    names = {
        "birth_year_month": Family.BIRTH,
        "residence_commune": Family.COMMUNE,
        "care_date": Family.CARE_DATE,
        "death_date": Family.DEATH_DATE,
        "death_commune": Family.DEATH_COMMUNE,
    }
    for family, columns in reference("snds_potential_identifiers.json")["families"].items():
        for full in columns:
            table, _, name = full.partition(".")
            known = CATALOGUE.table(table)
            if known is not None and (column := known.column(name)) is not None:
                assert column.family is names[family], full


@pytest.mark.reference
def test_codes_exist_and_departments_too() -> None:
    icd10, ccam = (reference(f"snds_codes_{name}.json")["codes"] for name in ("cim10", "ccam"))
    assert set(CODES[System.ICD10]) <= set(icd10)
    assert set(CODES[System.CCAM]) <= set(ccam)
    departments = reference("snds_nomenclatures_small.json")["nomenclatures"]["IR_DPT_V"]["codes"]
    assert {code for region in REGIONS.values() for code in region.departments} <= set(departments)


@pytest.mark.parametrize("table", CATALOGUE.tables.values(), ids=lambda table: table.name)
def test_every_table_and_column_is_described_in_both_languages(table: Any) -> None:
    assert table.title("fr")
    assert table.title("en")
    assert all(column.title("fr") and column.title("en") for column in table.columns)
    assert len({column.name for column in table.columns}) == len(table.columns)


def test_no_identifier_is_deliverable() -> None:
    people = {"BEN_NIR_PSA", "BEN_RNG_GEM", "BEN_NIR_ANO", "BEN_IDT_ANO", "ASS_NIR_ANO", "NIR_ANO_17", "NIR_ANO_MAM"}
    others = {
        "ETA_NUM",
        "RSA_NUM",
        "SEJ_NUM",
        "PFS_EXE_NUM",
        "PFS_PRE_NUM",
        "PRS_MTT_NUM",
        "ETB_PRE_FIN",
        "DCD_IDT_ENC",
    }
    deliverable = {column.name for table in CATALOGUE.tables.values() for column in table.deliverable}
    assert not (people | others | set(CLAIM_KEYS)) & deliverable


def test_what_a_filter_reads_exists() -> None:
    for chosen in Filter:
        for full in FILTERS[chosen].columns:
            table, _, name = full.partition(".")
            assert CATALOGUE.tables[table].column(name), full
        assert FILTERS[chosen].removes("fr") != FILTERS[chosen].removes("en")


def test_every_dataset_has_tables_and_every_family_and_surrogate_a_title() -> None:
    assert all(CATALOGUE.datasets().values())
    assert sum(len(tables) for tables in CATALOGUE.datasets().values()) == len(CATALOGUE.tables)
    assert set(FAMILY_TITLES) == set(Family)
    given = {
        name for link in Link for table in CATALOGUE.tables.values() if table.link is link for name in table.surrogates
    }
    assert given == set(SURROGATE_TITLES)


def test_the_builtin_codes_are_well_written_and_unique() -> None:
    for system, codes in CODES.items():
        assert all(well_written(system, code) for code in codes)
    assert len({product.cip13 for product in PRODUCTS}) == len(PRODUCTS)


def test_an_invented_product_has_the_check_digit_of_an_ean13() -> None:
    digits = [int(digit) for digit in invented_cip13(1)]
    assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def test_a_label_is_given_for_known_codes_only() -> None:
    assert label(System.ATC, "A10", "fr") == "médicaments du diabète"
    assert label(System.ATC, "A10", "en") == "drugs used in diabetes"
    assert label(System.ICD10, "Q99", "en") == ""


def test_regions_share_no_department_and_cover_the_synthetic_ones() -> None:
    every = [code for region in REGIONS.values() for code in region.departments]
    assert len(every) == len(set(every))
    assert {entry.partition(":")[0] for entry in DEPARTMENT_WEIGHTS.split()} <= set(every)
    assert departments_of(("94", "06")) == ("020", "02A", "02B", "201", "202", "209", "976")
    assert REGIONS["28"].name("en") == "Normandy"


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        (System.ICD10, "E10", ("E10", "E101", "E109")),
        (System.ICD10, "E109", ("E109",)),
        (System.ICD10, "Q", ()),
        (System.CIP13, PRODUCTS[0].cip13, (PRODUCTS[0].cip13,)),
        (System.CIP13, "9999999999999", ()),
        (System.CIP13, "0000000000000", ()),
    ],
)
def test_a_code_designates_itself_and_what_it_begins(system: System, code: str, found: tuple[str, ...]) -> None:
    assert builtin_nomenclature().matching(system, code) == found


def test_the_source_and_the_project_agree_on_every_code(source: Path) -> None:
    loaded, builtin = load_nomenclature(source), builtin_nomenclature()
    for system in System:
        unknown = [code for code in builtin.codes[system] if not loaded.matching(system, code)]
        assert not unknown, "a definition accepted while it is drafted would be refused when it runs"


def test_a_nomenclature_that_is_missing_or_unreadable_is_named(source: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="IR_CIM_V"):
        load_nomenclature(tmp_path)
    for table, _ in SOURCE_TABLES.values():
        (tmp_path / table).mkdir(exist_ok=True)
        (tmp_path / table / "part-0.parquet").write_bytes((source / table / "part-0.parquet").read_bytes())
    load_nomenclature(tmp_path)
    (tmp_path / "IR_CCAM_V63" / "part-0.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SourceError, match=r"IR_CCAM_V63/part-0\.parquet"):
        load_nomenclature(tmp_path)
    (tmp_path / "IR_CCAM_V63" / "part-0.parquet").write_bytes((source / "IR_CIM_V" / "part-0.parquet").read_bytes())
    with pytest.raises(SourceError, match=r"IR_CCAM_V63/part-0\.parquet"):
        load_nomenclature(tmp_path)


def checked(written: dict[str, Any]) -> list[tuple[str, str]]:
    definition = Definition.from_json(written)
    return [(problem.path, problem.code) for problem in check(definition, CATALOGUE, builtin_nomenclature())]


def test_a_meaningful_definition_has_no_problem() -> None:
    assert checked(DIABETES) == []


@pytest.mark.parametrize(
    ("population", "where"),
    [
        ({"stay": {"diagnosis": ["Q99"], "period": DIABETES["scope"]["period"]}}, "$.population.stay.diagnosis"),  # type: ignore[index]
        ({"not": {"drug": {"atc": ["Z"], "period": DIABETES["scope"]["period"]}}}, "$.population.not.drug.atc"),  # type: ignore[index]
        ({"act": {"ccam": ["ZZZZ"], "period": DIABETES["scope"]["period"]}}, "$.population.act.ccam"),  # type: ignore[index]
        ({"biology": {"nabm": ["9999"], "period": DIABETES["scope"]["period"]}}, "$.population.biology.nabm"),  # type: ignore[index]
    ],
)
def test_a_code_that_matches_nothing_is_named(population: Any, where: str) -> None:
    assert checked(changed("population", population)) == [(where, "unknown_code")]


def test_unknown_tables_and_columns_and_identifiers_are_named() -> None:
    tables = {"IR_BEN_R": ["BEN_NIR_PSA", "NOPE", "BEN_SEX_COD"], "NOPE": ["A"], "ER_PRS_F": ["PFS_EXE_ID"]}
    assert checked(changed("scope.tables", tables)) == [
        ("$.scope.tables.IR_BEN_R", "direct_identifier"),
        ("$.scope.tables.IR_BEN_R", "unknown_column"),
        ("$.scope.tables.NOPE", "unknown_table"),
    ]
