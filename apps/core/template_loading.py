"""Pages without the indentation of their sources: a sixth of the bytes of a long one, removed when it is compiled."""

import re
from typing import Any

from django.template.loaders import app_directories, filesystem

_INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class _WithoutIndentation:
    def get_contents(self, origin: Any) -> str:
        """The source of a template; its lines keep their numbers, so that errors are still found."""
        source: str = super().get_contents(origin)  # type: ignore[misc]  # of the loader it is mixed into
        is_page = str(origin.template_name).endswith(".html")
        return _INDENTATION.sub("", source) if is_page else source


class FilesystemLoader(_WithoutIndentation, filesystem.Loader):
    """Our own templates."""


class AppLoader(_WithoutIndentation, app_directories.Loader):
    """Those of the libraries."""
