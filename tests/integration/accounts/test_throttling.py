"""Guessers are slowed down, nobody is shut out, and simultaneous attempts cannot overshoot."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone, translation

from apps.accounts import throttling
from apps.accounts.models import Throttle
from apps.accounts.rules import BackOff
from apps.accounts.tasks import forget_expired
from apps.accounts.throttling import Counter, TooManyAttempts, attempt_begin, attempt_forgiven, attempt_succeeded

TWO_FREE = BackOff(free=2, first=timedelta(seconds=10), ceiling=timedelta(minutes=5), forget=timedelta(hours=1))
COUNTER = Counter("test", TWO_FREE)


@pytest.fixture
def at() -> Callable[[datetime], object]:
    """Set the clock that the throttle reads."""
    return lambda moment: mock.patch.object(throttling.timezone, "now", return_value=moment)


def failures() -> int:
    return Throttle.objects.get(key="test").failures


@pytest.mark.django_db
def test_the_first_failures_cost_nothing_and_the_next_one_a_wait(at: Callable[[datetime], mock.Mock]) -> None:
    start = timezone.now()
    with at(start):
        for _ in range(3):
            attempt_begin(COUNTER)
        with pytest.raises(TooManyAttempts) as refused:
            attempt_begin(COUNTER, field="code")
    assert refused.value.wait == timedelta(seconds=10)
    assert refused.value.field == "code"
    assert refused.value.status == 429


@pytest.mark.django_db
def test_a_refused_attempt_is_not_counted_so_insisting_does_not_lengthen_the_wait(
    at: Callable[[datetime], mock.Mock],
) -> None:
    start = timezone.now()
    with at(start):
        for _ in range(3):
            attempt_begin(COUNTER)
    for second in range(10):
        with at(start + timedelta(seconds=second)), pytest.raises(TooManyAttempts):
            attempt_begin(COUNTER)
    with at(start + timedelta(seconds=10)):
        attempt_begin(COUNTER)
    assert failures() == 4


@pytest.mark.django_db
def test_waits_double_and_are_forgotten_after_a_while(at: Callable[[datetime], mock.Mock]) -> None:
    moment = timezone.now()
    waits = []
    for _ in range(6):
        with at(moment):
            attempt_begin(COUNTER)
        blocked = Throttle.objects.get().blocked_until
        waits.append((blocked - moment).total_seconds() if blocked else 0)
        moment = blocked or moment
    assert waits == [0, 0, 10, 20, 40, 80]
    with at(moment + TWO_FREE.forget):
        attempt_begin(COUNTER)
    assert failures() == 1


@pytest.mark.django_db
def test_success_clears_an_account_but_takes_back_only_its_own_attempt_from_an_address() -> None:
    for _ in range(3):
        attempt_begin(COUNTER)
    attempt_forgiven(COUNTER)
    assert failures() == 2
    attempt_begin(COUNTER)
    attempt_succeeded(COUNTER)
    assert failures() == 0
    attempt_forgiven(COUNTER)
    assert failures() == 0


@pytest.mark.django_db
def test_one_blocked_counter_refuses_the_attempt_on_all_and_counts_on_none() -> None:
    other = Counter("another", TWO_FREE)
    for _ in range(3):
        attempt_begin(COUNTER)
    with pytest.raises(TooManyAttempts):
        attempt_begin(COUNTER, other)
    assert not Throttle.objects.filter(key="another", failures__gt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_an_attempt_inside_a_transaction_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        attempt_begin(COUNTER)


@pytest.mark.django_db
def test_the_keys_tell_neither_e_mail_nor_address() -> None:
    attempt_begin(Counter.for_account("Marie@exemple.fr"), Counter.for_address("192.0.2.77"))
    kept = " ".join(Throttle.objects.values_list("key", flat=True))
    assert "marie" not in kept.lower()
    assert "192.0.2" not in kept


def test_capitals_and_neighbours_of_one_ipv6_network_share_their_counter() -> None:
    assert Counter.for_account("Marie@exemple.fr ") == Counter.for_account("marie@exemple.fr")
    assert Counter.for_address("2001:db8::1") == Counter.for_address("2001:db8::ffff")
    assert Counter.for_address("192.0.2.1") != Counter.for_address("192.0.2.2")


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (0.2, "Try again in 1 second.", "Réessayez dans 1 seconde."),
        (41.5, "Try again in 42 seconds.", "Réessayez dans 42 secondes."),
        (60, "Try again in 1 minute.", "Réessayez dans 1 minute."),
        (61, "Try again in 2 minutes.", "Réessayez dans 2 minutes."),
    ],
)
def test_the_message_says_when_to_try_again(seconds: float, english: str, french: str) -> None:
    for language, ending in (("en", english), ("fr", french)):
        with translation.override(language):
            assert throttling.wait_sentence(timedelta(seconds=seconds)).endswith(ending)


@pytest.mark.django_db
def test_old_counters_are_deleted_and_fresh_ones_kept() -> None:
    attempt_begin(COUNTER)
    long_ago = timezone.now() - throttling.LONGEST_MEMORY - timedelta(minutes=1)
    Throttle.objects.create(key="old", last_attempt_at=long_ago)
    forget_expired()
    assert list(Throttle.objects.values_list("key", flat=True)) == ["test"]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_attempts_never_exceed_what_is_free() -> None:
    def attempt(_: int) -> bool:
        try:
            attempt_begin(COUNTER, Counter("second", TWO_FREE))
        except TooManyAttempts:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        admitted = sum(threads.map(attempt, range(40)))
    assert admitted == TWO_FREE.free + 1


@pytest.mark.django_db
def test_failures_of_everybody_together_slow_everybody_down_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "GLOBAL_BACK_OFF", TWO_FREE)
    for number in range(3):
        attempt_begin(Counter.for_account(f"{number}@exemple.fr"), Counter.for_everybody())
    with pytest.raises(TooManyAttempts):
        attempt_begin(Counter.for_account("another@exemple.fr"), Counter.for_everybody())


@pytest.mark.django_db
def test_a_visitor_behind_a_trusted_proxy_is_counted_by_their_own_address(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    Client().post(
        "/connexion/", {"email": "x@exemple.fr", "password": "y" * 15}, headers={"X-Forwarded-For": "203.0.113.9"}
    )
    assert Throttle.objects.filter(key=Counter.for_address("203.0.113.9").key).exists()
    assert not Throttle.objects.filter(key=Counter.for_address("127.0.0.1").key).exists()
