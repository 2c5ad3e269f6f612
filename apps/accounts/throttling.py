"""Slowing guessers down: counters in PostgreSQL rows, one for each account, address, second factor
and quarter of an hour.

An attempt is counted *before* it is made, under a row lock, and forgiven when it succeeds: so processes that try at the
same moment cannot overshoot. Refused attempts are not counted, so that nobody can keep an account shut by insisting.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Self
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import ngettext

from apps.accounts.models import Throttle, email_normalised
from apps.accounts.rules import (
    ACCOUNT_BACK_OFF,
    ADDRESS_BACK_OFF,
    ASKING_BACK_OFF,
    FACTOR_BACK_OFF,
    GLOBAL_BACK_OFF,
    BackOff,
    address_group,
    global_window,
)
from apps.accounts.sealing import keyed_digest
from apps.core.errors import RefusedError

LONGEST_MEMORY = max(ACCOUNT_BACK_OFF.forget, ADDRESS_BACK_OFF.forget, FACTOR_BACK_OFF.forget)


@dataclass(frozen=True)
class Counter:
    """What failures are counted for; the key tells neither the e-mail nor the network address."""

    key: str
    back_off: BackOff

    @classmethod
    def for_account(cls, email: str) -> Self:
        return cls(f"account:{keyed_digest(email_normalised(email), purpose='account')}", ACCOUNT_BACK_OFF)

    @classmethod
    def for_address(cls, address: str) -> Self:
        return cls(f"address:{keyed_digest(address_group(address), purpose='address')}", ADDRESS_BACK_OFF)

    @classmethod
    def for_everybody(cls) -> Self:
        """The failures of all accounts and addresses together, a quarter of an hour at a time."""
        return cls(f"global:{global_window(timezone.now())}", GLOBAL_BACK_OFF)

    @classmethod
    def for_asking(cls, email: str, address: str) -> tuple[Self, Self, Self]:
        """Those of messages that anybody may ask for: of this account, of this address, of all together."""
        account = keyed_digest(email_normalised(email), purpose="asking")
        source = keyed_digest(address_group(address), purpose="asking")
        return cls(f"asking:{account}", ASKING_BACK_OFF), cls(f"asking:{source}", ADDRESS_BACK_OFF), cls.for_everybody()

    @classmethod
    def for_factor(cls, person_id: UUID) -> Self:
        return cls(f"factor:{person_id}", FACTOR_BACK_OFF)


class TooManyAttempts(RefusedError):
    """Attempts are refused for a while. `wait` says how long; the message too."""

    status = 429

    def __init__(self, wait: timedelta, *, field: str | None = None) -> None:
        super().__init__((wait_sentence(wait),), field=field)
        self.wait = wait


def wait_sentence(wait: timedelta) -> str:
    """When to try again, rounded up to whole seconds or minutes."""
    seconds = max(1, ceil(wait.total_seconds()))
    if seconds < 60:
        template = ngettext(
            "Too many attempts. Try again in %(n)d second.", "Too many attempts. Try again in %(n)d seconds.", seconds
        )
        return template % {"n": seconds}
    minutes = ceil(seconds / 60)
    template = ngettext(
        "Too many attempts. Try again in %(n)d minute.", "Too many attempts. Try again in %(n)d minutes.", minutes
    )
    return template % {"n": minutes}


def attempt_begin(*counters: Counter, field: str | None = None) -> int:
    """Count an attempt on every counter. Gives how many the first of them now remembers in a row, this one included.

    Raises TooManyAttempts, and counts nothing, while one of them is blocked.

    Runs in a transaction of its own (RuntimeError inside another): the count must outlive the attempt's failure.
    """
    with transaction.atomic(durable=True):
        now = timezone.now()
        rows = _locked_rows(counters, now)
        blocked = [row.blocked_until for row in rows.values() if row.blocked_until and row.blocked_until > now]
        if blocked:
            raise TooManyAttempts(max(blocked) - now, field=field)
        for counter in counters:
            _count(rows[counter.key], counter.back_off, now)
        Throttle.objects.bulk_update(rows.values(), ["failures", "last_attempt_at", "blocked_until"])
    return rows[counters[0].key].failures


def attempt_succeeded(counter: Counter) -> None:
    """Start the count again: the account or factor was proven."""
    Throttle.objects.filter(key=counter.key).update(failures=0, blocked_until=None)


def attempt_forgiven(counter: Counter) -> None:
    """Take this one attempt back, and keep the earlier failures: one good visitor does not clear an address."""
    Throttle.objects.filter(key=counter.key, failures__gt=0).update(failures=F("failures") - 1, blocked_until=None)


def throttles_forget(now: datetime) -> int:
    """Delete counters nobody has touched for longer than any memory. Gives their number."""
    return Throttle.objects.filter(last_attempt_at__lt=now - LONGEST_MEMORY).delete()[0]


def _locked_rows(counters: Iterable[Counter], now: datetime) -> dict[str, Throttle]:
    """The rows of the counters, made where missing, locked in the order of their keys (no deadlock)."""
    keys = sorted(counter.key for counter in counters)
    Throttle.objects.bulk_create([Throttle(key=key, last_attempt_at=now) for key in keys], ignore_conflicts=True)
    return {row.key: row for row in Throttle.objects.select_for_update().filter(key__in=keys).order_by("key")}


def _count(row: Throttle, back_off: BackOff, now: datetime) -> None:
    failures = 0 if now - row.last_attempt_at >= back_off.forget else row.failures
    wait = back_off.wait_after(failures + 1)
    row.failures = failures + 1
    row.last_attempt_at = now
    row.blocked_until = now + wait if wait else None
