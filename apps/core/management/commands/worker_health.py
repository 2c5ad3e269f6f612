"""`manage.py worker_health`: whether the workers of every queue answer and the outbox is not falling behind."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.utils import Error as DatabaseError
from kombu.exceptions import OperationalError

from apps.core.selectors import outbox_delay

QUEUES = ("default", "extract", "provision")
ANSWER_SECONDS = 1.0
LONGEST_DELAY = timedelta(minutes=1)


class Command(BaseCommand):
    help = "Exit 0 when a worker serves each queue and no due work waits for more than a minute; else 1, in sentences."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="wait so long for all to be well")

    def handle(self, *args: Any, wait: float = 0, **options: Any) -> None:
        deadline = time.monotonic() + wait
        while problems := list(find_problems()):
            if time.monotonic() >= deadline:
                raise CommandError("\n".join(problems))
            connection.close()
        self.stdout.write(f"Workers answer on {', '.join(QUEUES)}; no due work waits.")


def find_problems() -> Iterator[str]:
    """What is wrong with the workers, a sentence each."""
    try:
        served = served_queues()
    except (OperationalError, OSError):
        yield "The broker does not answer: no worker can be rung; the sweep finds the work once it is back."
    else:
        yield from (f"No worker answers for the queue {queue}." for queue in QUEUES if queue not in served)
    try:
        delay = outbox_delay()
    except DatabaseError:
        yield "The database does not answer."
    else:
        if delay > LONGEST_DELAY:
            yield f"Due work has been waiting for {delay.total_seconds():.0f} s."


def served_queues() -> set[str]:
    """The queues for which a worker answers within a second. Raises OperationalError when the broker is away."""
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
        inspect = current_app.control.inspect(timeout=ANSWER_SECONDS, limit=len(QUEUES), connection=broker)
        answers = inspect.active_queues() or {}
    return {queue["name"] for queues in answers.values() for queue in queues}
