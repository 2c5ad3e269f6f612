"""Acute hospital stays (PMSI MCO), written year of discharge by year of discharge."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from apps.extracts.engine.filters import DUPLICATE_FACILITIES, DUPLICATE_UNTIL, RETURN_CODES

from .draws import Bools, Days, Ints, Texts, padded, year_months
from .making import Making
from .people import Identities, People, planted_case
from .profiles import (
    ACTS_OF_STAYS,
    COMORBIDITIES,
    CONDITIONS,
    ERROR_GROUP,
    GROUPS,
    ORDINARY_STAYS,
    OTHER_GROUP,
    RELATED,
    SESSIONS,
)

ORDINARY_RATE = 0.09
SHARE_BAD_RETURN, SHARE_ERROR_GROUP = 0.02, 0.01
CASE_BAD_RETURN, CASE_ERROR_GROUP, CASE_DUPLICATE = 3, 4, 8
STAY_CASES = (CASE_BAD_RETURN, CASE_ERROR_GROUP, CASE_DUPLICATE)
PLANTED_DIAGNOSIS = "E110"
PLANTED_EVERY = 3
"""A planted person has one planted stay in as many years."""
TWIN_BIRTH = "Z383"
HOSPITALS = 120
SUMMARIES = 10_000_000
"""More than a block has stays in a year: blocks number theirs apart."""
UNIT_TYPES = ("01A", "02A", "03A", "04", "07A", "13A", "16", "18", "53", "81")


@dataclass(frozen=True, slots=True)
class Stays:
    """One entry a stay."""

    person: Ints
    entry: Days
    exit: Days
    principal: Texts
    bad_return: Bools
    error_group: Bools

    def keep(self, which: Any) -> "Stays":
        """The stays that a mask or an order designates."""
        return Stays(*(getattr(self, field.name)[which] for field in fields(self)))


def write_stays(making: Making, people: People, identities: Identities, first: int, last: int) -> None:
    """Write T_MCOaaB, C, D and A for stays that begin from the first year and end by the last."""
    carried: list[Stays] = []
    for year in range(first, last + 1):
        drawn = _year_of_entry(making, people, year)
        over = drawn.exit >= np.datetime64(f"{year + 1}-01-01")
        _write_year(making, year, _together([*carried, drawn.keep(~over)]), people, identities)
        carried = [drawn.keep(over)]


def _together(parts: list[Stays]) -> Stays:
    return Stays(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Stays)))


def _year_of_entry(making: Making, people: People, year: int) -> Stays:
    draw = making.draw("stays", year)
    pairs = [_ordinary(draw, people, year), *_of_conditions(draw, people), *_planted(people, year)]
    person = np.concatenate([who for who, _ in pairs])
    principal = np.concatenate([np.asarray(codes, dtype="U4") for _, codes in pairs])
    count = len(person)
    length = np.where(np.isin(principal, list(SESSIONS)), 0, np.minimum(draw.geometric(0.22, count) - 1, 60))
    entry = np.datetime64(f"{year}-01-01") + draw.integers(0, 365, count)
    planted = np.isin(principal, [PLANTED_DIAGNOSIS])
    bad = (draw.random(count) < SHARE_BAD_RETURN) | (
        planted & np.isin(person, planted_case(len(people), CASE_BAD_RETURN))
    )
    error = (draw.random(count) < SHARE_ERROR_GROUP) | (
        planted & np.isin(person, planted_case(len(people), CASE_ERROR_GROUP))
    )
    alone = ~_shared(people)[person] | (principal == TWIN_BIRTH)
    stays = Stays(person, entry, entry + length, principal, bad, error)
    return stays.keep((entry < people.death[person]) & alone)


def _shared(people: People) -> Bools:
    """Twins share a BEN_NIR_PSA, which is all a stay has: only their births are drawn, as a planted ambiguous case."""
    shared = people.twin_of_previous.copy()
    shared[np.flatnonzero(people.twin_of_previous) - 1] = True
    return shared


def _ordinary(draw: np.random.Generator, people: People, year: int) -> tuple[Ints, Texts]:
    ages = people.ages(year)
    person = np.repeat(np.arange(len(people)), draw.poisson(ORDINARY_RATE * (0.5 + ages / 50)))
    codes = np.array([code for code, _, _ in ORDINARY_STAYS])
    weights = np.array([weight for _, weight, _ in ORDINARY_STAYS], dtype=np.float64)
    from_age = np.array([age for _, _, age in ORDINARY_STAYS])
    chosen = draw.choice(len(codes), size=len(person), p=weights / weights.sum())
    birth = people.female[person] & (ages[person] >= 18) & (ages[person] <= 44) & (draw.random(len(person)) < 0.5)
    principal = np.where(birth, "O800", codes[chosen])
    return person[(ages[person] >= from_age[chosen]) | birth], principal[(ages[person] >= from_age[chosen]) | birth]


def _of_conditions(draw: np.random.Generator, people: People) -> list[tuple[Ints, Texts]]:
    found = []
    for index, condition in enumerate(CONDITIONS):
        ill = np.flatnonzero(people.conditions[index])
        person = np.repeat(ill, draw.poisson(condition.stays_a_year, len(ill)))
        codes = np.array(condition.stay_diagnoses)
        found.append((person, codes[draw.integers(0, len(codes), len(person))]))
    return found


def _planted(people: People, year: int) -> list[tuple[Ints, Texts]]:
    ill = np.concatenate([planted_case(len(people), case) for case in STAY_CASES])
    ill = ill[ill % PLANTED_EVERY == year % PLANTED_EVERY]
    born = np.flatnonzero(people.twin_of_previous & (people.birth_year == year))
    return [(ill, np.full(len(ill), PLANTED_DIAGNOSIS)), (born, np.full(len(born), TWIN_BIRTH))]


def _write_year(making: Making, year: int, stays: Stays, people: People, identities: Identities) -> None:
    draw = making.draw("stays", -year % 10_000)
    stays = stays.keep(np.lexsort((stays.principal, stays.entry, stays.person)))
    count = len(stays.person)
    hospitals = np.char.add("9900", padded(draw.integers(1, HOSPITALS, count), 5))
    if year <= DUPLICATE_UNTIL:
        sent_twice = (stays.principal == PLANTED_DIAGNOSIS) & np.isin(
            stays.person, planted_case(len(people), CASE_DUPLICATE)
        )
        hospitals[sent_twice] = DUPLICATE_FACILITIES[0]
    keys = {
        "ETA_NUM": hospitals,
        "RSA_NUM": np.arange(1, count + 1) + making.block * SUMMARIES,
    }
    associated = _associated(draw, stays, people)
    acts = np.array([ACTS_OF_STAYS.get(code, "") for code in stays.principal])
    partition = str(year)
    units = _units(making.draw("units", year), stays)
    described = _description(draw, year, stays, people, associated, acts)
    described["NBR_RUM"] = np.bincount(units[0], minlength=count)
    making.write("T_MCOaaB", partition, {**keys, **described}, count)
    making.write("T_MCOaaC", partition, {**keys, **_linkage(draw, year, stays, identities)}, count)
    stay, rank, code = associated
    diagnoses = {**_take(keys, stay), "DGN_ASS_NUM": rank, "ASS_DGN": code, "RSS_NUM": "121"}
    making.write("T_MCOaaD", partition, diagnoses, len(stay))
    done = np.flatnonzero(acts != "")
    delay = np.minimum(draw.integers(0, 3, len(done)), (stays.exit - stays.entry)[done].astype(np.int64))
    of_acts = {"CDC_ACT": acts[done], "ENT_DAT_DEL": delay, "NBR_EXE_ACT": 1, "PHA_ACT": "0", "ACV_ACT": "1"}
    making.write("T_MCOaaA", partition, {**_take(keys, done), **of_acts, "RUM_SEQ": "1", "RSS_NUM": "121"}, len(done))
    within, order, kind = units
    spent = {"UM_ORD_NUM": order, "AUT_TYP1_UM": kind, "UM_TYP": "C", "RSS_NUM": "121"}
    making.write(
        "T_MCOaaUM",
        partition,
        {**_take(keys, within), **spent, "DGN_PAL": stays.principal[within], "PAR_DUR_SEJ": 1},
        len(within),
    )


def _units(draw: np.random.Generator, stays: Stays) -> tuple[Ints, Ints, Texts]:
    """The medical units of each stay, one to three: its stay, its rank, its type."""
    numbers = np.minimum(draw.geometric(0.8, len(stays.person)), 3)
    stay = np.repeat(np.arange(len(stays.person)), numbers)
    rank = np.arange(len(stay)) - np.repeat(np.cumsum(numbers) - numbers, numbers) + 1
    return stay, rank, np.array(UNIT_TYPES)[draw.integers(0, len(UNIT_TYPES), len(stay))]


def _take(columns: dict[str, Any], which: Ints) -> dict[str, Any]:
    return {name: values[which] for name, values in columns.items()}


def _associated(draw: np.random.Generator, stays: Stays, people: People) -> tuple[Ints, Ints, Texts]:
    """Associated diagnoses: the person's conditions, now and then a comorbidity."""
    pairs: list[tuple[Ints, str]] = []
    for index, condition in enumerate(CONDITIONS):
        has = people.conditions[index][stays.person] & (draw.random(len(stays.person)) < 0.8)
        pairs.append((np.flatnonzero(has), condition.diagnoses[0]))
    for comorbidity in COMORBIDITIES:
        pairs.append((np.flatnonzero(draw.random(len(stays.person)) < 0.05), comorbidity))
    stay = np.concatenate([which for which, _ in pairs])
    code = np.concatenate([np.full(len(which), text, dtype="U4") for which, text in pairs])
    order = np.argsort(stay, kind="stable")
    stay, code = stay[order], code[order]
    starts = np.ones(len(stay), dtype=bool)
    starts[1:] = stay[1:] != stay[:-1]
    first = np.flatnonzero(starts)
    return stay, np.arange(len(stay)) - first[np.cumsum(starts) - 1] + 1, code


