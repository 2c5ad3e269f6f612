"""On which days an entitlement holds."""

from datetime import date

import pytest

from apps.projects.rules import entitlement_holds

START, END = date(2027, 1, 1), date(2027, 12, 31)


@pytest.mark.parametrize(
    ("status", "today", "holds"),
    [
        ("active", date(2026, 12, 31), False),
        ("active", START, True),
        ("active", END, True),
        ("active", date(2028, 1, 1), False),
        ("suspended", START, False),
        ("closed", START, False),
    ],
)
def test_data_may_be_used_by_an_active_project_between_both_dates(status, today, holds):
    assert entitlement_holds(project_status=status, starts_on=START, ends_on=END, today=today) is holds
