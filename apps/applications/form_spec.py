"""What a form is made of: pages, fields, conditions, words in both languages. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

Content = Mapping[str, Any]
Contents = Mapping[str, Content]
# Not a page: what the dossier itself is, which conditions may speak of as if it had been typed (its path).
PROCEDURE = "procedure"


class Kind(StrEnum):
    """What a field holds, hence how it is asked for and checked."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    CONFIRMATION = "confirmation"
    DATE = "date"
    GROUP = "group"
    POPULATION = "population"
    SCOPE = "scope"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Text:
    """The same words in French and in English."""

    fr: str
    en: str

    def in_language(self, language: str) -> str:
        """The words in `language` ("fr" or "en", possibly with a region); French for any other."""
        return self.en if language.startswith("en") else self.fr


NO_TEXT = Text("", "")


@dataclass(frozen=True)
class Condition:
    """A field is asked for only when another field, of any page, holds one of these values."""

    page: str
    field: str
    among: frozenset[str]

    def holds(self, contents: Contents) -> bool:
        """Whether the other field holds one of the values."""
        value = contents.get(self.page, {}).get(self.field)
        return isinstance(value, str) and value in self.among


@dataclass(frozen=True)
class Choice:
    """One possible answer."""

    value: str
    label: Text


@dataclass(frozen=True)
class Field:
    """One thing asked. Dates are ISO 8601; `earliest` and `not_before` (another date field of the page) bound them.

    `least` and `most` bound a number, and the rows of a group, whose `columns` are fields themselves. `published` is
    shown in the public directory; `translates` names the field of which this one is the English version.
    """

    name: str
    kind: Kind
    label: Text
    help: Text = NO_TEXT
    example: Text = NO_TEXT
    required: bool = True
    required_when: Condition | None = None
    max_length: int = 0
    choices: tuple[Choice, ...] = ()
    when: Condition | None = None
    earliest: str = ""
    not_before: str = ""
    longest_years: int = 0
    least: int = 0
    most: int = 0
    columns: tuple["Field", ...] = ()
    published: bool = False
    translates: str = ""

    def is_asked(self, contents: Contents) -> bool:
        """Whether the answers given so far make this field appear."""
        return self.when is None or self.when.holds(contents)

    def is_required(self, contents: Contents) -> bool:
        """Whether an answer is demanded, given the others: `required`, and `required_when` if there is one."""
        return self.required and (self.required_when is None or self.required_when.holds(contents))


@dataclass(frozen=True)
class PageSpec:
    """One page of the form."""

    key: str
    title: Text
    intro: Text
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of this name. Raises KeyError when the page has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def cell(self, name: str) -> tuple[Field, int, Field] | None:
        """The group, the row from 0 and the column that the name of a cell ("funders-0-name") stands for, if any."""
        parts = name.split("-")
        if len(parts) != 3 or not parts[1].isdigit():
            return None
        found = next((field for field in self.fields if field.name == parts[0] and field.kind is Kind.GROUP), None)
        column = next((column for column in found.columns if column.name == parts[2]), None) if found else None
        return (found, int(parts[1]), column) if found and column else None


@dataclass(frozen=True)
class Specification:
    """All pages, in the order of the form. `paths` are those it is for (none: any), from the day `in_force_from`."""

    version: int
    title: Text
    pages: tuple[PageSpec, ...]
    in_force_from: date
    paths: frozenset[str] = frozenset()

    def page(self, key: str) -> PageSpec:
        """The page of this key. Raises KeyError when the form has none."""
        for page in self.pages:
            if page.key == key:
                return page
        raise KeyError(key)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the pages, in the order of the form."""
        return tuple(page.key for page in self.pages)

    def published(self) -> Iterator[tuple[PageSpec, Field]]:
        """The fields that the public directory shows, in the order of the form."""
        for page in self.pages:
            for field in page.fields:
                if field.published:
                    yield page, field

    def is_for(self, path: str, day: date) -> bool:
        """Whether a dossier of this path may be started with this form on this day."""
        return self.in_force_from <= day and (not self.paths or path in self.paths)


def cell_name(group: Field, row: int, column: Field) -> str:
    """The name of a cell in a form, and in what is said to be missing."""
    return f"{group.name}-{row}-{column.name}"


def rows_of(group: Field, content: Content) -> tuple[Content, ...]:
    """The rows of a group as they were typed, blank ones included."""
    rows = content.get(group.name)
    return tuple(rows) if isinstance(rows, list) else ()


def filled_rows(group: Field, content: Content) -> tuple[tuple[int, Content], ...]:
    """The rows of a group that hold anything, each with its number from 0."""
    return tuple((number, row) for number, row in enumerate(rows_of(group, content)) if any(row.values()))
