"""Reimbursed care (DCIR): lines drawn month of care by month of care, written month of flux by month of flux."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from apps.extracts.engine.codelists import CODES, PRODUCTS
from apps.extracts.engine.codes import System

from .draws import Days, Ints, days_in_month, padded, year_months
from .making import Making
from .people import Identities, People, planted_case
from .profiles import CONDITIONS, ORDINARY_ACTS, ORDINARY_DRUGS

GENERAL, SPECIALIST, BIOLOGY, NURSING, PHYSIO, ACT, PHARMACY = 1111, 1112, 3211, 3112, 3125, 1352, 3313
ORDINARY_NATURES = (GENERAL, SPECIALIST, BIOLOGY, NURSING, PHYSIO, ACT, PHARMACY)
ORDINARY_SHARES = (0.22, 0.13, 0.15, 0.12, 0.07, 0.09, 0.22)
LAG_SHARES = (0.55, 0.25, 0.10, 0.05, 0.03, 0.02)
"""Share of care that reaches the flux 1, 2 … 6 months after its month."""

SHARE_INFORMATION, SHARE_INFORMATION_SENT, SHARE_SUPPLEMENT = 0.02, 0.015, 0.02
INFORMATION, SUPPLEMENT = 71, 2
PLANTED_DRUG = "A10BA02"
CASE_INFORMATION, CASE_INFORMATION_SENT, CASE_SUPPLEMENT, CASE_PUBLIC, CASE_REVERSED = 0, 1, 2, 6, 7
CARE_CASES = (CASE_INFORMATION, CASE_INFORMATION_SENT, CASE_SUPPLEMENT, CASE_PUBLIC, CASE_REVERSED)
SHARE_REVERSED = 0.01
SHARE_IN_FACILITY, SHARE_PUBLIC = 0.04, 0.4
REFILL = 0.8
STATEMENTS = 1_000_000_000
"""More than a block has statements in a month: blocks number theirs apart."""
NOTHING = -1

_PRODUCT_OF = {product.atc: index for index, product in enumerate(PRODUCTS) if index % 2 == 0}
_CIP13 = np.array([int(product.cip13) for product in PRODUCTS])
_PLANTED_PRODUCT = _PRODUCT_OF[PLANTED_DRUG]
_ACTS = pa.array(ORDINARY_ACTS)
_ANALYSES = np.array([int(code) for code in CODES[System.NABM]])


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
    sign: Ints

    def __len__(self) -> int:
        return len(self.person)

    def keep(self, which: Any) -> "Lines":
        """The lines that a mask or an order designates."""
        return Lines(*(getattr(self, field.name)[which] for field in fields(self)))


def _together(parts: list[Lines]) -> Lines:
    return Lines(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Lines)))


def write_care(making: Making, people: People, identities: Identities, first_year: int, last_year: int) -> None:
    """Write ER_PRS_F and its detail tables for care of these years: the flux runs six months after the last."""
    waiting: dict[np.datetime64, list[Lines]] = {}
    start, end = np.datetime64(f"{first_year}-01"), np.datetime64(f"{last_year}-12")
    columns = _Columns(people, identities)
    for month in np.arange(start, end + len(LAG_SHARES) + 1):
        if month <= end:
            for flux, lines in _month_of_care(making, people, month):
                waiting.setdefault(flux, []).append(lines)
        if arrived := waiting.pop(month, None):
            _write_flux(making, month, _together(arrived), columns)


def _month_of_care(making: Making, people: People, month: np.datetime64) -> Iterator[tuple[np.datetime64, Lines]]:
    draw = making.draw("care", int(month.astype(int)))
    drawn = [_ordinary(draw, people, month), *_chronic(draw, people, month), *_planted(draw, people, month)]
    lines = _together(drawn)
    lines = lines.keep(lines.day < people.death[lines.person])
    lag = draw.choice(len(LAG_SHARES), size=len(lines), p=LAG_SHARES) + 1
    reversals, later = _reversals(making, people, month, lines, lag)
    lines, lag = _together([lines, reversals]), np.concatenate([lag, later])
    for months in range(1, len(LAG_SHARES) + 1):
        yield month + months, lines.keep(lag == months)


def _reversals(making: Making, people: People, month: np.datetime64, lines: Lines, lag: Ints) -> tuple[Lines, Ints]:
    """Lines that cancel dispensings: the same day, product and quantity, the sign changed, a month of flux later."""
    draw = making.draw("reversals", int(month.astype(int)))
    cancelled = (lines.product != NOTHING) & (draw.random(len(lines)) < SHARE_REVERSED)
    cancelled |= np.isin(lines.person, planted_case(len(people), CASE_REVERSED)) & (lines.product == _PLANTED_PRODUCT)
    found = lines.keep(cancelled)
    return replace(found, sign=-found.sign), np.minimum(lag[cancelled] + 1, len(LAG_SHARES))


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
        np.ones(count, dtype=np.int64),
    )


def _chronic(draw: np.random.Generator, people: People, month: np.datetime64) -> Iterator[Lines]:
    for index, condition in enumerate(CONDITIONS):
        person = np.flatnonzero(people.treated[index])
        person = person[draw.random(len(person)) < REFILL]
        drugs = np.array([_PRODUCT_OF[atc] for atc in condition.drugs])
        product = drugs[person % len(drugs)] + person // 7 % 2
        yield _dated(draw, month, person, np.full(len(person), PHARMACY), product, np.full(len(person), NOTHING))


def _planted(draw: np.random.Generator, people: People, month: np.datetime64) -> Iterator[Lines]:
    for case in CARE_CASES:
        person = planted_case(len(people), case)
        count = len(person)
        yield Lines(
            person,
            days_in_month(draw, month, count),
            np.full(count, PHARMACY),
            np.full(count, _PLANTED_PRODUCT),
            np.full(count, NOTHING),
            np.full(count, INFORMATION if case == CASE_INFORMATION else 0),
            np.full(count, INFORMATION if case == CASE_INFORMATION_SENT else 0),
            np.full(count, SUPPLEMENT if case == CASE_SUPPLEMENT else 0),
            np.ones(count, dtype=np.int64),
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


def _write_flux(making: Making, month: np.datetime64, lines: Lines, made: _Columns) -> None:
    draw = making.draw("drugs", int(month.astype(int)))
    lines = lines.keep(np.lexsort((lines.nature, lines.day, lines.person)))
    keys = _claim_keys(making, draw, month, lines, made)
    care = {**keys, **_who(draw, lines, made), **_what(draw, lines)}
    making.write("ER_PRS_F", str(month), care, len(lines))
    for table, which, columns in (
        ("ER_PHA_F", np.flatnonzero(lines.product != NOTHING), _drugs),
        ("ER_CAM_F", np.flatnonzero(lines.act != NOTHING), _acts),
        ("ER_BIO_F", np.flatnonzero(lines.nature == BIOLOGY), _analyses),
        ("ER_ETE_F", _in_facilities(draw, made.people, lines), _facilities),
    ):
        taken = {name: values.take(which) for name, values in keys.items()}
        making.write(table, str(month), {**taken, **columns(draw, made.people, lines.keep(which))}, len(which))


def _boxes(lines: Lines) -> Ints:
    """A number of boxes that a line and its reversal agree upon."""
    return np.asarray(((lines.person + lines.product) % 3 + 1) * lines.sign)


def _drugs(draw: np.random.Generator, people: People, lines: Lines) -> dict[str, Any]:
    count = len(lines)
    return {
        "PHA_ORD_NUM": 1,
        "PHA_PRS_C13": _CIP13[lines.product],
        "PHA_PRS_IDE": _CIP13[lines.product] // 10 % 10_000_000,
        "PHA_ACT_QSN": _boxes(lines),
        "PHA_ACT_PRU": np.round(draw.gamma(2, 6, count), 2),
        "PHA_DEC_TOP": "0",
        "PHA_DEC_QSU": 0,
        "PHA_SUB_MTF": 0,
        "PHA_SEQ_RNV": draw.integers(0, 6, count),
    }


def _acts(draw: np.random.Generator, people: People, lines: Lines) -> dict[str, Any]:
    count = len(lines)
    return {
        "CAM_ORD_NUM": 1,
        "CAM_PRS_IDE": _ACTS.take(pa.array(lines.act)),
        "CAM_ACT_COD": "1",
        "CAM_TRT_PHA": 0,
        "CAM_ACT_PRU": np.round(draw.gamma(2, 20, count), 2),
        "CAM_REM_BSE": np.round(draw.gamma(2, 20, count), 2),
        "CAM_ASS_COD": "1",
        "CAM_GRI_TAR": "T01",
    }


def _analyses(draw: np.random.Generator, people: People, lines: Lines) -> dict[str, Any]:
    codes = _ANALYSES[draw.integers(0, len(_ANALYSES), len(lines))]
    return {"BIO_ORD_NUM": 1, "BIO_PRS_IDE": codes, "BIO_ACT_QSN": lines.sign}


def _in_facilities(draw: np.random.Generator, people: People, lines: Lines) -> Ints:
    """The lines of care given in a facility, those of the planted case among them."""
    planted = np.isin(lines.person, planted_case(len(people), CASE_PUBLIC)) & (lines.product == _PLANTED_PRODUCT)
    return np.flatnonzero((draw.random(len(lines)) < SHARE_IN_FACILITY) | planted)


def _facilities(draw: np.random.Generator, people: People, lines: Lines) -> dict[str, Any]:
    count = len(lines)
    planted = np.isin(lines.person, planted_case(len(people), CASE_PUBLIC))
    public = planted | (draw.random(count) < SHARE_PUBLIC)
    return {
        "ETB_EXE_FIN": np.char.add("9900", padded(draw.integers(1, 120, count), 5)),
        "ETE_CAT_COD": draw.integers(101, 110, count),
        "ETE_TYP_COD": 1,
        "ETE_IND_TAA": public.astype(np.int64),
        "PRS_PPU_SEC": np.where(public, 1, 2),
        "MDT_COD": 3,
    }


def _claim_keys(
    making: Making, draw: np.random.Generator, month: np.datetime64, lines: Lines, made: _Columns
) -> dict[str, Any]:
    """The nine keys: one statement for each person and day, its lines numbered from 1."""
    count = len(lines)
    starts = np.ones(count, dtype=bool)
    starts[1:] = (lines.person[1:] != lines.person[:-1]) | (lines.day[1:] != lines.day[:-1])
    statement = np.cumsum(starts)
    first = np.flatnonzero(starts)
    treated = days_in_month(draw, month - 1, len(first))
    sender = draw.integers(1, 9, size=len(first))
    return {
        "DCT_ORD_NUM": pa.array(statement + making.block * STATEMENTS),
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
    paid = np.round(draw.gamma(2, 14, count), 2) * lines.sign
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
        "PRS_ACT_QTE": lines.sign.astype(np.float64),
        "PRS_ACT_NBR": lines.sign.astype(np.float64),
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
