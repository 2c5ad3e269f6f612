"""How a study stands around its population: the window of care delivered for each person, and matched controls. Pure.

Both are counted from the index date that one criterion of the population gives (see ``timing``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .criteria import (
    Criterion,
    EventLeaf,
    Not,
    children,
    clause,
    criterion_to_json,
    event_leaves,
    read_criterion,
    walk,
)
from .problems import Problem
from .reading import JSON, Reader
from .timing import FARTHEST
from .words import NO_BREAK_SPACE, Language

PATH = "$.design"
MOST_CONTROLS = 10
WIDEST_AGE = 5


@dataclass(frozen=True, slots=True)
class Care:
    """The care that is delivered: from so many days before the index date of each person to so many after it."""

    before: int
    after: int

    @classmethod
    def read(cls, value: object, reader: Reader) -> "Care | None":
        """``{"days_before": 365, "days_after": 730}``."""
        path = f"{PATH}.care"
        found = reader.mapping(value, path, ("days_before", "days_after"))
        if found is None:
            return None
        before = reader.whole_number(found["days_before"], f"{path}.days_before", 0, FARTHEST)
        after = reader.whole_number(found["days_after"], f"{path}.days_after", 0, FARTHEST)
        return None if before is None or after is None else cls(before, after)

    def to_json(self) -> JSON:
        """The same form as ``read`` takes."""
        return {"days_before": self.before, "days_after": self.after}

    def sentence(self, language: Language) -> str:
        """What of their care is delivered."""
        before, after = (f"{days}{NO_BREAK_SPACE}" for days in (self.before, self.after))
        if language == "fr":
            return (
                f"Les soins de chaque personne sont livrés de {before}jours avant à {after}jours après sa date index, "
                "dans les limites de la période."
            )
        return (
            f"The care of each person is delivered from {before}days before to {after}days after the index date, "
            "within the period."
        )


@dataclass(frozen=True, slots=True)
class Controls:
    """Controls matched on sex, region and age: ``per_case`` for each case, born within ``years`` of it.

    ``among`` says who may be a control besides not being in the population; everybody when it is absent.
    """

    per_case: int
    years: int = 0
    among: Criterion | None = None

    @classmethod
    def read(cls, value: object, reader: Reader) -> "Controls | None":
        """``{"per_case": 3, "birth_year_within": 1, "among": {criterion}}``."""
        path = f"{PATH}.controls"
        found = reader.mapping(value, path, ("per_case",), ("birth_year_within", "among"))
        if found is None:
            return None
        per_case = reader.whole_number(found["per_case"], f"{path}.per_case", 1, MOST_CONTROLS)
        within = found.get("birth_year_within", 0)
        years = reader.whole_number(within, f"{path}.birth_year_within", 0, WIDEST_AGE)
        among = read_criterion(found["among"], f"{path}.among", reader) if "among" in found else None
        return None if per_case is None or years is None else cls(per_case, years, among)

    def to_json(self) -> JSON:
        """The same form as ``read`` takes."""
        among: dict[str, JSON] = {"among": criterion_to_json(self.among)} if self.among else {}
        return {"per_case": self.per_case, "birth_year_within": self.years, **among}

    def sentence(self, language: Language) -> str:
        """Who the controls are."""
        if language == "fr":
            several = "s" if self.per_case > 1 else ""
            said = (
                f"À chaque personne retenue {'sont associés' if several else 'est associé'} "
                f"{self.per_case}{NO_BREAK_SPACE}témoin{several} au plus, hors de cette population, de même sexe, de "
                f"même région, {self._age('fr')}, en vie à la date index\u202f; aucun ne sert deux fois."
            ).replace(" ;", "\u202f;")
            return said + (f" Peuvent être témoins les personnes qui {clause(self.among, 'fr')}." if self.among else "")
        several = "s" if self.per_case > 1 else ""
        said = (
            f"Each of these people is given {self.per_case}{NO_BREAK_SPACE}control{several} at most, from outside this "
            f"population, of the same sex and region, {self._age('en')}, alive on the index date; none serves twice."
        )
        return said + (f" Controls are among the people who {clause(self.among, 'en')}." if self.among else "")

    def _age(self, language: Language) -> str:
        years = f"{self.years}{NO_BREAK_SPACE}"
        if language == "fr":
            return f"nés à {years}an{'s' if self.years > 1 else ''} près" if self.years else "nés la même année"
        return f"born within {years}year{'s' if self.years > 1 else ''}" if self.years else "born in the same year"


@dataclass(frozen=True, slots=True)
class Design:
    """Both; absent from the JSON when there is neither."""

    care: Care | None = None
    controls: Controls | None = None

    @classmethod
    def read(cls, value: object, reader: Reader) -> "Design":
        """Read the key ``design``; what cannot be read is noted, and is as if it were absent."""
        found = reader.mapping(value, PATH, (), ("care", "controls"))
        if found is None:
            return cls()
        care = Care.read(found["care"], reader) if "care" in found else None
        return cls(care, Controls.read(found["controls"], reader) if "controls" in found else None)

    def to_json(self) -> dict[str, JSON]:
        """The value of the key ``design``, nothing when there is neither."""
        found: dict[str, JSON] = {}
        if self.care:
            found["care"] = self.care.to_json()
        if self.controls:
            found["controls"] = self.controls.to_json()
        return found

    def sentence(self, language: Language) -> str:
        """Both in sentences; empty when there is neither."""
        return " ".join(part.sentence(language) for part in (self.care, self.controls) if part)


NO_DESIGN = Design()


def index_of(population: Criterion) -> EventLeaf | None:
    """The criterion whose events give the index date."""
    return next((leaf for leaf in event_leaves(population) if leaf.index), None)


def leaves_of(population: Criterion, design: Design) -> tuple[EventLeaf, ...]:
    """The distinct criteria on events: those of the population, then those of the controls."""
    among = design.controls.among if design.controls else None
    return tuple(dict.fromkeys((*event_leaves(population), *(event_leaves(among) if among else ()))))


def inconsistencies(population: Criterion, design: Design, days_from_index: bool) -> Iterator[Problem]:
    """What is asked for in a way that has no meaning: days without an index date, or several dates at once."""
    timed = {path: node for path, node in walk(population) if isinstance(node, EventLeaf)}
    marked = [path for path, node in timed.items() if node.index]
    certain = set(_certain(population))
    yield from (_SEVERAL(f"{path}.{timed[path].TAG}.index") for path in marked[1:])
    yield from (_DENIED(f"{path}.{timed[path].TAG}.index") for path in marked if path not in certain)
    if not marked:
        asked = [f"{path}.{node.TAG}.within" for path, node in timed.items() if node.within]
        asked += [f"{PATH}.{key}" for key in design.to_json()]
        asked += ["$.protection.coarsening"] if days_from_index else []
        yield from map(_NO_INDEX, asked)
    if design.controls and design.controls.among:
        for path, node in walk(design.controls.among, f"{PATH}.controls.among"):
            if isinstance(node, EventLeaf) and node.timing():
                yield _OF_CASES(f"{path}.{node.TAG}")


def _certain(criterion: Criterion, path: str = "$.population") -> Iterator[str]:
    """The paths of what everybody of the population satisfies, if they satisfy one criterion at least."""
    yield path
    if not isinstance(criterion, Not):
        for place, child in children(criterion, path):
            yield from _certain(child, place)


class _Objection:
    """A problem whose place alone varies."""

    def __init__(self, code: str, french: str, english: str) -> None:
        self.code, self.french, self.english = code, french, english

    def __call__(self, path: str) -> Problem:
        return Problem(path, self.code, self.french, self.english)


_SEVERAL = _Objection("several_index", "un seul critère donne la date index", "only one criterion gives the index date")
_DENIED = _Objection(
    "index_denied",
    "un critère qui est nié ne peut donner la date index",
    "a criterion that is denied cannot give the index date",
)
_NO_INDEX = _Objection(
    "no_index",
    "aucun critère de la population ne donne la date index à partir de laquelle compter",
    "no criterion of the population gives the index date to count from",
)
_OF_CASES = _Objection(
    "timed_controls",
    "la date index est celle des cas\u00a0: le choix des témoins ne peut s’y rapporter",
    "the index date is that of cases: the choice of controls cannot refer to it",
)
