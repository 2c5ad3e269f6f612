"""Which control is whose: matching by sex, region and age, without replacement, in an order that the key alone decides.

The method, for the cases and candidates of some regions:

1. Cases and candidates are put in the order of their keyed hash: it depends on the person and on the project's key
   only, neither on the order in which they are read nor on anything that is known of them.
2. In that order, each case takes one candidate of its region and sex, alive on its index date, of the nearest year of
   birth (at most so many years apart), the first in order among them; who is taken is taken for good.
3. Step 2 is done once for each control asked for: no case gets a second one before every case was given its first.

Only as many candidates are held as cases could take, and those who died between two index dates: of each year and sex
the first ones in order, since whoever comes later could not be reached before all of these are taken.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .design import Controls

Group = tuple[str, int, int]
"""A region, a sex and a year of birth."""
Rank = Callable[[Sequence[str]], Sequence[int]]
"""The places of persons in the keyed order."""


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody of the population who is to be given controls."""

    person: str
    region: str
    sex: int
    birth_year: int
    index_day: date

    def group(self, apart: int) -> Group:
        """Those of its region and sex born so many years after it."""
        return self.region, self.sex, self.birth_year + apart


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be a control."""

    person: str
    region: str
    sex: int
    birth_year: int
    died: date | None

    @property
    def group(self) -> Group:
        """What is matched on."""
        return self.region, self.sex, self.birth_year

    def lives(self, day: date) -> bool:
        """Whether they are not known to have died before that day."""
        return self.died is None or self.died >= day


Ranked = tuple[int, Candidate]


class Pool:
    """The candidates, as many of them as the cases could take."""

    def __init__(self, cases: Sequence[Case], controls: Controls) -> None:
        self._years = controls.years
        self._wanted: Counter[Group] = Counter()
        for case in cases:
            for apart in range(-controls.years, controls.years + 1):
                self._wanted[case.group(apart)] += controls.per_case
        self._last = max((case.index_day for case in cases), default=date.min)
        self._living: dict[Group, list[tuple[int, Candidate]]] = defaultdict(list)
        self._dying: dict[Group, list[Ranked]] = defaultdict(list)
        self._free: dict[Group, list[Ranked]] = {}

    @property
    def held(self) -> int:
        """How many candidates are held."""
        return sum(map(len, (*self._living.values(), *self._dying.values())))

    def offer(self, candidates: Sequence[Candidate], rank: Rank) -> None:
        """Hold those who may be reached."""
        for place, one in zip(rank([one.person for one in candidates]), candidates, strict=True):
            if one.lives(self._last):
                self._hold(place, one)
            else:
                self._dying[one.group].append((place, one))

    def _hold(self, place: int, one: Candidate) -> None:
        # The least of the negated places is the last in order: the one to be let go.
        held = self._living[one.group]
        heapq.heappush(held, (-place, one))
        if len(held) > self._wanted[one.group]:
            heapq.heappop(held)

    def close(self) -> None:
        """Put everybody who is held in order: from here on they are taken."""
        for group in {*self._living, *self._dying}:
            held = [(-place, one) for place, one in self._living[group]]
            self._free[group] = sorted([*held, *self._dying[group]], key=lambda ranked: ranked[0])

    def take(self, case: Case) -> Candidate | None:
        """The best candidate for a case, nobody else's from now on."""
        for apart in range(self._years + 1):
            groups = {case.group(-apart), case.group(apart)}
            found = [first for group in groups if (first := self._first(group, case.index_day))]
            if found:
                _, group, place = min(found)
                return self._free[group].pop(place)[1]
        return None

    def _first(self, group: Group, day: date) -> tuple[int, Group, int] | None:
        """The first candidate of a group alive on a day: their place in the keyed order, and in the group."""
        free = enumerate(self._free.get(group, ()))
        return next(((ranked[0], group, place) for place, ranked in free if ranked[1].lives(day)), None)


def matched(
    cases: Sequence[Case], batches: Iterable[Sequence[Candidate]], controls: Controls, rank: Rank
) -> Iterator[tuple[Case, Candidate]]:
    """Each case with each of its controls, in the order in which they were taken."""
    pool = Pool(cases, controls)
    for batch in batches:
        pool.offer(batch, rank)
    pool.close()
    places = rank([case.person for case in cases])
    waiting = [case for _, case in sorted(zip(places, cases, strict=True), key=lambda ranked: ranked[0])]
    for _ in range(controls.per_case):
        served = [(case, taken) for case in waiting if (taken := pool.take(case)) is not None]
        yield from served
        waiting = [case for case, _ in served]
