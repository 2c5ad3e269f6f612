"""What every workspace provider offers, and the two ways it may fail.

Every method is idempotent and keyed by the workspace's id: asking twice changes nothing the second time, and
destroying what is absent succeeds. No method waits: a provider starts the work and `observe` says how far it got.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID


class ProviderUnavailable(Exception):
    """The provider cannot be reached or is busy just now: the same step is tried again later."""


class ProviderRefused(Exception):
    """The provider will not do it however often it is asked: a person must act. The message says what and why."""


class RunState(StrEnum):
    """What a workspace is doing, as its provider sees it."""

    ABSENT = "absent"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    BROKEN = "broken"


@dataclass(frozen=True)
class Limits:
    """What one workspace may use; all sizes in bytes, `processors` in whole cores."""

    memory: int = 4 * 1024**3
    processes: int = 1024
    processors: float = 2.0
    home: int = 5 * 1024**3
    temporary: int = 1024**3


@dataclass(frozen=True)
class WorkspaceSpec:
    """A workspace as its provider needs to know it: no names of people, no title."""

    id: UUID
    data: Path | None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Problem:
    """Something that prevents this provider from keeping its promise of isolation, with the way to put it right."""

    code: str
    cause: str
    fix: str


@dataclass(frozen=True)
class SelfTest:
    """Answer of the isolation self-test run inside the workspace before anything else: names of attempts that
    succeeded."""

    attempts: int
    escapes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.attempts > 0 and not self.escapes


@dataclass(frozen=True)
class Observation:
    """What the provider sees of one workspace now. `facts` holds what may be shown to an operator."""

    state: RunState
    self_test: SelfTest | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Usage:
    """What a workspace uses now, in bytes and processes; None where the host cannot say."""

    memory: int | None
    processes: int | None
    home: int


class Provider(Protocol):
    """The one interface behind which a workspace may live on this host or in a cloud."""

    name: str

    def check(self) -> tuple[Problem, ...]:
        """Try the isolation for real; an empty answer means that workspaces may be created."""

    def provision(self, spec: WorkspaceSpec) -> Mapping[str, str]:
        """Create what outlives a stop (home, identity). Returns external ids by kind of resource.

        Raises ProviderUnavailable or ProviderRefused."""

    def start(self, spec: WorkspaceSpec) -> str:
        """Begin to run the workspace; `observe` tells when it runs. Returns the external id of what was started."""

    def stop(self, workspace_id: UUID) -> None:
        """Begin to stop it; its home stays."""

    def destroy(self, workspace_id: UUID) -> None:
        """Remove every trace, home included. Raises ProviderUnavailable while it still runs."""

    def observe(self, workspace_id: UUID) -> Observation:
        """Say what is there now, without changing it."""

    def endpoint(self, workspace_id: UUID) -> Path:
        """The listening socket of the workspace's application: outside of what the workspace can write."""

    def usage(self, workspace_id: UUID) -> Usage:
        """Measure what it uses."""

    def list_all(self) -> tuple[UUID, ...]:
        """Every workspace of which something exists."""
