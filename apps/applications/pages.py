"""The forms of a dossier, read from data files: which fields, of which kind, required when. Pure but for the reading.

A form is a file `specifications/*.json`, checked against `specifications/schema.json` and for what a schema cannot say.
A dossier keeps the version it was started with, so that a later file changes nothing to it; a form to come (the
templates of the European Health Data Space) is one more file, with its paths and the day from which it is in force.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from apps.applications.form_spec import PROCEDURE, Choice, Condition, Field, Kind, PageSpec, Specification, Text

FOLDER = Path(__file__).parent / "specifications"
SCHEMA = "schema.json"
# What a column of a group may be: something that is typed in one place.
CELL_KINDS = frozenset({Kind.TEXT, Kind.NUMBER, Kind.CHOICE, Kind.DATE})


class FormFileError(ValueError):
    """A data file is no form; the message says where and why, every problem at once."""


def loaded(folder: Path) -> dict[int, Specification]:
    """The forms of a folder by version. Raises FormFileError."""
    schema = Draft202012Validator(json.loads((folder / SCHEMA).read_text()))
    found: dict[int, Specification] = {}
    for file in sorted(folder.glob("*.json")):
        if file.name == SCHEMA:
            continue
        data = json.loads(file.read_text())
        problems = [f"{error.json_path}: {error.message}" for error in schema.iter_errors(data)]
        problems = problems or list(_problems(made := _specification(data)))
        if problems:
            raise FormFileError(f"{file.name}: " + "; ".join(problems))
        if made.version in found:
            raise FormFileError(f"{file.name}: the version {made.version} is that of another file")
        found[made.version] = made
    return found


def _specification(data: Mapping[str, Any]) -> Specification:
    return Specification(
        version=data["version"],
        title=Text(**data["title"]),
        pages=tuple(_page(page) for page in data["pages"]),
        in_force_from=date.fromisoformat(data["in_force_from"]),
        paths=frozenset(data.get("paths", ())),
    )


def _page(data: Mapping[str, Any]) -> PageSpec:
    fields = tuple(_field(field) for field in data["fields"])
    return PageSpec(data["key"], Text(**data["title"]), Text(**data["intro"]), fields)


def _field(data: Mapping[str, Any]) -> Field:
    plain = {name: value for name, value in data.items() if name not in _READERS}
    return Field(**plain, **{name: read(data[name]) for name, read in _READERS.items() if name in data})


def _text(data: Mapping[str, str]) -> Text:
    return Text(**data)


def _condition(data: Mapping[str, Any]) -> Condition:
    return Condition(data["page"], data["field"], frozenset(data["in"]))


_READERS: Mapping[str, Any] = {
    "kind": Kind,
    "label": _text,
    "help": _text,
    "example": _text,
    "choices": lambda data: tuple(Choice(choice["value"], _text(choice["label"])) for choice in data),
    "when": _condition,
    "required_when": _condition,
    "columns": lambda data: tuple(_field(column) for column in data),
}


def _problems(spec: Specification) -> Iterator[str]:
    """What a schema cannot say: names once, and every name that is referred to."""
    yield from (f"the page {key} comes twice" for key, times in Counter(spec.keys).items() if times > 1)
    for page in spec.pages:
        names = [field.name for field in page.fields]
        yield from (f"{page.key}.{name} comes twice" for name, times in Counter(names).items() if times > 1)
        for field in page.fields:
            yield from (f"{page.key}.{field.name} {problem}" for problem in _field_problems(spec, page, field))


def _field_problems(spec: Specification, page: PageSpec, field: Field) -> Iterator[str]:
    dates = {other.name for other in page.fields if other.kind is Kind.DATE}
    if field.not_before and field.not_before not in dates:
        yield f"is bound to {field.not_before}, which is no date of the page"
    if field.translates and field.translates not in {other.name for other in page.fields}:
        yield f"translates {field.translates}, which is not on the page"
    for condition in (field.when, field.required_when):
        if condition and condition.page != PROCEDURE and not _exists(spec, condition):
            yield f"depends on {condition.page}.{condition.field}, which does not exist or has no such answer"
    for column in field.columns:
        if column.kind not in CELL_KINDS or column.when:
            yield f"has the column {column.name}, which no cell can hold"


def _exists(spec: Specification, condition: Condition) -> bool:
    fields = [field for page in spec.pages if page.key == condition.page for field in page.fields]
    named = [field for field in fields if field.name == condition.field]
    answers = {choice.value for field in named for choice in field.choices}
    return condition.among <= answers | ({"yes"} if any(field.kind is Kind.CONFIRMATION for field in named) else set())


SPECIFICATIONS: Mapping[int, Specification] = loaded(FOLDER)
CURRENT = max(version for version, spec in SPECIFICATIONS.items() if not spec.paths)
LONGEST_TITLE = 200


def specification(version: int = CURRENT) -> Specification:
    """The specification of this version. Raises KeyError for one that never was."""
    return SPECIFICATIONS[version]


def current_version() -> int:
    """The form of a dossier about which nothing else is known."""
    return CURRENT


def version_for(path: str, day: date) -> int:
    """The form with which a dossier of this path is started on this day: one made for the path before the general one.

    The latest of several. Raises KeyError when no form is in force for the path.
    """
    fitting = [spec for spec in SPECIFICATIONS.values() if spec.is_for(path, day)]
    if not fitting:
        raise KeyError(path)
    return max(fitting, key=lambda spec: (bool(spec.paths), spec.in_force_from, spec.version)).version
