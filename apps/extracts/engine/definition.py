"""The definition of an extract: which people, which tables and variables, which period of care, which filters.

What is approved is what runs: a definition has canonical bytes, their SHA-256 is what a decision refers to and what the
engine binds every unit of work to. It holds no SQL and no free text that would reach an engine.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .catalogue import CATALOGUE
from .criteria import AtLeast, Criterion, EventLeaf, Period, criterion_to_json, read_criterion, sentence, walk
from .design import NO_DESIGN, Design, inconsistencies, index_of, leaves_of
from .filters import DEFAULT_FILTERS, FILTERS, Filter
from .problems import DefinitionError, Problem
from .protection import NO_PROTECTION, Protection
from .reading import JSON, Reader
from .words import Language, colon, listing, quoted, semicolon

SCHEMA_VERSION = 2
"""The version that this engine writes when a definition needs it: the first version knew no index date and no
``at_least``."""
FIRST_VERSION = 1
MAX_TITLE = 300
MAX_NAME = 64
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What is delivered: columns per table, for care in a period."""

    tables: Mapping[str, tuple[str, ...]]
    period: Period

    def to_json(self) -> JSON:
        """``{"tables": {name: [columns]}, "period": {...}}``, tables and columns in alphabetical order."""
        return {
            "tables": {name: list(self.tables[name]) for name in sorted(self.tables)},
            "period": self.period.to_json(),
        }

    def __hash__(self) -> int:
        return hash((tuple(sorted(self.tables.items())), self.period))


