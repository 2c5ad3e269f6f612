"""What a form is made of: pages, fields, conditions, words in both languages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Content = Mapping[str, Any]
Contents = Mapping[str, Content]


class Kind(StrEnum):
    """What a field holds, hence how it is asked for and checked."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    CONFIRMATION = "confirmation"
    DATE = "date"
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
    """A field is asked for only when another field, of any page, holds this value."""

    page: str
    field: str
    equals: str

    def holds(self, contents: Contents) -> bool:
        """Whether the other field holds the value."""
        return bool(contents.get(self.page, {}).get(self.field) == self.equals)


@dataclass(frozen=True)
class Choice:
    """One possible answer."""

    value: str
    label: Text


@dataclass(frozen=True)
class Field:
    """One thing asked. Dates are ISO 8601; `earliest` and `not_before` (another date field of the page) bound them."""

    name: str
    kind: Kind
    label: Text
    help: Text = NO_TEXT
    required: bool = True
    max_length: int = 0
    choices: tuple[Choice, ...] = ()
    when: Condition | None = None
    earliest: str = ""
    not_before: str = ""
    longest_years: int = 0

    def is_asked(self, contents: Contents) -> bool:
        """Whether the answers given so far make this field appear."""
        return self.when is None or self.when.holds(contents)


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


@dataclass(frozen=True)
class Specification:
    """All pages, in the order of the form."""

    version: int
    pages: tuple[PageSpec, ...]

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
