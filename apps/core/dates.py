"""Days in words, as each language writes them: French counts the first of a month, « 1er décembre »."""

import re
from datetime import date
from typing import Any

from django.template import Library, defaultfilters
from django.utils import formats, translation

register = Library()
# A lone 1 before the name of a month.
_FIRST = re.compile(r"(?<!\d)1(?=[ \u00a0][^\W\d])")


def in_words(day: date, style: str = "DATE_FORMAT") -> str:
    """A day, or a moment, in a style of the language in force (the names of Django's formats)."""
    return _numbered(formats.date_format(day, style))


@register.filter("date", expects_localtime=True, is_safe=False)
def date_filter(value: Any, style: str | None = None) -> str:
    """Django's filter of that name; blank for what is no date."""
    return _numbered(str(defaultfilters.date(value, style)))


def _numbered(text: str) -> str:
    return _FIRST.sub("1er", text, count=1) if translation.get_language() == "fr" else text
