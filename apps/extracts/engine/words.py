"""French and English typography: dates, lists, quantities, quotation marks."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"

MONTHS_FR = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def long_date(day: date, language: Language) -> str:
    """``1er janvier 2021`` or ``1 January 2021``."""
    if language == "fr":
        number = "1er" if day.day == 1 else str(day.day)
        return f"{number}{NO_BREAK_SPACE}{MONTHS_FR[day.month - 1]} {day.year}"
    return f"{day.day}{NO_BREAK_SPACE}{MONTHS_EN[day.month - 1]} {day.year}"


def listing(items: Sequence[str], language: Language, word: Literal["and", "or"] = "or") -> str:
    """``a, b ou c`` in French, ``a, b or c`` in English."""
    joint = {"fr": {"and": "et", "or": "ou"}, "en": {"and": "and", "or": "or"}}[language][word]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def quoted(text: str, language: Language) -> str:
    """The text between the quotation marks of the language."""
    return f"«{NO_BREAK_SPACE}{text}{NO_BREAK_SPACE}»" if language == "fr" else f"“{text}”"


def colon(language: Language) -> str:
    """A colon: French wants a no-break space before it."""
    return f"{NO_BREAK_SPACE}:" if language == "fr" else ":"


def semicolon(language: Language) -> str:
    """A semicolon: French wants a narrow no-break space before it."""
    return f"{NARROW_SPACE};" if language == "fr" else ";"
