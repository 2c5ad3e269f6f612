"""Carrying out an operation's own steps on any provider, with a notebook in memory and nobody else around."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from apps.workspaces.plans import COMMON, plan_of
from apps.workspaces.providers.base import Exchange, Job, Known, Made, Provider, WorkspaceSpec
from apps.workspaces.rules import Kind

PATIENCE = 60.0


@dataclass
class Memory:
    """A notebook that forgets everything at the end of the test."""

    now: Callable[[], datetime] = timezone.now
    held: dict[str, Known] = field(default_factory=dict)
    everything: dict[str, Known] = field(default_factory=dict)
    tries: dict[str, datetime] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)

    def known(self, kind: str) -> Known | None:
        return self.held.get(kind)

    def ever(self, kind: str) -> Known | None:
        return self.everything.get(kind)

    def keep(self, kind: str, external_id: str, facts: Mapping[str, str]) -> None:
        self.held[kind] = self.everything[kind] = Known(external_id, dict(facts), self.now())

    def forget(self, kind: str) -> None:
        self.held.pop(kind, None)

    def about_to(self, kind: str, now: datetime) -> None:
        self.tries[kind] = now

    def last_try(self, kind: str) -> datetime | None:
        tried, known = self.tries.get(kind), self.held.get(kind)
        return None if tried is None or (known and known.since >= tried) else tried

    def still_mine(self) -> None: ...

    def heard(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@dataclass
class Place:
    """A provider with its time: real, or one that a test moves."""

    provider: Provider
    wait: Callable[[float], None]
    memory: Memory = field(default_factory=Memory)
    generation: int = 0

    def carry_out(self, kind: Kind, spec: WorkspaceSpec) -> None:
        """Make every step of the provider's own. Raises what the provider raises."""
        self.generation += 1
        for step in plan_of(self.provider.name, kind):
            if step not in COMMON:
                self.make(step, spec)

    def make(self, step: str, spec: WorkspaceSpec) -> None:
        deadline, started = time.monotonic() + PATIENCE, timezone.now()
        while True:
            result = self.provider.perform(step, Job(spec, self.memory, started, self.generation))
            if isinstance(result, Made):
                break
            assert time.monotonic() < deadline, f"{step}: {result.why}"
            self.wait(max(result.after.total_seconds(), 0.02))
        for kind, external_id, facts in result.resources:
            self.memory.keep(kind, external_id, facts)
