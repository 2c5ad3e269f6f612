"""Recorded scenarios: one complete ordered recording per line of a file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

JSON = Any


@dataclass(frozen=True)
class Step:
    """One recorded request and its answer. `host` is set for object storage; identical polls are one step.

    `begun` and `ended` are seconds since the first answer of the recording.
    """

    method: str
    path: str
    status: int
    query: list[tuple[str, str]]
    request: JSON
    response: JSON
    host: str
    begun: float = 0.0
    ended: float = 0.0

    @property
    def is_storage(self) -> bool:
        return self.host.startswith("s3.")

    @property
    def region(self) -> str:
        return self.host.split(".")[1] if self.is_storage else ""

    @property
    def has(self) -> set[str]:
        return {name for name, _ in self.query}


@dataclass(frozen=True)
class Scenario:
    """A recording with the name of its source."""

    source: str
    steps: list[Step]


def _step(fields: dict[str, JSON]) -> Step:
    return Step(
        method=fields["m"],
        path=fields["p"],
        status=fields["s"],
        query=parse_qsl(fields.get("q") or "", keep_blank_values=True),
        request=fields.get("req"),
        response=fields.get("res"),
        host=fields.get("host") or "",
        begun=float(fields.get("t") or 0),
        ended=float(fields.get("t2") or fields.get("t") or 0),
    )


def in_order_of_effect(steps: list[Step]) -> list[Step]:
    """Of two simultaneous requests of one kind, the one refused for a passing state came second, however recorded."""
    ordered = list(steps)
    for number, (first, second) in enumerate(pairwise(steps)):
        passing = isinstance(first.response, dict) and first.response.get("type") == "transient_state"
        same = (first.method, first.path) == (second.method, second.path)
        if passing and same and second.status < 300:
            ordered[number], ordered[number + 1] = second, first
    return ordered


def read_scenarios(path: Path) -> Iterator[Scenario]:
    """The scenarios of one file; ValueError names the line that cannot be read."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                fields = json.loads(line)
                yield Scenario(str(fields["src"]), in_order_of_effect([_step(step) for step in fields["steps"]]))
            except (KeyError, TypeError, ValueError) as problem:
                raise ValueError(f"{path.name}:{number}: not a scenario ({problem})") from None
