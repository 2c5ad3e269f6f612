"""What of an export of the previous platform may be taken over, what is refused and why, and how data is cut. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from apps.accounts.rules import siren_is_valid
from apps.core.rules import Action, Reason, Role

_OPERATORS = frozenset({Role.OPERATOR})
ACTIONS: tuple[Action, ...] = (
    Action("relocation.see", _OPERATORS),
    Action("relocation.download_report", _OPERATORS),
)

_LONGEST_ANSWER = 8000
MEBIBYTE = 1024**2
SMALLEST_BLOCK = 16 * MEBIBYTE
MOST_BLOCKS = 1000
"""Parts of one multipart upload that Scaleway's object storage takes (its documentation: 1,000, not S3's 10,000)."""


class Kind(StrEnum):
    """What an export holds, in the order in which it is taken over."""

    ORGANISATION = "organisation"
    PERSON = "person"
    ENTITLEMENT = "entitlement"
    PROJECT = "project"
    WORKSPACE = "workspace"


class Verdict(StrEnum):
    """What becomes of a record."""

    MAKE = "make"
    ADOPT = "adopt"  # it is here already, under the same SIREN or address: only tied to its old identifier
    KNOWN = "known"  # taken over by an earlier run
    CHANGED = "changed"  # taken over by an earlier run, and different in the export since: a person looks
    REFUSE = "refuse"


Key = tuple[Kind, str]


@dataclass(frozen=True)
class Record:
    """One line of an export: its kind, its identifier on the previous platform, its fields, and their digest."""

    kind: Kind
    old_id: str
    values: Mapping[str, Any]
    digest: str

    @property
    def key(self) -> Key:
        return (self.kind, self.old_id)


@dataclass(frozen=True)
class Here:
    """What this platform holds already. `published` names the fields of the form that a public page shows as texts
    (`page.field`), `problems_of` says what is wrong with a definition, empty when nothing is."""

    known: Mapping[Key, str]
    sirens: Collection[str]
    emails: Collection[str]
    numbers: Collection[str]
    paths: Collection[str]
    published: Collection[str]
    granter: str
    today: date
    problems_of: Callable[[Mapping[str, Any]], tuple[str, ...]]


@dataclass(frozen=True)
class Line:
    """A record with what becomes of it, and why not."""

    record: Record
    verdict: Verdict
    why: tuple[Reason, ...] = ()


# ---- shapes ---------------------------------------------------------------------------------------------------------


def is_text(value: object, longest: int = 200) -> bool:
    """Whether a value is a text that is not blank, of at most `longest` characters."""
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= longest


def is_day(value: object) -> bool:
    """Whether a value is a day as ISO 8601 writes it (2026-01-31)."""
    try:
        return isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_email(value: object) -> bool:
    local, at, domain = str(value).partition("@")
    return is_text(value, 254) and bool(local and at and "." in domain) and not set(str(value)) & set(" \t\r\n<>,;")


def _is_ids(value: object) -> bool:
    return isinstance(value, list) and all(is_text(one, 100) for one in value)


def _one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: value in choices


def _are_texts(value: object) -> bool:
    """Texts by the name of the field that they answer, as open data name it: `page.field`."""
    return isinstance(value, dict) and all(is_text(text, _LONGEST_ANSWER) for text in value.values())


def _is_mandate(value: object) -> bool:
    shapes = {"organisation": is_text, "role": _ROLE, "starts_on": is_day}
    return (
        isinstance(value, dict)
        and all(shape(value.get(name)) for name, shape in shapes.items())
        and (value.get("ends_on") is None or (is_day(value["ends_on"]) and value["ends_on"] >= value["starts_on"]))
        and isinstance(value.get("may_sign", False), bool)
    )


def _are_mandates(value: object) -> bool:
    return isinstance(value, list) and all(_is_mandate(one) for one in value)


_ROLE = _one_of("member", "signatory", "administrator")
_SHAPES: Mapping[Kind, Mapping[str, Callable[[object], bool]]] = {
    Kind.ORGANISATION: {"name": is_text, "kind": _one_of("public", "private"), "siren": is_text},
    Kind.PERSON: {
        "email": _is_email,
        "given_name": lambda value: is_text(value, 100),
        "family_name": lambda value: is_text(value, 100),
        "language": _one_of("fr", "en"),
        "mandates": _are_mandates,
    },
    Kind.ENTITLEMENT: {
        "project": is_text,
        "definition": lambda value: isinstance(value, dict),
        "starts_on": is_day,
        "ends_on": is_day,
        "decided_on": is_day,
        "decision": is_text,
    },
    Kind.PROJECT: {
        "number": lambda value: is_text(value, 20),
        "title": is_text,
        "path": is_text,
        "organisation": is_text,
        "principal_investigator": is_text,
        "members": _is_ids,
        "public": _are_texts,
    },
    Kind.WORKSPACE: {
        "project": is_text,
        "container": lambda value: is_text(value, 63),
        "prefix": lambda value: isinstance(value, str) and len(value) <= 500,
    },
}


_OPTIONAL = frozenset({"public"})


def _misshapen(record: Record) -> Iterator[Reason]:
    for name, fits in _SHAPES[record.kind].items():
        if name not in record.values:
            if name in _OPTIONAL:
                continue
            yield Reason("field_missing", {"field": name})
        elif not fits(record.values[name]):
            yield Reason("field_wrong", {"field": name})


def _address(record: Record) -> str:
    """The one spelling of a person's e-mail address."""
    return str(record.values.get("email", "")).strip().lower()


