"""The fake's time: the machine's, or one that only moves when it is told to or when it is asked something."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, and what each request does to them."""

    def now(self) -> float: ...

    def on_request(self) -> None: ...

    def advance(self, seconds: float) -> None: ...


class RealClock:
    """The machine's time; it cannot be moved."""

    def now(self) -> float:
        return time.time()

    def on_request(self) -> None:
        """Real time needs no help to pass."""

    def advance(self, seconds: float) -> None:
        raise ValueError("a real clock cannot be moved: start the fake with --clock virtual")


class VirtualClock:
    """Time that starts at `start` and gains `per_request` seconds with every request: polling makes progress."""

    def __init__(self, start: float | None = None, per_request: float = 1.0) -> None:
        self._now = time.time() if start is None else start
        self.per_request = per_request

    def now(self) -> float:
        return self._now

    def on_request(self) -> None:
        self._now += self.per_request

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not go back")
        self._now += seconds


def stamp(moment: float) -> str:
    """The moment as most of the API writes it: UTC, microseconds, a Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def stamp_with_offset(moment: float) -> str:
    """The moment as the Instance API writes it: UTC, microseconds, a numeric offset."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def parse_stamp(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 moment; ValueError when it is none."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
