"""The scheduler of beat, which goes on when the clock is put back, and says in one line that the broker is away."""

from typing import Any

import structlog
from celery.beat import PersistentScheduler, SchedulingError

log = structlog.get_logger(__name__)

# Less is a schedule's own rounding.
TOLERATED_SECONDS = 1.0


class SteadyScheduler(PersistentScheduler):
    """Celery's scheduler waits until the clock is again where it was at the last run: after a clock set back by an
    hour, an hour without a sweep and without a seal. This one notices, and counts from the present time."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; returns the seconds until the next thing is."""
        ahead = [entry for entry in self.schedule.values() if _seconds_ahead(entry) > TOLERATED_SECONDS]
        if ahead:
            for entry in ahead:
                entry.last_run_at = entry.default_now()
            self._heap = None  # it is ordered by times of the former clock
        return float(super().tick(*args, **kwargs))

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one message; a broker that is away costs a line of the log. (Celery writes two stacks, each second.)"""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            log.warning("bell_not_rung", task=entry.task, error=type(error.__context__ or error).__name__)


def _seconds_ahead(entry: Any) -> float:
    return float((entry.last_run_at - entry.default_now()).total_seconds())