# ---- what fits together ---------------------------------------------------------------------------------------------


@dataclass
class _Plan:
    """The plan as it grows: what is here or about to be."""

    here: Here
    records: Mapping[Key, Record]
    present: set[Key] = field(default_factory=set)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def line(self, record: Record) -> Line:
        known = self.here.known.get(record.key)
        if known is not None:
            self.present.add(record.key)
            return Line(record, Verdict.KNOWN if known == record.digest else Verdict.CHANGED)
        why = tuple(_misshapen(record)) or tuple(_CHECKS[record.kind](self, record))
        if why:
            return Line(record, Verdict.REFUSE, why)
        self.present.add(record.key)
        return Line(record, Verdict.ADOPT if self._is_here(record) else Verdict.MAKE)

    def _is_here(self, record: Record) -> bool:
        if record.kind is Kind.ORGANISATION:
            return record.values["siren"] in self.here.sirens
        return record.kind is Kind.PERSON and _address(record) in self.here.emails

    def own_ids(self) -> set[str]:
        """The old identifiers of the person who imports: nobody grants themselves anything."""
        people = (one for one in self.records.values() if one.kind is Kind.PERSON)
        return {one.old_id for one in people if _address(one) == self.here.granter}

    def missing(self, kind: Kind, *ids: str) -> Iterator[Reason]:
        """Which of the things referred to are neither here nor about to be."""
        yield from (Reason("not_there", {"kind": kind, "id": one}) for one in ids if (kind, one) not in self.present)

    def twice(self, name: str, value: str) -> Iterator[Reason]:
        """Whether another record of this export has the value already, which only one may have."""
        if (name, value) in self.taken:
            yield Reason("twice", {"field": name})
        self.taken.add((name, value))


def _organisation(plan: _Plan, record: Record) -> Iterator[Reason]:
    if not siren_is_valid(record.values["siren"]):
        yield Reason("siren")
    yield from plan.twice("siren", record.values["siren"])


def _person(plan: _Plan, record: Record) -> Iterator[Reason]:
    email = _address(record)
    yield from plan.twice("email", email)
    yield from plan.missing(Kind.ORGANISATION, *(one["organisation"] for one in record.values["mandates"]))
    if email == plan.here.granter and record.values["mandates"]:
        yield Reason("own_mandate")


def _entitlement(plan: _Plan, record: Record) -> Iterator[Reason]:
    starts_on, ends_on = record.values["starts_on"], record.values["ends_on"]
    if ends_on < starts_on:
        yield Reason("dates")
    elif date.fromisoformat(ends_on) < plan.here.today:
        yield Reason("ended", {"day": ends_on})
    yield from plan.twice("project of an entitlement", record.values["project"])
    yield from (Reason("definition", {"problem": one}) for one in plan.here.problems_of(record.values["definition"]))


