"""What differs between two definitions, one sentence a difference, in both languages. Pure.

Criteria are compared as the trees they are, not as text: what two groups have in common is left out whatever its order,
criteria of one kind are paired, the rest is added or removed. Each sentence says where in the tree it is, since a
criterion that is added where one is enough, or where people are kept out, means the opposite of one that is required.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from .catalogue import CATALOGUE, FAMILY_TITLES, Family
from .criteria import AllOf, AnyOf, AtLeast, Criterion, Not, clause
from .definition import Definition, Scope
from .design import Care, Controls
from .filters import FILTERS, Filter
from .protection import LEVEL_WORDS, Protection
from .words import Language, colon, listing, quoted

Group = AllOf | AnyOf | AtLeast
GROUPS = (AllOf, AnyOf, AtLeast)
Say = Callable[[Language], str]


class Change(StrEnum):
    """What became of a part of a definition."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: ``part`` is the key of the definition it is in (``population``, ``scope``, ``filters``…)."""

    part: str
    change: Change
    fr: str
    en: str

    def sentence(self, language: Language) -> str:
        """The difference in ``"fr"`` or ``"en"``."""
        return self.fr if language == "fr" else self.en


def differences(before: Definition, after: Definition) -> tuple[Difference, ...]:
    """Every difference, in the order in which a definition is read; none between definitions that mean the same."""
    return (
        *_title(before, after),
        *_population(before.population, after.population, "population", _Where()),
        *_scope(before.scope, after.scope),
        *_filters(before.filters, after.filters),
        *_protection(before.protection, after.protection),
        *_design(before, after),
    )


def _told(part: str, change: Change, say: Say) -> Difference:
    return Difference(part, change, say("fr"), say("en"))


def _becomes(old: Say, new: Say, start: Say) -> Say:
    """“Start: old becomes new.”"""

    def say(language: Language) -> str:
        joint = {"fr": "devient", "en": "becomes"}[language]
        return (
            f"{start(language)}{colon(language)} {quoted(old(language), language)} {joint} "
            f"{quoted(new(language), language)}."
        )

    return say


def _title(before: Definition, after: Definition) -> Iterator[Difference]:
    if before.title != after.title:
        start = _words("Titre modifié", "Title changed")
        yield _told("title", Change.CHANGED, _becomes(lambda _: before.title, lambda _: after.title, start))


def _words(french: str, english: str) -> Say:
    return lambda language: french if language == "fr" else english


# ---- criteria --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Where:
    """The place of a criterion in its tree: the group that holds it, and whether what satisfies it is kept out."""

    group: Group | None = None
    kept_out: bool = False
    controls: bool = False

    def inside(self, group: Group) -> "_Where":
        return _Where(group, self.kept_out, self.controls)

    def denied(self) -> "_Where":
        return _Where(self.group, not self.kept_out, self.controls)

    def phrase(self, language: Language) -> str:
        """``, parmi les critères tous exigés``; empty at the root."""
        parts = [self._group(language), *_chosen(self.kept_out, _KEPT_OUT, language)]
        return "".join(f", {part}" for part in (*parts, *_chosen(self.controls, _OF_CONTROLS, language)) if part)

    def _group(self, language: Language) -> str:
        match self.group:
            case AllOf():
                return _ALL(language)
            case AnyOf():
                return _ANY(language)
            case AtLeast(count):
                return _AT_LEAST(language).format(count=count)
            case _:
                return ""


_ALL = _words("parmi les critères tous exigés", "among the criteria that are all required")
_ANY = _words("parmi les critères dont un seul suffit", "among the criteria of which one is enough")
_AT_LEAST = _words(
    "parmi les critères dont il faut au moins {count}", "among the criteria of which at least {count} must hold"
)
_KEPT_OUT = _words("dans ce qui écarte une personne", "in what keeps a person out")
_OF_CONTROLS = _words("pour le choix des témoins", "for the choice of controls")


def _chosen(holds: bool, say: Say, language: Language) -> tuple[str, ...]:
    return (say(language),) if holds else ()


def _population(old: Criterion, new: Criterion, part: str, where: _Where) -> Iterator[Difference]:
    """What became of one criterion, with all that it holds."""
    old, new = _unwrapped(old), _unwrapped(new)
    if old == new:
        return
    if isinstance(old, Not) and isinstance(new, Not):
        yield from _population(old.criterion, new.criterion, part, where.denied())
    elif isinstance(old, GROUPS) or isinstance(new, GROUPS):
        yield from _groups(_as_group(old, new), _as_group(new, old), part, where)
    else:
        yield _told(part, Change.CHANGED, _becomes(_people(old), _people(new), _start(_CHANGED, where)))


