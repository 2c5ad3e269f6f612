"""The scheduler of beat, which goes on when the clock is put back."""

from typing import Any

from celery.beat import PersistentScheduler

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


def _seconds_ahead(entry: Any) -> float:
    return float((entry.last_run_at - entry.default_now()).total_seconds())
