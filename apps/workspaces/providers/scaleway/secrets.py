"""Values that must not appear anywhere: they print as nothing, and only `reveal()` gives them away."""

import base64
from dataclasses import dataclass


class Hidden:
    """A secret text. Its repr, str and pickle say nothing; it is compared like the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for a header or a signature, never for a message."""
        return self._text

    def __repr__(self) -> str:
        return "<hidden>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a hidden text is not to be stored")


@dataclass(frozen=True)
class Key:
    """An API key: its name may be seen, its secret not."""

    access: str
    secret: Hidden


@dataclass(frozen=True)
class DataKey:
    """256 bits for one workspace's objects or volume, opened; at rest it exists only wrapped."""

    text: Hidden

    def raw(self) -> bytes:
        return base64.b64decode(self.text.reveal())
