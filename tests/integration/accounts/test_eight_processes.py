"""The limits of attempts hold for real processes that try at the same moment."""

import multiprocessing
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from apps.accounts.models import Throttle
from apps.accounts.rules import BackOff
from apps.accounts.throttling import Counter, TooManyAttempts, attempt_begin

PROCESSES, TRIES, FREE = 8, 12, 20
LIMIT = BackOff(free=FREE, first=timedelta(minutes=5), ceiling=timedelta(minutes=5), forget=timedelta(hours=1))


def _try(start: Any, granted: Any) -> None:
    start.wait(timeout=30)
    for _ in range(TRIES):
        try:
            attempt_begin(Counter("eight", LIMIT))
        except TooManyAttempts:
            continue
        with granted.get_lock():
            granted.value += 1
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_eight_processes_together_are_granted_one_attempt_beyond_the_free_ones_at_most() -> None:
    processes = multiprocessing.get_context("fork")
    start, granted = processes.Barrier(PROCESSES), processes.Value("i", 0)
    connection.close()  # a connection is no thing to share with a child
    children = [processes.Process(target=_try, args=(start, granted)) for _ in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join(timeout=60)
    assert [child.exitcode for child in children] == [0] * PROCESSES
    assert FREE <= granted.value <= FREE + 1
    assert Throttle.objects.get(key="eight").failures == granted.value
