"""What every workspace provider offers, and the three ways it may fail.

A provider makes steps: `perform(name, job)` does as much of one step as needs no waiting and says whether it is made.
Every step is idempotent and keyed by the workspace's id: making it twice changes nothing the second time, and removing
what is absent succeeds. What must outlive the death of a worker in its midst goes into the job's notebook.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from apps.extracts.engine.places import Place


class ProviderUnavailable(Exception):
    """The provider cannot be reached or is busy just now: the same step is tried again later, `after` this time where
    it is known."""

    after: timedelta | None = None


class ProviderRefused(Exception):
    """The provider will not do it however often it is asked: a person must act. The message says what and why."""


class ProviderWaits(Exception):
    """There is no room just now (stock, quota, budget): an ordinary answer. The workspace waits for capacity, and the
    message says for what."""


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
    """A workspace as its provider needs to know it: no names of people, no title. `data` is the extract, in a folder or
    in an object store, `manifest` the SHA-256 of its manifest (empty: not known). `size` is the code of an offer
    (empty: the usual one), `budget_left` euros (None: no limit)."""

    id: UUID
    data: "Place | None"
    limits: Limits = field(default_factory=Limits)
    size: str = ""
    budget_left: float | None = None
    manifest: str = ""


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


LONGEST_WAIT = 60.0


def full_jitter(failures: int, draw: Callable[[float, float], float] = random.uniform) -> timedelta:
    """A random wait of up to 1, 2, 4… seconds, at most a minute: a thousand retries do not come back together."""
    return timedelta(seconds=draw(0.0, min(LONGEST_WAIT, 2.0 ** min(failures, 10))))


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as an operator may see them. `status` None: no readable answer came; `code` is the
    type of error; `answer` holds shown fields only; `changes`: it was to change something."""

    product: str
    method: str
    path: str
    status: int | None
    code: str
    answer: str
    milliseconds: int
    changes: bool


@dataclass(frozen=True)
class Known:
    """What the ledger holds of a resource, and since when."""

    external_id: str
    facts: Mapping[str, str]
    since: datetime


class Notebook(Protocol):
    """What the engine keeps for a step. Everything written here is committed at once, under the worker's lease, and
    raises LeaseLost when another worker has taken over."""

    def known(self, kind: str) -> Known | None:
        """The resource of this kind in the ledger, unless it was removed."""

    def ever(self, kind: str) -> Known | None:
        """The resource of this kind that the ledger holds or held."""

    def keep(self, kind: str, external_id: str, facts: Mapping[str, str]) -> None:
        """Write a resource into the ledger."""

    def forget(self, kind: str) -> None:
        """Mark a resource as removed."""

    def about_to(self, kind: str, now: datetime) -> None:
        """Say beforehand that this kind is going to be created: whoever comes after a lost answer looks first."""

    def last_try(self, kind: str) -> datetime | None:
        """When a creation of this kind was last begun without being recorded in the ledger."""

    def still_mine(self) -> None:
        """Asked just before each change in the cloud: a worker that was overtaken must not make it."""

    def heard(self, exchange: Exchange) -> None:
        """Note a request with its answer for operators; written with the step."""


@dataclass(frozen=True)
class Job:
    """One step of one workspace; `started_at` is when it was first tried."""

    spec: WorkspaceSpec
    notebook: Notebook
    started_at: datetime
    generation: int = 0


@dataclass(frozen=True)
class Made:
    """The step is complete; `resources` go into the ledger as (kind, external id, what was observed)."""

    resources: tuple[tuple[str, str, Mapping[str, str]], ...] = field(default=())


@dataclass(frozen=True)
class NotYet:
    """Nothing more can be done before this time has passed; `why` is for operators."""

    after: timedelta = timedelta(0)
    why: str = ""


class What(StrEnum):
    """How the world may differ from the ledger."""

    MISSING = "missing"
    CHANGED = "changed"
    ORPHAN = "orphan"
    STRAY = "stray"


@dataclass(frozen=True)
class Difference:
    """One difference. `opens`: it weakens the isolation, and access must be cut at once. `useless`: it is a copy that
    nobody ever used and may be removed by the machine."""

    what: What
    kind: str
    external_id: str
    place: str
    detail: str
    opens: bool = False
    useless: bool = False
    workspace_id: UUID | None = None


@dataclass(frozen=True)
class Look:
    """One kind of thing in one place (a region, a zone, empty for what belongs to none)."""

    kind: str
    place: str


@dataclass(frozen=True)
class Looked:
    """What a look found; `problem`: why it could not be made."""

    look: Look
    found: tuple[Difference, ...]
    problem: str = ""


@dataclass(frozen=True)
class Testimony:
    """What the provider answered about one resource after a destruction: `gone`, with the status and state seen."""

    kind: str
    external_id: str
    gone: bool
    answer: str


@dataclass(frozen=True)
class Offer:
    """A size of workspace that can be had: price in euros an hour without tax, memory in bytes."""

    code: str
    processors: int
    memory: int
    gpu: str
    gpus: int
    hourly: float
    available: str


class Provider(Protocol):
    """The one interface behind which a workspace may live on this host or in a cloud."""

    name: str

    def now(self) -> datetime:
        """The provider's time: the machine's, but for an imitated cloud whose clock is moved."""

    def check(self) -> tuple[Problem, ...]:
        """Try the isolation for real; an empty answer means that workspaces may be created."""

    def perform(self, step: str, job: Job) -> Made | NotYet:
        """Make one step, or as much of it as needs no waiting.

        Raises ProviderUnavailable, ProviderWaits or ProviderRefused."""

    def observe(self, workspace_id: UUID) -> Observation:
        """Say what is there now, without changing it."""

    def survey(self, job: Job) -> tuple[Difference, ...]:
        """Compare what exists of one workspace with what its ledger says."""

    def looks(self) -> tuple[Look, ...]:
        """Every kind of thing in every place where something of ours could be."""

    def strays(self, known: Iterable[UUID], looks: Iterable[Look]) -> Iterator[Looked]:
        """What exists without belonging to a known workspace, or where nothing may be; one answer for each look, until
        the provider asks for less. Raises ProviderUnavailable, ProviderRefused."""

    def testify(self, job: Job) -> tuple[Testimony, ...]:
        """Ask for everything the workspace ever had, and say what was answered."""

    def discard(self, job: Job, difference: Difference) -> None:
        """Remove a useless copy. Raises ProviderRefused for anything else."""

    def usage(self, workspace_id: UUID) -> Usage:
        """Measure what it uses."""

    def idle(self, job: Job) -> timedelta | None:
        """For how long nothing has been computed or typed inside, by the workspace's own word, which may only ever keep
        it running. None: it does not say. Raises ProviderUnavailable, ProviderRefused."""

    def list_all(self) -> tuple[UUID, ...]:
        """Every workspace of which something exists."""

    def offers(self) -> tuple[Offer, ...]:
        """The sizes to choose from, with prices; empty where there is only one."""
