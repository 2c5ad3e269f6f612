"""Days in words."""

from datetime import date, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

from apps.core.dates import in_words

FIRST = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("language", "day", "style", "words"),
    [
        ("fr", FIRST, "DATE_FORMAT", "1er décembre 2026"),
        ("fr", date(2026, 12, 11), "DATE_FORMAT", "11 décembre 2026"),
        ("fr", date(2026, 12, 21), "DATE_FORMAT", "21 décembre 2026"),
        ("fr", FIRST, "SHORT_DATE_FORMAT", "01/12/2026"),
        ("en", FIRST, "DATE_FORMAT", "Dec. 1, 2026"),
    ],
)
def test_french_counts_the_first_of_a_month(language: str, day: date, style: str, words: str) -> None:
    with translation.override(language):
        assert in_words(day, style) == words
        assert rendered(day, style) == words


def test_a_moment_of_the_first_of_a_month_keeps_its_hour() -> None:
    with translation.override("fr"):
        moment = datetime(2026, 8, 1, 1, 11, tzinfo=timezone.get_default_timezone())
        assert rendered(moment, "DATETIME_FORMAT") == "1er août 2026 01:11"


def test_what_is_no_date_stays_blank() -> None:
    assert rendered(None, "DATE_FORMAT") == ""


def rendered(value: date | None, style: str) -> str:
    """As every template shows it, without asking for anything."""
    return engines["django"].from_string("{{ value|date:style }}").render({"value": value, "style": style})
