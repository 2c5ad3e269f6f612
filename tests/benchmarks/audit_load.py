"""The audit log under load: 8 clients, transactions of 20 ms, beside a plain append table, with the sealer at work."""

import gc
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from apps.audit.services import event_record
from tests.factories.audit import Log

CLIENTS = 8
WORK_SECONDS = 0.020
ROUNDS = 4
PLAIN = """
CREATE TABLE IF NOT EXISTS bench_plain (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), actor text NOT NULL,
    action text NOT NULL, object_kind text NOT NULL, object_id text NOT NULL, data jsonb NOT NULL
)
"""
SEALER = """
import os, sys, time, django
django.setup()
from pathlib import Path
from django.utils import timezone
from apps.audit.models import Event
from apps.audit.sealing import configured_sealer
sealer = configured_sealer()
while not Path(sys.argv[1]).exists():
    began = time.monotonic()
    sealer.run()
    time.sleep(max(0, float(sys.argv[2]) - (time.monotonic() - began)))
"""
# From the moment an event was written to that of the checkpoint that seals it.
LAGS = """
SELECT extract(epoch FROM c.at - e.at)::float FROM audit_event e
JOIN audit_seal s ON s.event_id = e.id JOIN audit_checkpoint c ON s.position BETWEEN c.first AND c.last
WHERE c.sequence > %s
"""


def audited(client: int) -> None:
    """A transaction of 20 ms that leaves an event."""
    with transaction.atomic():
        _work()
        event_record(action="bench.done", actor=f"client {client}", object_kind="bench", object_id="1", data={"n": 1})


def plain(client: int) -> None:
    """The same transaction with a row in a table that nothing protects."""
    with transaction.atomic():
        _work()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_plain (actor, action, object_kind, object_id, data) VALUES (%s, %s, %s, %s, %s)",
                [f"client {client}", "bench.done", "bench", "1", '{"n": 1}'],
            )


def _work() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [WORK_SECONDS])


def overhead(log: Log, seconds: float) -> dict[str, Any]:
    """Both kinds of transactions by turns, so that other work of the machine weighs on both; and the seal's lag."""
    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
    times: dict[str, list[float]] = {"plain": [], "audited": []}
    rates: dict[str, list[float]] = {"plain": [], "audited": []}
    with _Sealing(log):
        for _ in range(ROUNDS):
            for name, one in (("plain", plain), ("audited", audited)):
                rate, taken = _clients(one, seconds / ROUNDS)
                rates[name].append(rate)
                times[name] += taken
    lags = _lags(log)
    p95 = {name: statistics.quantiles(taken, n=100)[94] * 1000 for name, taken in times.items()}
    rate = {name: statistics.mean(found) for name, found in rates.items()}
    return {
        "ratio": rate["audited"] / rate["plain"],
        "p95_added_ms": p95["audited"] - p95["plain"],
        "seal_lag_p99_s": statistics.quantiles(lags, n=100)[98],
        "seal_lag_max_s": max(lags),
        "per_second": {name: round(value, 1) for name, value in rate.items()},
        "p95_ms": {name: round(value, 2) for name, value in p95.items()},
        "events": len(lags),
    }


def _clients(one: Callable[[int], None], seconds: float) -> tuple[float, list[float]]:
    """Transactions a second of all clients together, each in a process of its own, and how long each took."""
    fork = multiprocessing.get_context("fork")
    start, taken = fork.Barrier(CLIENTS), fork.SimpleQueue()
    connection.close()
    gc.freeze()  # what the parent holds is not the clients' to look through
    clients = [fork.Process(target=_client, args=(one, number, seconds, start, taken)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    measured = [taken.get() for _ in clients]
    for client in clients:
        client.join()
    return sum(len(times) / sum(times) for times in measured), [one for times in measured for one in times]


def _client(one: Callable[[int], None], number: int, seconds: float, start: Any, taken: Any) -> None:
    times: list[float] = []
    one(number)  # connects
    start.wait()
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        one(number)
        times.append(time.monotonic() - began)
    connection.close()
    taken.put(times)


class _Sealing:
    """The sealer in a process of its own, every second as the beat calls it, for the length of a block."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._stop = log.folder.parent / f"stop-{uuid4().hex}"

    def __enter__(self) -> None:
        environment = {
            **os.environ,
            "HDH_AUDIT_KEY_FILE": str(self._log.folder.parent / "audit.key"),
            "HDH_CHECKPOINTS_DIR": str(self._log.folder),
        }
        command = [sys.executable, "-c", SEALER, str(self._stop), "1"]
        self._process = subprocess.Popen(command, env=environment)

    def __exit__(self, *_: object) -> None:
        self._stop.touch()
        self._process.wait(60)


def _lags(log: Log) -> list[float]:
    log.seal()
    with connection.cursor() as cursor:
        # The first checkpoint covers what was written while the sealer's process was starting.
        cursor.execute(LAGS, [1])
        return [float(lag) for (lag,) in cursor.fetchall()]


def verification_speed(log: Log, events: int) -> dict[str, Any]:
    """How many events a second of processor time verifies, the best of three; what was verified is intact."""
    for _ in range(events // 2_000):
        with transaction.atomic():
            for number in range(2_000):
                event_record(
                    action="bench.filled",
                    actor=str(uuid4()),
                    object_kind="application",
                    object_id=str(uuid4()),
                    dossier_id=str(uuid4()),
                    data={"hash": "0123456789abcdef" * 4, "state": "submitted", "count": number},
                )
        log.seal()
    measured = [_one_verification(log) for _ in range(3)]
    return max(measured, key=lambda one: one["events_per_core_second"])


def _one_verification(log: Log) -> dict[str, Any]:
    began, processor = time.monotonic(), time.process_time()
    found = log.verify()
    elapsed, processor = time.monotonic() - began, time.process_time() - processor
    return {
        "events": found.events,
        "checkpoints": found.until,
        "events_per_core_second": found.events / processor,
        "events_per_elapsed_second": round(found.events / elapsed),
    }
