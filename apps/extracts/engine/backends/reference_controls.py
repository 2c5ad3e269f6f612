"""The oracle of matched controls: the method of ``matching`` in as few words as possible, every candidate looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from apps.extracts.engine.design import Controls
from apps.extracts.engine.pseudonyms import ProjectKey


@dataclass(frozen=True, slots=True)
class Person:
    """What matching knows of somebody; ``region`` is empty when it is unknown."""

    sex: int | None
    birth_year: int | None
    region: str
    died: date | None

    @property
    def is_known(self) -> bool:
        """Whether all that is matched on is known."""
        return self.sex in {1, 2} and self.birth_year is not None and bool(self.region)


def drawn_controls(
    cases: Mapping[str, date], candidates: set[str], people: Mapping[str, Person], asked: Controls, key: ProjectKey
) -> dict[str, str]:
    """The case of each control."""
    case_of: dict[str, str] = {}

    def fits(candidate: str, case: str) -> bool:
        one, other = people[candidate], people[case]
        alive = one.died is None or one.died >= cases[case]
        return (
            alive and candidate not in case_of and one.is_known and (one.sex, one.region) == (other.sex, other.region)
        )

    def apart(candidate: str, case: str) -> int:
        return abs((people[candidate].birth_year or 0) - (people[case].birth_year or 0))

    for _ in range(asked.per_case):
        for case in sorted(cases, key=lambda person: key.order([person])):
            fitting = {one for one in candidates if fits(one, case) and apart(one, case) <= asked.years}
            if people[case].is_known and fitting:
                order = {one: (apart(one, case), key.order([one])) for one in fitting}
                case_of[min(fitting, key=lambda one: order[one])] = case
    return case_of
