"""When an event of a criterion counts, from person to person: which event gives the index date, which ones must stand
in a window of days around it.

The index date of a person is the day of the first, or of the last, event of the one criterion that is marked. A window
is counted in days from that date, both ends included: from -365 to -1 is the year before, the day itself left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .reading import JSON, Reader
from .words import NO_BREAK_SPACE, Language

FARTHEST = 7300
"""How many days from the index date a window may reach: twenty years."""


class Anchor(StrEnum):
    """Which event of a criterion gives the index date."""

    FIRST = "first"
    LAST = "last"


ANCHOR_WORDS: Mapping[Language, Mapping[Anchor, str]] = {
    "fr": {
        Anchor.FIRST: " (le premier de ces jours est la date index)",
        Anchor.LAST: " (le dernier de ces jours est la date index)",
    },
    "en": {
        Anchor.FIRST: " (the first of these days is the index date)",
        Anchor.LAST: " (the last of these days is the index date)",
    },
}


@dataclass(frozen=True, slots=True)
class Window:
    """Days from the index date, from ``first`` to ``last``, both included; before it they are negative."""

    first: int
    last: int

    @classmethod
    def read(cls, value: object, path: str, reader: Reader) -> "Window | None":
        """``{"from": -365, "to": -1}``."""
        found = reader.mapping(value, path, ("from", "to"))
        if found is None:
            return None
        first, last = (reader.whole_number(found[key], f"{path}.{key}", -FARTHEST, FARTHEST) for key in ("from", "to"))
        if first is None or last is None:
            return None
        if last < first:
            reader.note(
                path,
                "window_reversed",
                "la fenêtre se termine avant d’avoir commencé",
                "the window ends before it starts",
            )
            return None
        return cls(first, last)

    def to_json(self) -> JSON:
        """The same form as ``read`` takes."""
        return {"from": self.first, "to": self.last}

    def phrase(self, language: Language) -> str:
        """``de 365 jours avant à 1 jour avant la date index``, ``from 365 days before to 1 day before …``."""
        first, last = _far(self.first, language), _far(self.last, language)
        if language == "fr":
            return f"de {first} à {last} la date index"
        return f"from {first} to {last} the index date"


def _far(days: int, language: Language) -> str:
    count = abs(days)
    if language == "fr":
        side = "avant" if days < 0 else "après"
        return f"{count}{NO_BREAK_SPACE}jour{'s' if count > 1 else ''} {side}"
    return f"{count}{NO_BREAK_SPACE}day{'' if count == 1 else 's'} {'before' if days < 0 else 'after'}"


@dataclass(frozen=True, slots=True)
class Timed:
    """What every criterion on events may say besides its codes and its period."""

    index: Anchor | None = field(default=None, kw_only=True)
    within: Window | None = field(default=None, kw_only=True)

    def timing(self) -> dict[str, JSON]:
        """The keys ``index`` and ``within`` of the criterion, where it has them."""
        found: dict[str, JSON] = {}
        if self.index:
            found["index"] = self.index.value
        if self.within:
            found["within"] = self.within.to_json()
        return found

    def timing_words(self, language: Language) -> str:
        """The end of the criterion's clause."""
        around = f", {self.within.phrase(language)}" if self.within else ""
        return around + (ANCHOR_WORDS[language][self.index] if self.index else "")


def read_timing(value: object, path: str, reader: Reader) -> tuple[object, Anchor | None, Window | None]:
    """The value of a criterion without its keys ``index`` and ``within``, then what these say."""
    if not isinstance(value, Mapping):
        return value, None, None
    index = reader.choice(value["index"], f"{path}.index", list(Anchor)) if "index" in value else None
    within = Window.read(value["within"], f"{path}.within", reader) if "within" in value else None
    if index and within:
        reader.note(
            f"{path}.within",
            "window_of_index",
            "le critère qui donne la date index ne peut avoir de fenêtre autour d’elle",
            "the criterion that gives the index date cannot have a window around it",
        )
    rest = {key: item for key, item in value.items() if key not in ("index", "within")}
    return rest, Anchor(index) if index else None, within
