"""What can be wrong with a definition, a source or a delivery, said in French and in English."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct.

    ``path`` is a JSON path in a definition (``$.population.all_of[0].stay``) or a file name in a delivery.
    ``code`` is stable and meant for programs; the two messages are meant for people.
    """

    path: str
    code: str
    message_fr: str
    message_en: str

    def message(self, language: str) -> str:
        """The message in ``"fr"`` or ``"en"``."""
        return self.message_fr if language == "fr" else self.message_en

    def __str__(self) -> str:
        return f"{self.path}: {self.message_en} / {self.message_fr}"


class EngineError(Exception):
    """Anything the engine refuses, with words that a person can act on."""


class DefinitionError(EngineError):
    """The definition cannot be read; ``problems`` lists everything that is wrong, not only the first thing."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SourceError(EngineError):
    """The source copy is missing, truncated, changed or not of the expected shape; ``file`` names the culprit."""

    def __init__(self, file: str, what: str) -> None:
        self.file = file
        super().__init__(f"{file}: {what}")


class DeliveryError(EngineError):
    """The place of delivery cannot be used (it holds something else)."""


class KeyFileError(EngineError):
    """The master key cannot be used (too short, unreadable)."""