def _as_group(criterion: Criterion, other: Criterion) -> Group:
    """A criterion alone is a group of one, of the kind of the group it is compared with."""
    if isinstance(criterion, GROUPS):
        return criterion
    return AnyOf((criterion,)) if isinstance(other, AnyOf) else AllOf((criterion,))


def _unwrapped(criterion: Criterion) -> Criterion:
    """A criterion without groups of one around it."""
    while isinstance(criterion, GROUPS) and len(criterion.criteria) == 1:
        criterion = criterion.criteria[0]
    return criterion


def _flat(group: Group) -> Group:
    """The same without groups in groups that ask for the same: all in all, one in one."""
    if isinstance(group, AtLeast):
        return group
    found: list[Criterion] = []
    for criterion in map(_unwrapped, group.criteria):
        found += _flat(criterion).criteria if isinstance(criterion, type(group)) else [criterion]
    return type(group)(tuple(found))


def _groups(old: Group, new: Group, part: str, where: _Where) -> Iterator[Difference]:
    old, new = _flat(old), _flat(new)
    if _demand(old, "en") != _demand(new, "en") and len(old.criteria) > 1 and len(new.criteria) > 1:
        demanded = _becomes(partial(_demand, old), partial(_demand, new), _start(_DEMAND, where))
        yield _told(part, Change.CHANGED, demanded)
    gone, come = _without(old.criteria, new.criteria), _without(new.criteria, old.criteria)
    inside = where.inside(new if len(new.criteria) > 1 else old)
    for criterion in gone:
        if (match := _alike(criterion, come)) is not None:
            come.remove(match)
            yield from _population(criterion, match, part, inside)
        else:
            yield _told(part, Change.REMOVED, _listed(_start(_REMOVED, inside), criterion))
    for criterion in come:
        yield _told(part, Change.ADDED, _listed(_start(_ADDED, inside), criterion))


def _demand(group: Group, language: Language) -> str:
    """How many of its criteria a group asks for."""
    if isinstance(group, AllOf):
        return "tous" if language == "fr" else "all of them"
    count = group.count if isinstance(group, AtLeast) else 1
    return f"au moins {count}" if language == "fr" else f"at least {count}"


def _without(criteria: Sequence[Criterion], others: Sequence[Criterion]) -> list[Criterion]:
    left = list(others)
    found = []
    for criterion in criteria:
        if criterion in left:
            left.remove(criterion)
        else:
            found.append(criterion)
    return found


def _alike(criterion: Criterion, others: Sequence[Criterion]) -> Criterion | None:
    """The criterion of the same kind that shares most with one that is gone, the first of those that share as much."""
    same = [other for other in others if other.TAG == criterion.TAG]
    said = set(clause(criterion, "en").split())
    return max(same, key=lambda other: len(said & set(clause(other, "en").split())), default=None)


_ADDED = _words("Critère ajouté", "Criterion added")
_REMOVED = _words("Critère retiré", "Criterion removed")
_CHANGED = _words("Critère modifié", "Criterion changed")
_DEMAND = _words("Nombre de critères exigés d’un groupe", "Number of criteria required of a group")


_WHO = _words("les personnes qui", "people who")


def _start(start: Say, where: _Where) -> Say:
    return lambda language: f"{start(language)}{where.phrase(language)}"


def _people(criterion: Criterion) -> Say:
    return lambda language: f"{_WHO(language)} {clause(criterion, language)}"


def _listed(start: Say, criterion: Criterion) -> Say:
    return lambda language: f"{start(language)}{colon(language)} {_people(criterion)(language)}."


# ---- tables, period, filters -----------------------------------------------------------------------------------------


def _scope(old: Scope, new: Scope) -> Iterator[Difference]:
    if old.period != new.period:
        start = _words("Période des soins livrés modifiée", "Period of delivered care changed")
        yield _told("scope", Change.CHANGED, _becomes(old.period.phrase, new.period.phrase, start))
    for name in sorted({*old.tables, *new.tables}):
        yield from _table(name, old.tables.get(name, ()), new.tables.get(name, ()))


def _table(name: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Difference]:
    if not old or not new:
        words = _words("Table ajoutée", "Table added") if new else _words("Table retirée", "Table removed")
        yield _told("scope", Change.ADDED if new else Change.REMOVED, _columns(words, name, new or old))
        return
    gone, come = sorted(set(old) - set(new)), sorted(set(new) - set(old))
    for change, columns in ((Change.REMOVED, gone), (Change.ADDED, come)):
        if columns:
            yield _told("scope", change, _columns(_COLUMNS[change], name, columns))


