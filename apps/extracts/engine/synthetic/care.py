"""Reimbursed care (DCIR): lines drawn month of care by month of care, written month of flux by month of flux."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.codelists import PRODUCTS

from .draws import Days, Ints, days_in_month, generator, padded, year_months
from .people import Identities, People, planted_case
from .profiles import CONDITIONS, ORDINARY_ACTS, ORDINARY_DRUGS
from .writing import write_table

GENERAL, SPECIALIST, BIOLOGY, NURSING, PHYSIO, ACT, PHARMACY = 1111, 1112, 3211, 3112, 3125, 1352, 3313
ORDINARY_NATURES = (GENERAL, SPECIALIST, BIOLOGY, NURSING, PHYSIO, ACT, PHARMACY)
ORDINARY_SHARES = (0.22, 0.13, 0.15, 0.12, 0.07, 0.09, 0.22)
LAG_SHARES = (0.55, 0.25, 0.10, 0.05, 0.03, 0.02)
"""Share of care that reaches the flux 1, 2 … 6 months after its month."""

SHARE_INFORMATION, SHARE_INFORMATION_SENT, SHARE_SUPPLEMENT = 0.02, 0.015, 0.02
INFORMATION, SUPPLEMENT = 71, 2
PLANTED_DRUG = "A10BA02"
CASE_INFORMATION, CASE_INFORMATION_SENT, CASE_SUPPLEMENT = 0, 1, 2
REFILL = 0.8
NOTHING = -1

_PRODUCT_OF = {product.atc: index for index, product in enumerate(PRODUCTS) if index % 2 == 0}
_CIP13 = np.array([int(product.cip13) for product in PRODUCTS])
_ACTS = pa.array(ORDINARY_ACTS)


@dataclass(frozen=True, slots=True)
class Lines:
    """Care lines, one entry each; ``product`` and ``act`` are indices or ``NOTHING``."""

    person: Ints
    day: Days
    nature: Ints
    product: Ints
    act: Ints
    qualifier: Ints
    qualifier_sent: Ints
    supplement: Ints

    def __len__(self) -> int:
        return len(self.person)

    def keep(self, which: Any) -> "Lines":
        """The lines that a mask or an order designates."""
        return Lines(*(getattr(self, field.name)[which] for field in fields(self)))


def _together(parts: list[Lines]) -> Lines:
    return Lines(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Lines)))


def write_care(
    folder: Path, seed: int, people: People, identities: Identities, first_year: int, last_year: int
) -> None:
    """Write ER_PRS_F, ER_PHA_F and ER_CAM_F for care of these years: the flux runs six months after the last."""
    waiting: dict[np.datetime64, list[Lines]] = {}
    start, end = np.datetime64(f"{first_year}-01"), np.datetime64(f"{last_year}-12")
    columns = _Columns(people, identities)
    for month in np.arange(start, end + len(LAG_SHARES) + 1):
        if month <= end:
            for flux, lines in _month_of_care(seed, people, month):
                waiting.setdefault(flux, []).append(lines)
        if arrived := waiting.pop(month, None):
            _write_flux(folder, seed, month, _together(arrived), columns)


def _month_of_care(seed: int, people: People, month: np.datetime64) -> Iterator[tuple[np.datetime64, Lines]]:
    draw = generator(seed, "care", int(month.astype(int)))
    drawn = [_ordinary(draw, people, month), *_chronic(draw, people, month), *_planted(draw, people, month)]
    lines = _together(drawn)
    lines = lines.keep(lines.day < people.death[lines.person])
    lag = draw.choice(len(LAG_SHARES), size=len(lines), p=LAG_SHARES) + 1
    for months in range(1, len(LAG_SHARES) + 1):
        yield month + months, lines.keep(lag == months)


def _ordinary(draw: np.random.Generator, people: People, month: np.datetime64) -> Lines:
    ages = people.ages(int(str(month)[:4]))
    rate = 0.45 + 0.016 * np.clip(ages, 0, 95) + 0.35 * people.conditions.sum(axis=0)
    person = np.repeat(np.arange(len(people)), draw.poisson(rate))
    nature = np.array(ORDINARY_NATURES)[draw.choice(len(ORDINARY_NATURES), size=len(person), p=ORDINARY_SHARES)]
    drugs = np.array([_PRODUCT_OF[atc] for atc in ORDINARY_DRUGS])[draw.integers(0, len(ORDINARY_DRUGS), len(person))]
    product = np.where(nature == PHARMACY, drugs + draw.integers(0, 2, len(person)), NOTHING)
    act = np.where(nature == ACT, draw.integers(0, len(ORDINARY_ACTS), len(person)), NOTHING)
    return _dated(draw, month, person, nature, product, act)


def _dated(
    draw: np.random.Generator, month: np.datetime64, person: Ints, nature: Ints, product: Ints, act: Ints
) -> Lines:
    count = len(person)
    return Lines(
        person,
        days_in_month(draw, month, count),
        nature,
        product,
        act,
        np.where(draw.random(count) < SHARE_INFORMATION, INFORMATION, 0),
        np.where(draw.random(count) < SHARE_INFORMATION_SENT, INFORMATION, 0),
        np.where(draw.random(count) < SHARE_SUPPLEMENT, SUPPLEMENT, draw.integers(0, 2, count)),
    )


def _chronic(draw: np.random.Generator, people: People, month: np.datetime64) -> Iterator[Lines]:
    for index, condition in enumerate(CONDITIONS):
        person = np.flatnonzero(people.treated[index])
        person = person[draw.random(len(person)) < REFILL]
        drugs = np.array([_PRODUCT_OF[atc] for atc in condition.drugs])
        product = drugs[person % len(drugs)] + person // 7 % 2
        yield _dated(draw, month, person, np.full(len(person), PHARMACY), product, np.full(len(person), NOTHING))


def _planted(draw: np.random.Generator, people: People, month: np.datetime64) -> Iterator[Lines]:
    for case in (CASE_INFORMATION, CASE_INFORMATION_SENT, CASE_SUPPLEMENT):
        person = planted_case(len(people), case)
        count = len(person)
        yield Lines(
            person,
            days_in_month(draw, month, count),
            np.full(count, PHARMACY),
            np.full(count, _PRODUCT_OF[PLANTED_DRUG]),
            np.full(count, NOTHING),
            np.full(count, INFORMATION if case == CASE_INFORMATION else 0),
            np.full(count, INFORMATION if case == CASE_INFORMATION_SENT else 0),
            np.full(count, SUPPLEMENT if case == CASE_SUPPLEMENT else 0),
        )


class _Columns:
    """Columns that only depend on the person or the identity, made once and taken by index."""

    def __init__(self, people: People, identities: Identities) -> None:
        self.people = people
        self.identities = identities
        self.psa = pa.array(identities.psa)
        self.department = pa.array(people.department)
        self.commune = pa.array(people.commune)
        funds = np.char.add(np.char.add("01C", np.char.str_len(people.department).astype("U1")), people.department)
        self.fund = pa.array(np.char.add(funds, "10"))


def _write_flux(folder: Path, seed: int, month: np.datetime64, lines: Lines, made: _Columns) -> None:
    draw = generator(seed, "drugs", int(month.astype(int)))
    lines = lines.keep(np.lexsort((lines.nature, lines.day, lines.person)))
    keys = _claim_keys(draw, month, lines, made)
    partition = str(month)
    care = {**keys, **_who(draw, lines, made), **_what(draw, lines)}
    write_table(folder, CATALOGUE.tables["ER_PRS_F"], partition, care, len(lines))
    drugs = np.flatnonzero(lines.product != NOTHING)
    write_table(folder, CATALOGUE.tables["ER_PHA_F"], partition, {
        **{name: values.take(drugs) for name, values in keys.items()},
        "PHA_ORD_NUM": 1,
        "PHA_PRS_C13": _CIP13[lines.product[drugs]],
        "PHA_PRS_IDE": _CIP13[lines.product[drugs]] // 10 % 10_000_000,
        "PHA_ACT_QSN": draw.integers(1, 4, len(drugs)),
        "PHA_ACT_PRU": np.round(draw.gamma(2, 6, len(drugs)), 2),
        "PHA_DEC_TOP": "0",
        "PHA_DEC_QSU": 0,
        "PHA_SUB_MTF": 0,
        "PHA_SEQ_RNV": draw.integers(0, 6, len(drugs)),
    }, len(drugs))  # fmt: skip
    acts = np.flatnonzero(lines.act != NOTHING)
    write_table(folder, CATALOGUE.tables["ER_CAM_F"], partition, {
        **{name: values.take(acts) for name, values in keys.items()},
        "CAM_ORD_NUM": 1,
        "CAM_PRS_IDE": _ACTS.take(pa.array(lines.act[acts])),
        "CAM_ACT_COD": "1",
        "CAM_TRT_PHA": 0,
        "CAM_ACT_PRU": np.round(draw.gamma(2, 20, len(acts)), 2),
        "CAM_REM_BSE": np.round(draw.gamma(2, 20, len(acts)), 2),
        "CAM_ASS_COD": "1",
        "CAM_GRI_TAR": "T01",
    }, len(acts))  # fmt: skip


def _claim_keys(draw: np.random.Generator, month: np.datetime64, lines: Lines, made: _Columns) -> dict[str, Any]:
    """The nine keys: one statement for each person and day, its lines numbered from 1."""
    count = len(lines)
    starts = np.ones(count, dtype=bool)
    starts[1:] = (lines.person[1:] != lines.person[:-1]) | (lines.day[1:] != lines.day[:-1])
    statement = np.cumsum(starts)
    first = np.flatnonzero(starts)
    treated = days_in_month(draw, month - 1, len(first))
    sender = draw.integers(1, 9, size=len(first))
    return {
        "DCT_ORD_NUM": pa.array(statement),
        "FLX_DIS_DTD": pa.array(np.full(count, month.astype("datetime64[D]"))),
        "FLX_TRT_DTD": pa.array(treated[statement - 1]),
        "FLX_EMT_TYP": pa.array(np.full(count, 1)),
        "FLX_EMT_NUM": pa.array(sender[statement - 1]),
        "FLX_EMT_ORD": pa.array(statement % 50 + 1),
        "ORG_CLE_NUM": made.fund.take(pa.array(lines.person)),
        "PRS_ORD_NUM": pa.array(np.arange(count) - first[statement - 1] + 1),
        "REM_TYP_AFF": pa.array(np.zeros(count, dtype=np.int64)),
    }


def _who(draw: np.random.Generator, lines: Lines, made: _Columns) -> dict[str, Any]:
    people, person = made.people, pa.array(lines.person)
    identity = made.identities.pick(draw, lines.person)
    return {
        "BEN_NIR_PSA": made.psa.take(pa.array(identity)),
        "BEN_RNG_GEM": made.identities.rank[identity],
        "BEN_SEX_COD": np.where(people.female, 2, 1)[lines.person],
        "BEN_NAI_ANN": people.birth_year[lines.person],
        "BEN_AMA_COD": np.maximum(
            lines.day.astype("datetime64[Y]").astype(int) + 1970 - people.birth_year[lines.person], 0
        ),
        "BEN_RES_DPT": made.department.take(person),
        "BEN_RES_COM": made.commune.take(person),
        "BEN_CDI_NIR": "00",
        "BEN_CMU_TOP": (lines.person % 9 == 0).astype(np.int64),
        "RGM_COD": 100,
        "RGM_GRG_COD": 1,
        "ORG_CLE_NEW": made.fund.take(person),
    }


def _what(draw: np.random.Generator, lines: Lines) -> dict[str, Any]:
    count = len(lines)
    paid = np.round(draw.gamma(2, 14, count), 2)
    months = year_months(lines.day)
    professionals = pa.array(padded(np.arange(400) * 7919 % 99_999_999, 9))
    return {
        "EXE_SOI_DTD": lines.day,
        "EXE_SOI_DTF": lines.day,
        "EXE_SOI_AMD": months,
        "EXE_SOI_AMF": months,
        "PRE_PRE_DTD": lines.day,
        "PRE_PRE_AMD": months,
        "PRS_NAT_REF": lines.nature,
        "BSE_PRS_NAT": lines.nature,
        "PRS_ACT_QTE": np.ones(count),
        "PRS_ACT_NBR": np.ones(count),
        "PRS_ACT_CFT": np.ones(count),
        "PRS_PAI_MNT": paid,
        "BSE_REM_BSE": paid,
        "BSE_REM_MNT": np.round(paid * 0.65, 2),
        "PRS_DEP_MNT": np.zeros(count),
        "RGO_REM_TAU": np.full(count, 65.0),
        "DPN_QLF": lines.qualifier,
        "PRS_DPN_QLP": lines.qualifier_sent,
        "CPL_MAJ_TOP": lines.supplement,
        "EXO_MTF": 0,
        "RGO_ASU_NAT": 10,
        "PSE_SPE_COD": np.where(lines.nature == SPECIALIST, draw.integers(2, 20, count), 1),
        "PSE_ACT_NAT": 0,
        "PSP_SPE_COD": 1,
        "PSP_ACT_NAT": 0,
        "PFS_EXE_NUM": professionals.take(pa.array(draw.integers(0, 400, count))),
        "PFS_PRE_NUM": professionals.take(pa.array(draw.integers(0, 400, count))),
        "PRS_MTT_NUM": professionals.take(pa.array(lines.person % 400)),
    }
