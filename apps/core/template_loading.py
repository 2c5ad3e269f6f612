"""Pages without the indentation of their sources: a sixth of the bytes of a long one, removed when it is compiled."""

import re
from typing import Any

from django.template.loaders import app_directories, filesystem

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")
# Lines that hold nothing but tags which say nothing themselves.
_CONTROL = r"\{% ?(?:if|elif|else|endif|for|empty|endfor|with|endwith|load)\b(?:(?!%\}).)*%\}"
_CONTROL_LINE = re.compile(rf"(?<=\n)((?:{_CONTROL})+)\n")


class _WithoutIndentation:
    def get_contents(self, origin: Any) -> str:
        """The source of a template, without what only its readers need."""
        source: str = super().get_contents(origin)  # type: ignore[misc]  # of the loader it is mixed into
        return squeezed(source) if str(origin.template_name).endswith(".html") else source


def squeezed(source: str) -> str:
    """The same lines without indentation, and without the end of those that would come out blank."""
    return _CONTROL_LINE.sub(r"\1", _INDENTATION.sub("", source))


class FilesystemLoader(_WithoutIndentation, filesystem.Loader):
    """Our own templates."""


class AppLoader(_WithoutIndentation, app_directories.Loader):
    """Those of the libraries."""