_COLUMNS = {
    Change.ADDED: _words("Variables ajoutées à la table", "Variables added to the table"),
    Change.REMOVED: _words("Variables retirées de la table", "Variables removed from the table"),
}


def _columns(words: Say, name: str, columns: Sequence[str]) -> Say:
    def say(language: Language) -> str:
        table = CATALOGUE.table(name)
        title = f"{quoted(table.title(language), language)} " if table else ""
        return f"{words(language)} {title}({name}){colon(language)} {listing(columns, language, 'and')}."

    return say


def _filters(old: Sequence[Filter], new: Sequence[Filter]) -> Iterator[Difference]:
    for chosen in Filter:
        if (chosen in old) != (chosen in new):
            applied = chosen in new
            change, words = (Change.ADDED, _APPLIED) if applied else (Change.REMOVED, _LIFTED)
            yield _told("filters", change, _of_filter(words, chosen))


_APPLIED = _words("Filtre de qualité désormais appliqué, qui retire", "Quality filter applied from now on, removing")
_LIFTED = _words("Filtre de qualité levé, sont conservés", "Quality filter lifted, keeping")


def _of_filter(words: Say, chosen: Filter) -> Say:
    return lambda language: f"{words(language)}{colon(language)} {FILTERS[chosen].removes(language)}."


# ---- options ---------------------------------------------------------------------------------------------------------


def _protection(old: Protection, new: Protection) -> Iterator[Difference]:
    yield from _option("protection", _SAMPLE, Protection(old.one_in).sentence, Protection(new.one_in).sentence)
    for family in Family:
        if old.level(family) != new.level(family):
            yield _told("protection", Change.CHANGED, _precision(family, old, new))
    yield from _option("protection", _SHIFT, Protection(shift=old.shift).sentence, Protection(shift=new.shift).sentence)


def _precision(family: Family, old: Protection, new: Protection) -> Say:
    def level(protection: Protection) -> Say:
        chosen = protection.level(family)
        return _EXACT if chosen is None else lambda language: LEVEL_WORDS[language][chosen]

    french, english = FAMILY_TITLES[family]
    return _becomes(level(old), level(new), _words(f"Précision modifiée ({french})", f"Precision changed ({english})"))


def _design(before: Definition, after: Definition) -> Iterator[Difference]:
    old, new = before.design, after.design
    yield from _option("design", _CARE, _sentence(old.care), _sentence(new.care))
    if old.controls and new.controls:
        bare = [_sentence(replace(one, among=None)) for one in (old.controls, new.controls)]
        yield from _option("design", _CONTROLS, *bare)
        yield from _among(old.controls.among, new.controls.among)
    else:
        yield from _option("design", _CONTROLS, _sentence(old.controls), _sentence(new.controls))


def _among(old: Criterion | None, new: Criterion | None) -> Iterator[Difference]:
    """What became of who may be a control."""
    where = _Where(controls=True)
    if old and new:
        yield from _population(old, new, "design", where)
    elif old:
        yield _told("design", Change.REMOVED, _listed(_start(_REMOVED, where), old))
    elif new:
        yield _told("design", Change.ADDED, _listed(_start(_ADDED, where), new))


def _sentence(part: Care | Controls | None) -> Say:
    return part.sentence if part else lambda language: ""


def _option(part: str, name: Say, old: Say, new: Say) -> Iterator[Difference]:
    """What became of something that is said in a sentence of its own, empty where it is absent."""
    if old("en") == new("en"):
        return
    if old("en") and new("en"):
        yield _told(part, Change.CHANGED, _becomes(_bare(old), _bare(new), _option_words("modifiée", "changed", name)))
    elif new("en"):
        yield _told(part, Change.ADDED, _followed(_option_words("ajoutée", "added", name), new))
    else:
        yield _told(part, Change.REMOVED, _followed(_option_words("retirée", "removed", name), old))


def _option_words(french: str, english: str, name: Say) -> Say:
    return _words(f"Option {french} ({name('fr')})", f"Option {english} ({name('en')})")


def _followed(start: Say, said: Say) -> Say:
    return lambda language: f"{start(language)}{colon(language)} {said(language)}"


def _bare(said: Say) -> Say:
    return lambda language: said(language).rstrip(".")


_SAMPLE = _words("tirage", "sampling")
_SHIFT = _words("décalage des dates", "shift of dates")
_CARE = _words("soins autour de la date index", "care around the index date")
_CONTROLS = _words("témoins", "controls")
_EXACT = _words("telle quelle", "as it is")