def _project(plan: _Plan, record: Record) -> Iterator[Reason]:
    values = record.values
    if values["path"] not in plan.here.paths:
        yield Reason("path", {"path": values["path"]})
    for name in sorted(values.get("public", {}).keys() - set(plan.here.published)):
        yield Reason("not_public", {"field": name})
    if values["number"] in plan.here.numbers:
        yield Reason("number", {"number": values["number"]})
    yield from plan.twice("number", values["number"])
    yield from plan.missing(Kind.ORGANISATION, values["organisation"])
    yield from plan.missing(Kind.PERSON, values["principal_investigator"], *values["members"])
    if plan.own_ids() & {values["principal_investigator"], *values["members"]}:
        yield Reason("own_project")
    if entitlement_of(record, plan.records.values(), plan.present) is None:
        yield Reason("no_entitlement")


def _workspace(plan: _Plan, record: Record) -> Iterator[Reason]:
    yield from plan.missing(Kind.PROJECT, record.values["project"])
    yield from plan.twice("project of a workspace", record.values["project"])


_CHECKS: Mapping[Kind, Callable[[_Plan, Record], Iterator[Reason]]] = {
    Kind.ORGANISATION: _organisation,
    Kind.PERSON: _person,
    Kind.ENTITLEMENT: _entitlement,
    Kind.PROJECT: _project,
    Kind.WORKSPACE: _workspace,
}


def entitlement_of(project: Record, records: Iterable[Record], fit: Collection[Key]) -> Record | None:
    """The entitlement of a project among the records that may be taken over."""
    for one in records:
        if one.kind is Kind.ENTITLEMENT and one.values.get("project") == project.old_id and one.key in fit:
            return one
    return None


def planned(records: Iterable[Record], here: Here) -> tuple[Line, ...]:
    """What becomes of each record, in the order in which they are taken over. A project and its entitlement are taken
    over together or not at all."""
    ordered = sorted(records, key=lambda one: list(Kind).index(one.kind))
    plan = _Plan(here, {one.key: one for one in ordered})
    seen: set[Key] = set()
    lines = []
    for record in ordered:
        again = record.key in seen
        seen.add(record.key)
        lines.append(Line(record, Verdict.REFUSE, (Reason("twice", {"field": "id"}),)) if again else plan.line(record))
    return tuple(_with_its_project(line, plan.present) for line in lines)


def _with_its_project(line: Line, present: Collection[Key]) -> Line:
    is_alone = line.record.kind is Kind.ENTITLEMENT and (Kind.PROJECT, line.record.values.get("project")) not in present
    if is_alone and line.verdict is Verdict.MAKE:
        reason = Reason("not_there", {"kind": Kind.PROJECT, "id": str(line.record.values["project"])})
        return replace(line, verdict=Verdict.REFUSE, why=(reason,))
    return line


def pages_of(project: Record, definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What an export says of the form's pages: its public texts, and the population and data of the definition."""
    pages: dict[str, dict[str, Any]] = {
        "population": {"population": definition["population"]},
        "variables": {"scope": definition["scope"]["tables"]},
        "period": {f"data_{end}": definition["scope"]["period"][end] for end in ("from", "to")},
    }
    for name, text in project.values.get("public", {}).items():
        page, _, answer = name.partition(".")
        pages.setdefault(page, {})[answer] = text
    return pages


# ---- blocks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A stretch of an object: `number` from 1, first byte and length in bytes."""

    number: int
    first: int
    length: int


def block_size(size: int) -> int:
    """The length of the blocks of an object of this size in bytes: 16 MiB, more where there would be too many."""
    least = -(-size // MOST_BLOCKS)
    return max(SMALLEST_BLOCK, -(-least // MEBIBYTE) * MEBIBYTE)


def blocks_of(size: int) -> tuple[Block, ...]:
    """The blocks of an object; none for an empty one."""
    length = block_size(size)
    firsts = range(0, size, length)
    return tuple(Block(number, first, min(length, size - first)) for number, first in enumerate(firsts, start=1))
