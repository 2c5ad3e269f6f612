"""The population: a tree of criteria whose nodes are ``all_of``, ``any_of``, ``at_least`` and ``not``.

A node is a frozen value; in JSON it is an object with one key, so that a path such as
``$.population.all_of[1].not.stay`` designates it::

    {"all_of": [{"stay": {...}}, {"not": {"drug": {...}}}]}

A person satisfies a tree or not; everybody of the beneficiary referential (IR_BEN_R) is asked, which is what gives
``not`` a meaning at the root.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .leaf_parts import Period, Place, Position, SexValue
from .leaves import (
    LEAVES,
    Act,
    Age,
    Biology,
    Drug,
    EventLeaf,
    Leaf,
    LongTermCondition,
    PersonLeaf,
    Residence,
    Sex,
    Stay,
    read_leaf,
)
from .reading import JSON, Reader
from .words import Language, colon, semicolon

MAX_DEPTH = 8
MAX_NODES = 200


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of the criteria."""

    TAG: ClassVar[str] = "all_of"
    criteria: tuple["Criterion", ...]

    def to_json(self) -> JSON:
        """The value of the key ``all_of``."""
        return [criterion_to_json(child) for child in self.criteria]

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        return _joined(self.criteria, language, {"fr": "et qui", "en": "and who"}[language])


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the criteria."""

    TAG: ClassVar[str] = "any_of"
    criteria: tuple["Criterion", ...]

    def to_json(self) -> JSON:
        """The value of the key ``any_of``."""
        return [criterion_to_json(child) for child in self.criteria]

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        return _joined(self.criteria, language, {"fr": "ou qui", "en": "or who"}[language])


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many of the criteria at least: 1 means what ``any_of`` means, their number what ``all_of`` means.

    Like a group of one criterion or a double ``not``, these are kept as they are written.
    """

    TAG: ClassVar[str] = "at_least"
    count: int
    criteria: tuple["Criterion", ...]

    def to_json(self) -> JSON:
        """The value of the key ``at_least``."""
        return {"count": self.count, "of": [criterion_to_json(child) for child in self.criteria]}

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        total = len(self.criteria)
        below = [_bracketed(child, language) for child in self.criteria]
        if total == 1:
            return below[0]
        if language == "fr":
            start = f"appartiennent à au moins {self.count} de ces {total} groupes{colon('fr')} "
            return start + f"{semicolon('fr')} ".join(f"celles qui {child}" for child in below)
        return f"are in at least {self.count} of these {total} groups: " + "; ".join(f"those who {c}" for c in below)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a criterion."""

    TAG: ClassVar[str] = "not"
    criterion: "Criterion"

    def to_json(self) -> JSON:
        """The value of the key ``not``."""
        return criterion_to_json(self.criterion)

    def clause(self, language: Language) -> str:
        """The end of “the people who …”."""
        inner = _bracketed(self.criterion, language)
        return f"ne sont pas de celles qui {inner}" if language == "fr" else f"are not among those who {inner}"


Node = AllOf | AnyOf | AtLeast | Not
Criterion = Node | Leaf
TAGS: tuple[str, ...] = (AllOf.TAG, AnyOf.TAG, AtLeast.TAG, Not.TAG, *LEAVES)


def _bracketed(criterion: Criterion, language: Language) -> str:
    several = isinstance(criterion, AllOf | AnyOf | AtLeast) and len(criterion.criteria) > 1
    return f"({clause(criterion, language)})" if several else clause(criterion, language)


def clause(criterion: Criterion, language: Language) -> str:
    """The end of “the people who …”, and when the events of a leaf count."""
    when = criterion.timing_words(language) if isinstance(criterion, EventLeaf) else ""
    return f"{criterion.clause(language)}{when}"


def _joined(criteria: Sequence[Criterion], language: Language, joint: str) -> str:
    return f"{semicolon(language)} {joint} ".join(_bracketed(child, language) for child in criteria)


def sentence(criterion: Criterion, language: Language) -> str:
    """The whole population in one sentence."""
    start = "Sont retenues les personnes qui" if language == "fr" else "Included are the people who"
    return f"{start} {clause(criterion, language)}."


def criterion_to_json(criterion: Criterion) -> dict[str, JSON]:
    """The JSON object of a node or a leaf: one key, its tag."""
    written = criterion.to_json()
    if isinstance(criterion, EventLeaf) and isinstance(written, Mapping):
        return {criterion.TAG: {**written, **criterion.timing()}}
    return {criterion.TAG: written}


def children(criterion: Criterion, path: str = "$.population") -> tuple[tuple[str, Criterion], ...]:
    """The criteria directly under a node with their JSON paths, ``path`` being that of the node; none under a leaf."""
    match criterion:
        case AllOf(below) | AnyOf(below):
            return _listed(below, f"{path}.{criterion.TAG}")
        case AtLeast(_, below):
            return _listed(below, f"{path}.{criterion.TAG}.of")
        case Not(child):
            return ((f"{path}.{criterion.TAG}", child),)
        case _:
            return ()


def _listed(below: Sequence[Criterion], path: str) -> tuple[tuple[str, Criterion], ...]:
    return tuple((f"{path}[{index}]", child) for index, child in enumerate(below))


def walk(criterion: Criterion, path: str = "$.population") -> Iterator[tuple[str, Criterion]]:
    """Every node and leaf with its JSON path, the node before what it holds."""
    yield path, criterion
    for place, child in children(criterion, path):
        yield from walk(child, place)


def event_leaves(criterion: Criterion) -> tuple[EventLeaf, ...]:
    """The distinct leaves that need event tables, in the order of the tree."""
    found = (node for _, node in walk(criterion) if isinstance(node, EventLeaf))
    return tuple(dict.fromkeys(found))


_REPEATED = (
    "ce critère est déjà dans la liste\u00a0: il compterait deux fois",
    "this criterion is already in the list: it would count twice",
)


class _TreeReader:
    """Reads a tree within its limits of depth and size."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.nodes = 0

    def read(self, value: object, path: str, depth: int = 1) -> Criterion | None:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            self._too_large(path)
            return None
        if not isinstance(value, Mapping) or len(value) != 1 or (tag := next(iter(value))) not in TAGS:
            self._not_a_criterion(path)
            return None
        return self._tagged(tag, value[tag], path, depth)

    def _tagged(self, tag: str, value: object, path: str, depth: int) -> Criterion | None:
        below = f"{path}.{tag}"
        if tag in LEAVES:
            return read_leaf(tag, value, below, self.reader)
        if tag == Not.TAG:
            child = self.read(value, below, depth + 1)
            return None if child is None else Not(child)
        if tag == AtLeast.TAG:
            return self._at_least(value, below, depth)
        several = self._several(value, below, depth)
        if several is None:
            return None
        return AllOf(several) if tag == AllOf.TAG else AnyOf(several)

    def _several(self, value: object, path: str, depth: int) -> tuple[Criterion, ...] | None:
        def read_below(item: object, place: str) -> Criterion | None:
            return self.read(item, place, depth + 1)

        return self.reader.items(value, path, read_below)

    def _at_least(self, value: object, path: str, depth: int) -> AtLeast | None:
        found = self.reader.mapping(value, path, ("count", "of"))
        if found is None:
            return None
        count = self.reader.whole_number(found["count"], f"{path}.count", 1, MAX_NODES)
        several = self._several(found["of"], f"{path}.of", depth)
        if count is None or several is None or self._miscounted(count, several, path):
            return None
        return AtLeast(count, several)

    def _miscounted(self, count: int, several: Sequence[Criterion], path: str) -> bool:
        """Whether so many cannot hold, or one criterion would count twice."""
        repeated = [index for index, child in enumerate(several) if child in several[:index]]
        for index in repeated:
            self.reader.note(f"{path}.of[{index}]", "repeated_criterion", *_REPEATED)
        if count > len(several):
            self._too_few(count, len(several), f"{path}.count")
        return bool(repeated) or count > len(several)

    def _too_few(self, count: int, listed: int, path: str) -> None:
        self.reader.note(
            path,
            "too_few_criteria",
            f"au moins {count} critères sont demandés, la liste n’en compte que {listed}",
            f"at least {count} criteria are asked for, the list has only {listed}",
        )

    def _too_large(self, path: str) -> None:
        if any(problem.code == "tree_too_large" for problem in self.reader.problems):
            return
        self.reader.note(
            path,
            "tree_too_large",
            f"la population dépasse {MAX_DEPTH} niveaux ou {MAX_NODES} critères",
            f"the population exceeds {MAX_DEPTH} levels or {MAX_NODES} criteria",
        )

    def _not_a_criterion(self, path: str) -> None:
        tags = ", ".join(TAGS)
        self.reader.note(
            path,
            "not_a_criterion",
            f"un critère est un objet à une seule clé parmi {tags}",
            f"a criterion is an object with a single key among {tags}",
        )


def read_criterion(value: object, path: str, reader: Reader) -> Criterion | None:
    """Read a tree; problems go to ``reader`` and give ``None``."""
    return _TreeReader(reader).read(value, path)


__all__ = [
    "MAX_DEPTH",
    "MAX_NODES",
    "TAGS",
    "Act",
    "Age",
    "AllOf",
    "AnyOf",
    "AtLeast",
    "Biology",
    "Criterion",
    "Drug",
    "EventLeaf",
    "Leaf",
    "LongTermCondition",
    "Node",
    "Not",
    "Period",
    "PersonLeaf",
    "Place",
    "Position",
    "Residence",
    "Sex",
    "SexValue",
    "Stay",
    "children",
    "clause",
    "criterion_to_json",
    "event_leaves",
    "read_criterion",
    "sentence",
    "walk",
]
