"""The audit log under load: 8 clients, transactions of 20 ms, beside a plain append table, with the sealer at work."""

import gc
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.db import connection, transaction

from apps.audit.services import event_record
from tests.factories.audit import Log

CLIENTS = 8
WORK_SECONDS = 0.020
TURNS = 12
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


@dataclass(frozen=True)
class Turn:
    """One turn of both kinds of transactions, one right after the other."""

    rates: dict[str, float]
    p95: dict[str, float]

    @property
    def ratio(self) -> float:
        return self.rates["audited"] / self.rates["plain"]

    @property
    def added_ms(self) -> float:
        return (self.p95["audited"] - self.p95["plain"]) * 1000


def overhead(log: Log, seconds: float) -> dict[str, Any]:
    """What auditing adds, and the seal's lag meanwhile.

    Both kinds take many short turns, and the median turn counts: what else the machine does for a moment weighs on one
    turn, not on the result.
    """
    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
    with _Sealing(log):
        turns = [_turn(seconds / TURNS) for _ in range(TURNS)]
    lags = _lags(log)
    return {
        "ratio": statistics.median(turn.ratio for turn in turns),
        "p95_added_ms": statistics.median(turn.added_ms for turn in turns),
        "seal_lag_p99_s": statistics.quantiles(lags, n=100)[98],
        "seal_lag_max_s": max(lags),
        "ratio_of_each_turn": [round(turn.ratio, 3) for turn in turns],
        "p95_added_ms_of_each_turn": [round(turn.added_ms, 2) for turn in turns],
        "plain_per_second": round(statistics.median(turn.rates["plain"] for turn in turns), 1),
        "plain_p95_ms": round(statistics.median(turn.p95["plain"] for turn in turns) * 1000, 2),
        "events": len(lags),
    }


def _turn(seconds: float) -> Turn:
    rates, p95 = {}, {}
    for name, one in (("plain", plain), ("audited", audited)):
        rates[name], taken = _clients(one, seconds)
        p95[name] = statistics.quantiles(taken, n=100)[94]
    return Turn(rates, p95)


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
