"""Days in words."""

from datetime import date, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

from apps.core.dates import in_words

FIRST = date(2026, 12, 1)
MOMENT = datetime(2026, 12, 1, 16, 5, tzinfo=timezone.get_default_timezone())


@pytest.mark.parametrize(
    ("language", "day", "style", "words"),
    [
        ("fr", FIRST, "DATE_FORMAT", "1er décembre 2026"),
        ("fr", date(2026, 12, 11), "DATE_FORMAT", "11 décembre 2026"),
        ("fr", date(2026, 12, 21), "DATE_FORMAT", "21 décembre 2026"),
        ("fr", FIRST, "SHORT_DATE_FORMAT", "01/12/2026"),
        ("en", FIRST, "DATE_FORMAT", "1 December 2026"),
        ("en", FIRST, "SHORT_DATE_FORMAT", "1 Dec 2026"),
        ("en", MOMENT, "SHORT_DATETIME_FORMAT", "1 Dec 2026, 16:05"),
    ],
)
def test_nobody_takes_a_month_for_a_day(language: str, day: date, style: str, words: str) -> None:
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
