"""The referentials: beneficiaries, long-term conditions, deaths, and the nomenclature tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.codelists import CODES, PRODUCTS, label
from apps.extracts.engine.codes import System
from apps.extracts.engine.source import WHOLE

from .draws import Ints, padded, year_months
from .making import BLOCK, Making
from .people import NEVER, Identities, People, planted_case
from .profiles import CONDITIONS, DEATH_CAUSES
from .writing import write_columns, write_table

CASE_NOT_ALD = 5
LISTED, OCCUPATIONAL_DISEASE = 41, 12
PLANTED_CONDITION = ("E119", 8)
SHARE_MATCHED_DEATHS = 0.95


def write_beneficiaries(making: Making, people: People, identities: Identities) -> None:
    """Write IR_BEN_R: one row an identity."""
    person, count = identities.person, len(identities.person)
    has_ano = identities.ano != ""
    own = np.char.add(identities.psa, identities.rank.astype("U1"))
    later = np.arange(count) - identities.first[person]
    death = people.death[person]
    making.write("IR_BEN_R", WHOLE, {
        "BEN_NIR_PSA": identities.psa,
        "BEN_RNG_GEM": identities.rank,
        "BEN_NIR_ANO": identities.ano,
        "BEN_IDT_ANO": np.where(has_ano, identities.ano, own),
        "BEN_IDT_TOP": np.where(has_ano, "1", "0"),
        "BEN_CDI_NIR": np.where(has_ano, "00", "03"),
        "BEN_NAI_ANN": people.birth_year[person],
        "BEN_NAI_MOI": padded(people.birth_month[person], 2),
        "BEN_SEX_COD": np.where(people.female, 2, 1)[person],
        "BEN_RES_DPT": people.department[person],
        "BEN_RES_COM": people.commune[person],
        "BEN_DCD_DTE": death,
        "BEN_DCD_AME": np.where(death == NEVER, "", year_months(death)),
        "ORG_AFF_BEN": np.char.add("01C", people.department[person]),
        "BEN_TOP_CNS": "1",
        "BEN_DTE_INS": np.datetime64("2010-01-01") + later * 900,
        "BEN_DTE_MAJ": np.datetime64("2020-01-01") + later * 90,
    }, count)  # fmt: skip


def write_long_term_conditions(making: Making, people: People, identities: Identities, first_year: int) -> None:
    """Write IR_IMB_R, with occupational diseases that the quality filter must not take for an ALD."""
    draw = making.draw("long term")
    rows = [_condition_rows(draw, people, index) for index in range(len(CONDITIONS))]
    other = planted_case(len(people), CASE_NOT_ALD)
    rows.append((other, PLANTED_CONDITION[0], PLANTED_CONDITION[1], OCCUPATIONAL_DISEASE))
    person = np.concatenate([who for who, *_ in rows])
    sizes = [len(who) for who, *_ in rows]
    identity = identities.pick(draw, person)
    start = np.datetime64(f"{first_year}-01-01") + draw.integers(-3000, 700, len(person))
    end = np.where(draw.random(len(person)) < 0.6, NEVER, start + 1825)
    making.write("IR_IMB_R", WHOLE, {
        "BEN_NIR_PSA": identities.psa[identity],
        "BEN_RNG_GEM": identities.rank[identity],
        "IMB_ALD_DTD": start,
        "IMB_ALD_DTF": end,
        "IMB_ALD_NUM": np.repeat([number for _, _, number, _ in rows], sizes),
        "IMB_ETM_NAT": np.repeat([nature for _, _, _, nature in rows], sizes),
        "MED_MTF_COD": np.repeat([code for _, code, _, _ in rows], sizes),
        "MED_NCL_IDT": "CIM10",
        "INS_DTE": start + 30,
        "UPD_DTE": start + 30,
    }, len(person))  # fmt: skip


def _condition_rows(draw: np.random.Generator, people: People, index: int) -> tuple[Ints, str, int, int]:
    condition = CONDITIONS[index]
    ill = np.flatnonzero(people.conditions[index])
    listed = ill[draw.random(len(ill)) < condition.ald_share]
    return listed, condition.diagnoses[0], condition.ald_number, LISTED


def write_deaths(making: Making, people: People, identities: Identities) -> None:
    """Write KI_CCI_R: one row a death matched with the referential."""
    draw = making.draw("deaths", 1)
    person = np.flatnonzero(people.death != NEVER)
    person = person[draw.random(len(person)) < SHARE_MATCHED_DEATHS]
    identity = identities.first[person]
    ano = identities.ano[identity]
    own = np.char.add(identities.psa[identity], identities.rank[identity].astype("U1"))
    death = people.death[person]
    making.write("KI_CCI_R", WHOLE, {
        "DCD_IDT_ENC": np.char.add("D", padded(person + making.block * BLOCK, 12)),
        "BEN_IDT_ANO": np.where(ano != "", ano, own),
        "BEN_NIR_ANO": ano,
        "DCD_IDT_TOP": 1,
        "FLX_PER_ANN": death.astype("datetime64[Y]").astype(int) + 1970,
        "BEN_DCD_DTE": death,
        "BEN_DCD_AME": year_months(death),
        "DCD_CIM_COD": np.array(DEATH_CAUSES)[draw.integers(0, len(DEATH_CAUSES), len(person))],
        "DCD_LIE_COD": draw.integers(1, 5, len(person)),
        "DCD_DPT_COD": people.department[person],
        "DCD_COM_COD": people.commune[person],
        "BEN_SEX_COD": np.where(people.female, 2, 1)[person],
        "BEN_NAI_ANN": people.birth_year[person],
        "BEN_NAI_MOI": padded(people.birth_month[person], 2),
        "BEN_RES_DPT": people.department[person],
        "BEN_RES_COM": people.commune[person],
        "CER_VER_NUM": 1,
        "TYP_CER_COD": 1,
    }, len(person))  # fmt: skip


def write_nomenclatures(folder: Path) -> None:
    """Write IR_PHA_R, IR_CIM_V, IR_CCAM_V63 and IR_BIO_R from the project's own lists."""
    drugs: dict[str, Any] = {
        "PHA_CIP_C13": np.array([int(product.cip13) for product in PRODUCTS]),
        "PHA_CIP_UCD": np.arange(9_000_000, 9_000_000 + len(PRODUCTS)),
        "PHA_ATC_CLA": np.array([product.atc for product in PRODUCTS]),
        "PHA_ATC_LIB": np.array([label(System.ATC, product.atc, "fr") for product in PRODUCTS]),
        "PHA_ATC_L03": np.array([label(System.ATC, product.atc[:3], "fr") for product in PRODUCTS]),
        "PHA_MED_NOM": np.array([product.name for product in PRODUCTS]),
        "PHA_UPC_NBR": 30,
    }
    write_table(folder, CATALOGUE.tables["IR_PHA_R"], WHOLE, drugs, len(PRODUCTS))
    for name, system, code, text in (
        ("IR_CIM_V", System.ICD10, "CIM_COD", "CIM_LIB"),
        ("IR_CCAM_V63", System.CCAM, "CAM_PRS_IDE_COD", "CAM_PRS_IDE_LIB"),
        ("IR_BIO_R", System.NABM, "BIO_PRS_IDE", "BIO_INF_LIB"),
    ):
        known = CODES[system].values()
        columns = {code: [entry.code for entry in known], text: [entry.label_fr for entry in known]}
        write_columns(folder / name, pa.table(columns))
