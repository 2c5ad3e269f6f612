"""Legal delays in days: working days, French public holidays, months, suspension. Pure.

Months run from a day to the same day of a later month (its last day where there is none); a delay that would end on a
Saturday, a Sunday or a public holiday ends on the next working day (code of civil procedure, articles 641 and 642).
"""

from datetime import date, timedelta
from functools import cache

import holidays

from apps.applications.policy.model import Delay, Period, Unit

ONE_DAY = timedelta(days=1)


@cache
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", years=year))


def is_working_day(day: date) -> bool:
    """Monday to Friday, public holidays of metropolitan France left out."""
    return day.weekday() < 5 and day not in _holidays_of(day.year)


def working_day_from(day: date) -> date:
    """This day if it is a working day, else the next one that is."""
    while not is_working_day(day):
        day += ONE_DAY
    return day


def working_days_after(day: date, number: int) -> date:
    """The day that many working days after `day`, which does not count itself."""
    for _ in range(number):
        day = working_day_from(day + ONE_DAY)
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after `start`, up to and including `end`; none when `end` is not later."""
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def months_after(day: date, number: int) -> date:
    """The same day of the month `number` months later, or the last day of that month."""
    month = day.month - 1 + number
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - ONE_DAY).day
    return date(year, month, min(day.day, last))


def period_end(start: date, period: Period) -> date:
    """The last day of a period that begins the day after `start`; always a working day."""
    if period.unit is Unit.WORKING_DAYS:
        return working_days_after(start, period.amount)
    if period.unit is Unit.MONTHS:
        return working_day_from(months_after(start, period.amount))
    days = period.amount * (7 if period.unit is Unit.WEEKS else 1)
    return working_day_from(start + timedelta(days=days))


def resumed_end(due_on: date, unit: Unit, stopped_on: date, resumed_on: date) -> date:
    """When a delay ends that was suspended between two days: later by as much as it stood still."""
    if unit is Unit.WORKING_DAYS:
        return working_days_after(due_on, working_days_between(stopped_on, resumed_on))
    return working_day_from(due_on + max(resumed_on - stopped_on, timedelta(0)))


def extended_end(due_on: date, delay: Delay) -> date:
    """When a delay ends once extended. Raises ValueError where no rule allows it."""
    if delay.extension is None:
        raise ValueError("this delay cannot be extended")
    return period_end(due_on, delay.extension)


def reminder_days(due_on: date, delay: Delay) -> tuple[date, ...]:
    """The days on which whoever's turn it is hears of the delay: so many working days before its end."""
    return tuple(_working_days_before(due_on, number) for number in delay.reminders)


def _working_days_before(day: date, number: int) -> date:
    for _ in range(number):
        day -= ONE_DAY
        while not is_working_day(day):
            day -= ONE_DAY
    return day
