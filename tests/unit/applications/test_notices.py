"""When the e-mail of a notice leaves."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from apps.applications.services.corresponding import due_at, person_and_moment

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("preference", "now", "due"),
    [
        ("soon", datetime(2026, 3, 2, 10, 1, tzinfo=PARIS), datetime(2026, 3, 2, 10, 5, tzinfo=PARIS)),
        ("soon", datetime(2026, 3, 2, 10, 4, 59, tzinfo=PARIS), datetime(2026, 3, 2, 10, 5, tzinfo=PARIS)),
        ("soon", datetime(2026, 3, 2, 10, 5, tzinfo=PARIS), datetime(2026, 3, 2, 10, 10, tzinfo=PARIS)),
        ("daily", datetime(2026, 3, 2, 7, 29, tzinfo=PARIS), datetime(2026, 3, 2, 7, 30, tzinfo=PARIS)),
        ("daily", datetime(2026, 3, 2, 7, 30, tzinfo=PARIS), datetime(2026, 3, 3, 7, 30, tzinfo=PARIS)),
        ("daily", datetime(2026, 3, 28, 12, 0, tzinfo=PARIS), datetime(2026, 3, 29, 7, 30, tzinfo=PARIS)),
    ],
)
def test_due(preference: str, now: datetime, due: datetime) -> None:
    assert due_at(preference, now) == due


def test_the_subject_of_an_e_mail_says_whose_notices_until_when() -> None:
    person, until = person_and_moment("12345678-1234-4234-8234-123456789abc:1772442300")
    assert str(person).startswith("1234")
    assert until.timestamp() == 1772442300
