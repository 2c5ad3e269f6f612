"""Keys of pages in URLs: only those that some specification knows."""

from apps.applications.pages import SPECIFICATIONS


class PageKeyConverter:
    """The key of a page of the form."""

    regex = "|".join(sorted({key for spec in SPECIFICATIONS.values() for key in spec.keys}))

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
