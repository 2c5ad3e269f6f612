"""The invented people: age, sex, residence, conditions, identities and death."""

from dataclasses import dataclass

import numpy as np

from .draws import Bools, Days, Ints, Texts, identifiers, padded
from .making import Making
from .profiles import AGE_BANDS, CONDITIONS, DEPARTMENT_WEIGHTS, WOMEN_ONLY

SHARE_OF_SECOND_IDENTITY = 0.08
SHARE_WITHOUT_NIR_ANO = 0.05
TWIN_EVERY = 83
NEWBORN_TWINS = 3
CASES = 9
"""How many planted cases there are (see ``planted_case``)."""
NEVER = np.datetime64("2199-12-31")


@dataclass(frozen=True, slots=True)
class People:
    """One entry a person. ``planted`` numbers the special cases (see ``planted_case``)."""

    birth_year: Ints
    birth_month: Ints
    female: Bools
    department: Texts
    commune: Texts
    conditions: Bools
    treated: Bools
    death: Days
    twin_of_previous: Bools

    def __len__(self) -> int:
        return len(self.birth_year)

    def ages(self, year: int) -> Ints:
        """Age reached in a year."""
        return np.asarray(year - self.birth_year)


@dataclass(frozen=True, slots=True)
class Identities:
    """One entry an identity (BEN_NIR_PSA, BEN_RNG_GEM); ``person`` is the index of its person."""

    person: Ints
    psa: Texts
    rank: Ints
    ano: Texts
    first: Ints
    count: Ints

    def pick(self, draw: np.random.Generator, person: Ints) -> Ints:
        """One identity, at random, for each person in the list."""
        chosen = (draw.random(len(person)) * self.count[person]).astype(np.int64)
        return np.asarray(self.first[person] + chosen)


def planted_case(count: int, case: int) -> Ints:
    """The people set apart for a planted case: healthy ones who only have what a filter must remove."""
    return np.arange(40 + case, count, 97)


def make_people(making: Making, count: int, first_year: int, last_year: int) -> People:
    """Draw ``count`` people as they are in the first year, with deaths until the last."""
    draw = making.draw("people")
    bands = draw.choice(len(AGE_BANDS), size=count, p=_normal([share for _, share in AGE_BANDS]))
    ages = np.array([age for age, _ in AGE_BANDS])[bands] + draw.integers(0, 10, size=count)
    female = draw.random(count) < 0.516
    twin = np.zeros(count, dtype=bool)
    twin[TWIN_EVERY::TWIN_EVERY] = True
    ages[: NEWBORN_TWINS * TWIN_EVERY + 1][twin[: NEWBORN_TWINS * TWIN_EVERY + 1]] = 0
    ages[np.flatnonzero(twin) - 1] = ages[twin]
    department, commune = _residence(making, count, twin)
    conditions, treated = _conditions(making, ages, female)
    months = draw.integers(1, 13, size=count)
    months[np.flatnonzero(twin) - 1] = months[twin]
    birth_year = np.asarray(first_year - ages)
    death = _deaths(making, ages, conditions, first_year, last_year)
    return People(birth_year, months, female, department, commune, conditions, treated, death, twin)


def _normal(weights: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = np.asarray(weights, dtype=np.float64)
    return np.asarray(found / found.sum())


def _residence(making: Making, count: int, twin: Bools) -> tuple[Texts, Texts]:
    draw = making.draw("residence")
    pairs = [entry.split(":") for entry in DEPARTMENT_WEIGHTS.split()]
    chosen = draw.choice(len(pairs), size=count, p=_normal([float(weight) for _, weight in pairs]))
    chosen[np.flatnonzero(twin) - 1] = chosen[twin]
    commune = padded(draw.integers(1, 400, size=count), 3)
    return np.array([code for code, _ in pairs])[chosen], commune


def _conditions(making: Making, ages: Ints, female: Bools) -> tuple[Bools, Bools]:
    draw = making.draw("conditions")
    decades = np.minimum(ages // 10, 9)
    has = np.zeros((len(CONDITIONS), len(ages)), dtype=bool)
    treated = np.zeros_like(has)
    healthy = np.isin(np.arange(len(ages)), np.concatenate([planted_case(len(ages), case) for case in range(CASES)]))
    for index, condition in enumerate(CONDITIONS):
        has[index] = draw.random(len(ages)) < np.array(condition.shares)[decades]
        if condition.name in WOMEN_ONLY:
            has[index] &= female
        has[index] &= ~healthy
        treated[index] = has[index] & (draw.random(len(ages)) < condition.treated)
    return has, treated


def _deaths(making: Making, ages: Ints, conditions: Bools, first_year: int, last_year: int) -> Days:
    draw = making.draw("deaths")
    yearly = np.minimum(0.00006 * np.exp(0.085 * ages) * (1 + 0.3 * conditions.sum(axis=0)), 0.6)
    death = np.full(len(ages), NEVER)
    for year in range(first_year, last_year + 1):
        dies = (draw.random(len(ages)) < yearly) & (death == NEVER)
        days = np.datetime64(f"{year}-01-01") + draw.integers(0, 365, size=len(ages))
        death[dies] = days[dies]
    return death


def make_identities(making: Making, people: People) -> Identities:
    """Give each person one or two BEN_NIR_PSA; twins share one and differ by rank; some have no BEN_NIR_ANO."""
    draw = making.draw("identities")
    count = len(people)
    psa, second, ano = (identifiers(draw, count, 17) for _ in range(3))
    twin = people.twin_of_previous
    elder = np.flatnonzero(twin) - 1
    psa[twin] = psa[elder]
    in_pair = twin.copy()
    in_pair[elder] = True
    without_ano = draw.random(count) < SHARE_WITHOUT_NIR_ANO
    has_second = (draw.random(count) < SHARE_OF_SECOND_IDENTITY) & ~without_ano & ~in_pair
    ano[without_ano] = ""
    rank = np.where(twin, 2, 1)
    person = np.concatenate([np.arange(count), np.flatnonzero(has_second)])
    order = np.argsort(person, kind="stable")
    person = person[order]
    numbers = 1 + has_second.astype(np.int64)
    return Identities(
        person=person,
        psa=np.concatenate([psa, second[has_second]])[order],
        rank=np.concatenate([rank, np.ones(int(has_second.sum()), dtype=np.int64)])[order],
        ano=ano[person],
        first=np.cumsum(numbers) - numbers,
        count=numbers,
    )