def _description(
    draw: np.random.Generator,
    year: int,
    stays: Stays,
    people: People,
    associated: tuple[Ints, Ints, Texts],
    acts: Texts,
) -> dict[str, Any]:
    count, person = len(stays.person), stays.person
    groups = np.array([GROUPS.get(code, OTHER_GROUP) for code in stays.principal])
    ages = people.ages(year)[person]
    department = people.department[person]
    return {
        "GRG_GHM": np.where(stays.error_group, ERROR_GROUP, groups),
        "GRG_RET": "0",
        "GHS_NUM": draw.integers(100, 9000, count),
        "DGN_PAL": stays.principal,
        "DGN_REL": np.array([RELATED.get(code, "") for code in stays.principal]),
        "SEJ_NBJ": (stays.exit - stays.entry).astype(np.int64),
        "SEJ_TYP": "B",
        "ENT_MOD": "8",
        "SOR_MOD": np.where(people.death[person] <= stays.exit, "9", "8"),
        "SOR_ANN": year,
        "SOR_MOI": padded(stays.exit.astype("datetime64[M]").astype(int) % 12 + 1, 2),
        "AGE_ANN": np.maximum(ages, 0),
        "COD_SEX": np.where(people.female, "2", "1")[person],
        "BDI_DEP": np.array([code[1:] if code < "97" else "97" for code in department]),
        "BDI_COD": np.char.add(np.array([code[1:] for code in department]), people.commune[person]),
        "NBR_DGN": np.bincount(associated[0], minlength=count),
        "NBR_ACT": (acts != "").astype(np.int64),
        "NBR_SEA": np.isin(stays.principal, list(SESSIONS)).astype(np.int64),
        "UHCD_TOP": "0",
    }


def _linkage(draw: np.random.Generator, year: int, stays: Stays, identities: Identities) -> dict[str, Any]:
    identity = identities.pick(draw, stays.person)
    broken = draw.integers(0, len(RETURN_CODES), len(stays.person))
    codes = {name: np.where(stays.bad_return & (broken == index), "1", "0") for index, name in enumerate(RETURN_CODES)}
    return {
        "NIR_ANO_17": identities.psa[identity],
        "SEJ_NUM": np.arange(1, len(stays.person) + 1) % 99_999,
        "EXE_SOI_DTD": stays.entry,
        "EXE_SOI_DTF": stays.exit,
        "EXE_SOI_AMD": year_months(stays.entry),
        "EXE_SOI_AMF": year_months(stays.exit),
        "ENT_DAT": stays.entry,
        "SOR_DAT": stays.exit,
        "SOR_ANN": year,
        "SOR_MOI": padded(stays.exit.astype("datetime64[M]").astype(int) % 12 + 1, 2),
        "RNG_NAI": identities.rank[identity],
        **codes,
    }