@dataclass(frozen=True, slots=True)
class Definition:
    """An extract as it is approved. Equal definitions have equal canonical bytes, hence equal hashes."""

    title: str
    population: Criterion
    scope: Scope
    filters: tuple[Filter, ...] = DEFAULT_FILTERS
    protection: Protection = NO_PROTECTION
    design: Design = NO_DESIGN

    @property
    def leaves(self) -> tuple[EventLeaf, ...]:
        """The distinct criteria on events; a number that stands for one is its place here."""
        return leaves_of(self.population, self.design)

    @property
    def index(self) -> EventLeaf | None:
        """The criterion that gives the index date."""
        return index_of(self.population)

    @property
    def counts_from_index(self) -> bool:
        """Whether what is delivered depends on the index date of each person."""
        return self.design.care is not None or self.protection.from_index

    @property
    def schema_version(self) -> int:
        """The oldest version of the language that says this: what was written before keeps its hash."""
        counted = any(isinstance(node, AtLeast) for _, node in walk(self.population))
        recent = counted or self.index or self.design != NO_DESIGN
        return SCHEMA_VERSION if recent else FIRST_VERSION

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, Any]) -> "Definition":
        """Read a definition strictly. Raises ``DefinitionError`` with every problem found."""
        reader = Reader()
        definition = _read_definition(_decoded(source), reader)
        if definition is None or reader.problems:
            raise DefinitionError(reader.problems)
        return definition

    def to_json(self) -> dict[str, JSON]:
        """The normal form: every default written out, codes sorted."""
        return {
            "schema_version": self.schema_version,
            "title": self.title,
            "population": criterion_to_json(self.population),
            "scope": self.scope.to_json(),
            "filters": [chosen.value for chosen in self.filters],
            **({"protection": protection} if (protection := self.protection.to_json()) else {}),
            **({"design": design} if (design := self.design.to_json()) else {}),
        }

    @property
    def canonical_bytes(self) -> bytes:
        """UTF-8 JSON of the normal form with sorted keys and no spaces."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return hashlib.sha256(self.canonical_bytes).hexdigest()

    def sentence(self, language: Language) -> str:
        """The definition as a committee member reads it: population, period and tables, filters."""
        parts = (
            sentence(self.population, language),
            self.design.sentence(language),
            _scope_sentence(self.scope, language),
            self._filters(language),
            self.protection.sentence(language),
        )
        return " ".join(part for part in parts if part)

    def __str__(self) -> str:
        return self.sentence("fr")

    def _filters(self, language: Language) -> str:
        off = [chosen for chosen in Filter if chosen not in self.filters]
        if not off:
            return (
                "Tous les filtres de qualité usuels sont appliqués."
                if language == "fr"
                else "All the usual quality filters are applied."
            )
        kept = listing([FILTERS[chosen].removes(language) for chosen in off], language, "and")
        start = "Par dérogation aux filtres de qualité usuels, sont conservés" if language == "fr" else (
            "Contrary to the usual quality filters, these are kept"
        )  # fmt: skip
        return f"{start}{colon(language)} {kept}."


def _decoded(source: str | bytes | Mapping[str, Any]) -> object:
    if isinstance(source, Mapping):
        return source
    if len(source) > MAX_BYTES:
        raise DefinitionError([_not_json(f"plus de {MAX_BYTES} octets", f"more than {MAX_BYTES} bytes")])
    try:
        return json.loads(source, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise DefinitionError([_not_json(str(error), str(error))]) from error


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated in an object")
    return found


def _not_json(why_fr: str, why_en: str) -> Problem:
    return Problem(
        "$", "not_json", f"ce n’est pas du JSON lisible\u00a0: {why_fr}", f"this is not readable JSON: {why_en}"
    )


def _read_definition(value: object, reader: Reader) -> Definition | None:
    needed, optional = ("schema_version", "title", "population", "scope"), ("filters", "protection", "design")
    found = reader.mapping(value, "$", needed, optional)
    if found is None:
        return None
    version = reader.whole_number(found["schema_version"], "$.schema_version", FIRST_VERSION, SCHEMA_VERSION)
    title = reader.text(found["title"], "$.title", MAX_TITLE)
    population = read_criterion(found["population"], "$.population", reader)
    scope = _read_scope(found["scope"], reader)
    filters = _read_filters(found.get("filters"), reader)
    protection = Protection.read(found.get("protection", {}), reader)
    design = Design.read(found.get("design", {}), reader)
    if title is None or population is None or scope is None:
        return None
    definition = Definition(title, population, scope, filters, protection, design)
    reader.problems += inconsistencies(population, design, protection.from_index)
    if version is not None and version < definition.schema_version:
        reader.note("$.schema_version", "old_version", *_OLD_VERSION)
    return definition


_OLD_VERSION = (
    f"at_least, une date index, une fenêtre ou des témoins demandent la version {SCHEMA_VERSION} du langage",
    f"at_least, an index date, a window or controls need version {SCHEMA_VERSION} of the language",
)


def _read_scope(value: object, reader: Reader) -> Scope | None:
    found = reader.mapping(value, "$.scope", ("tables", "period"))
    if found is None:
        return None
    tables = _read_tables(found["tables"], reader)
    period = Period.read(found["period"], "$.scope.period", reader)
    return None if tables is None or period is None else Scope(tables, period)


def _read_tables(value: object, reader: Reader) -> Mapping[str, tuple[str, ...]] | None:
    path = "$.scope.tables"
    if not isinstance(value, Mapping) or not value:
        reader.note(
            path, "no_table", "au moins une table est attendue ici", "at least one table is expected here"
        )  # fmt: skip
        return None
    tables: dict[str, tuple[str, ...]] = {}
    for name, columns in value.items():
        place = f"{path}.{name}"
        read = reader.items(columns, place, lambda item, at: reader.text(item, at, MAX_NAME))
        if read is not None:
            tables[name] = tuple(sorted(set(read)))
    return tables if len(tables) == len(value) else None


def _read_filters(value: object, reader: Reader) -> tuple[Filter, ...]:
    if value is None:
        return DEFAULT_FILTERS
    if not isinstance(value, list):
        reader.note("$.filters", "not_a_list", "une liste de filtres est attendue ici", "a list of filters is expected")
        return ()
    names = [known.value for known in Filter]
    chosen = {reader.choice(item, f"$.filters[{index}]", names) for index, item in enumerate(value)}
    return tuple(known for known in Filter if known.value in chosen)


def _scope_sentence(scope: Scope, language: Language) -> str:
    def one(name: str) -> str:
        table = CATALOGUE.table(name)
        title = f"{quoted(table.title(language), language)} " if table else ""
        count = len(scope.tables[name])
        return f"{title}({name}, {count} variable{'s' if count > 1 else ''})"

    tables = f"{semicolon(language)} ".join(one(name) for name in sorted(scope.tables))
    when = scope.period.phrase(language)
    if language == "fr":
        return f"Sont livrées, pour les soins {when}, les tables{colon('fr')} {tables}."
    return f"Delivered, for care {when}, are the tables: {tables}."
