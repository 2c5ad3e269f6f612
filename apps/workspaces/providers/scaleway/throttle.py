"""A budget of requests: how fast this process may ask, so that all of them together stay under the organisation's."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TokenBucket:
    """`rate` requests a second, `burst` at once. It never waits, but for those who ask `patiently`: it says how long to
    stay away.

    One per process. Scaleway counts by organisation: give each process its share of what the organisation may ask
    (HDH_SCALEWAY_RATE; two provision workers of two processes each and one beat: a fifth).
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._here, self._sleep = threading.local(), sleep
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._left, self._at, self._lock = float(burst), clock(), threading.Lock()

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """Within, this thread waits for its tokens: for sweeps, which ask more at once than there may be, and for which
        no step waits."""
        self._here.patient = True
        try:
            yield
        finally:
            self._here.patient = False

    def take(self) -> float:
        """Take one token: 0, or the seconds after which there is one."""
        wait = self._take()
        while wait and getattr(self._here, "patient", False):
            self._sleep(wait)
            wait = self._take()
        return wait

    def _take(self) -> float:
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return (1 - self._left) / self._rate
            self._left -= 1
            return 0.0
