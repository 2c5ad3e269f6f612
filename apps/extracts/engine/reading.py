"""Strict reading of JSON: every problem is collected with its path, nothing unknown is let through."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from .problems import Problem

JSON = None | bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"]
T = TypeVar("T")


class Reader:
    """Collects problems while a JSON value is turned into typed objects.

    A method that cannot read returns ``None`` after it noted why, so that reading goes on and finds the rest.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, path: str, code: str, message_fr: str, message_en: str) -> None:
        """Keep one problem."""
        self.problems.append(Problem(path, code, message_fr, message_en))

    def mapping(
        self, value: object, path: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> Mapping[str, object] | None:
        """An object with exactly these keys; unknown and missing keys are problems."""
        if not isinstance(value, Mapping):
            self.note(path, "not_an_object", "un objet JSON est attendu ici", "a JSON object is expected here")
            return None
        known = {*required, *optional}
        for key in value:
            if key not in known:
                self.note(f"{path}.{key}", "unknown_key", f"clé inconnue «\u00a0{key}\u00a0»", f"unknown key “{key}”")
        missing = [key for key in required if key not in value]
        for key in missing:
            self.note(
                f"{path}.{key}", "missing_key", f"la clé «\u00a0{key}\u00a0» manque", f"the key “{key}” is missing"
            )
        return None if missing else value

    def items(self, value: object, path: str, read: Callable[[object, str], T | None]) -> tuple[T, ...] | None:
        """A non-empty list whose every item ``read`` accepts."""
        if not isinstance(value, list) or not value:
            self.note(path, "not_a_list", "une liste non vide est attendue ici", "a non-empty list is expected here")
            return None
        found = [read(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return None if any(item is None for item in found) else tuple(item for item in found if item is not None)

    def whole_number(self, value: object, path: str, low: int, high: int) -> int | None:
        """An integer from ``low`` to ``high``, both included (``true`` is not a number)."""
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.note(
            path,
            "bad_number",
            f"un nombre entier de {low} à {high} est attendu ici",
            f"a whole number from {low} to {high} is expected here",
        )
        return None

    def text(self, value: object, path: str, longest: int) -> str | None:
        """A string that is not blank, of ``longest`` characters at most."""
        if isinstance(value, str) and value.strip() and len(value) <= longest:
            return value
        self.note(
            path,
            "bad_text",
            f"un texte non vide de {longest} caractères au plus est attendu ici",
            f"a non-empty text of at most {longest} characters is expected here",
        )
        return None

    def choice(self, value: object, path: str, among: Sequence[str]) -> str | None:
        """One of these strings."""
        if isinstance(value, str) and value in among:
            return value
        allowed = ", ".join(among)
        self.note(path, "bad_choice", f"une valeur parmi {allowed} est attendue ici", f"expected one of: {allowed}")
        return None

    def day(self, value: object, path: str) -> date | None:
        """A calendar date written ``YYYY-MM-DD``, from 1900 to 2100."""
        try:
            day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
        except ValueError:
            day = None
        if day is None or not 1900 <= day.year <= 2100:
            self.note(
                path,
                "bad_date",
                "une date au format AAAA-MM-JJ est attendue ici",
                "a date written YYYY-MM-DD is expected here",
            )
            return None
        return day
