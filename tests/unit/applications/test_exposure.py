"""How exposed people would be by what is asked for: families, what is commonly known, the level."""

import pytest

from apps.applications import exposure
from apps.applications.exposure import Level
from apps.extracts.engine.catalogue import CATALOGUE, Family
from apps.extracts.engine.protection import Level as Precision

PLAIN = {"IR_BEN_R": ["BEN_SEX_COD"]}
BIRTH = {"IR_BEN_R": ["BEN_SEX_COD", "BEN_NAI_MOI"]}
MANY = {"IR_BEN_R": ["BEN_NAI_MOI", "BEN_RES_COM", "BEN_DCD_DTE"]}
KNOWN = {"IR_BEN_R": ["BEN_SEX_COD", "BEN_RES_DPT"], "ER_PRS_F": ["BEN_AMA_COD", "EXE_SOI_AMD"]}
DATED = {"IR_BEN_R": ["BEN_SEX_COD"], "ER_PRS_F": ["EXE_SOI_DTD"]}
MANY_DATED = {"IR_BEN_R": ["BEN_NAI_MOI", "BEN_RES_COM"], "ER_PRS_F": ["EXE_SOI_DTD"]}
AS_IT_IS: exposure.Coarser = {}


def test_each_family_is_told_with_what_is_asked_for_of_it() -> None:
    found = {one.family: one.columns for one in exposure.families_asked(MANY, AS_IT_IS)}
    assert found == {
        Family.BIRTH: ("IR_BEN_R.BEN_NAI_MOI",),
        Family.COMMUNE: ("IR_BEN_R.BEN_RES_COM",),
        Family.CARE_DATE: (),
        Family.DEATH_DATE: ("IR_BEN_R.BEN_DCD_DTE",),
        Family.DEATH_COMMUNE: (),
    }
    assert all(not one.columns for one in exposure.families_asked({"GONE": ["COLUMN"], **PLAIN}, AS_IT_IS))


@pytest.mark.parametrize(
    ("scope", "linked", "level"),
    [
        (PLAIN, False, Level.LOW),
        (PLAIN, True, Level.MODERATE),
        (BIRTH, False, Level.MODERATE),
        (BIRTH, True, Level.HIGH),
        (MANY, False, Level.HIGH),
        (KNOWN, False, Level.MODERATE),
        ({}, False, Level.LOW),
    ],
)
def test_the_level_follows_families_linkage_and_what_is_known(
    scope: dict[str, list[str]], linked: bool, level: Level
) -> None:
    assert exposure.level(scope, linked=linked, coarser=AS_IT_IS) is level


@pytest.mark.parametrize("to", [Precision.MONTH, Precision.YEAR, Precision.DAYS_FROM_INDEX])
@pytest.mark.parametrize(
    ("scope", "linked", "exact", "coarse"),
    [
        (DATED, False, Level.MODERATE, Level.MODERATE),
        (DATED, True, Level.HIGH, Level.MODERATE),
        (MANY_DATED, False, Level.HIGH, Level.MODERATE),
        (MANY_DATED, True, Level.HIGH, Level.HIGH),
        (PLAIN, False, Level.LOW, Level.LOW),
    ],
)
def test_dates_that_are_made_coarser_do_not_count_as_exact(
    scope: dict[str, list[str]], linked: bool, exact: Level, coarse: Level, to: Precision
) -> None:
    assert exposure.level(scope, linked=linked, coarser=AS_IT_IS) is exact
    assert exposure.level(scope, linked=linked, coarser={Family.CARE_DATE: to}) is coarse


def test_a_family_tells_how_coarse_it_is_and_is_exact_only_as_the_source_holds_it() -> None:
    dates = {
        one.family: (one.columns, one.coarser, one.is_exact)
        for one in exposure.families_asked(MANY_DATED, {Family.CARE_DATE: Precision.MONTH})
    }
    assert dates[Family.CARE_DATE] == (("ER_PRS_F.EXE_SOI_DTD",), Precision.MONTH, False)
    assert dates[Family.BIRTH] == (("IR_BEN_R.BEN_NAI_MOI",), None, True)
    assert dates[Family.DEATH_DATE] == ((), None, False)


def test_what_is_commonly_known_counts_only_where_it_is_about_people() -> None:
    assert exposure.known_of_one(KNOWN) == 4
    assert exposure.known_of_one({"GONE": ["BEN_SEX_COD"]}) == 0


def test_a_scope_is_told_against_the_catalogue() -> None:
    found = exposure.share({**PLAIN, "GONE": ["COLUMN"]})
    assert (found.tables, found.columns, found.datasets) == (2, 2, ("beneficiaries",))
    assert found.tables_offered == len(CATALOGUE.tables)
    assert found.columns_offered == len(CATALOGUE.tables["IR_BEN_R"].deliverable)


@pytest.mark.parametrize(
    ("table", "months", "parts"),
    [("IR_BEN_R", 24, 1), ("T_MCOaaB", 24, 2), ("T_MCOaaB", 25, 3), ("ER_PRS_F", 24, 30), ("ER_PRS_F", 0, 0)],
)
def test_the_parts_of_the_source_that_are_read(table: str, months: int, parts: int) -> None:
    assert exposure.parts_read([table, "GONE"], months) == parts
