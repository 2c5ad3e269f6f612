"""The steps of a provider whose workspaces are sandboxes on this host, made of its plain methods."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from apps.workspaces import probe
from apps.workspaces.providers.base import (
    Difference,
    Job,
    Look,
    Looked,
    Made,
    NotYet,
    Observation,
    Offer,
    Problem,
    ProviderRefused,
    RunState,
    SelfTest,
    Testimony,
    WorkspaceSpec,
)

_ANSWER_WITHIN = timedelta(seconds=90)
_ALIVE = frozenset({RunState.STARTING, RunState.RUNNING})


class Sandboxed(ABC):
    """What remains to be given: check, provision, start, stop, destroy, observe, endpoint."""

    @abstractmethod
    def check(self) -> tuple[Problem, ...]: ...

    @abstractmethod
    def provision(self, spec: WorkspaceSpec) -> Mapping[str, str]:
        """Create what outlives a stop (home, identity). Returns external ids by kind of resource.

        Raises ProviderUnavailable or ProviderRefused."""

    @abstractmethod
    def start(self, spec: WorkspaceSpec) -> str:
        """Begin to run the workspace; `observe` tells when it runs. Returns the external id of what was started."""

    @abstractmethod
    def stop(self, workspace_id: UUID) -> None:
        """Begin to stop it; its home stays."""

    @abstractmethod
    def destroy(self, workspace_id: UUID) -> None:
        """Remove every trace, home included. Raises ProviderUnavailable while it still runs."""

    @abstractmethod
    def observe(self, workspace_id: UUID) -> Observation: ...

    @abstractmethod
    def endpoint(self, workspace_id: UUID) -> Path:
        """The listening socket of the workspace's application: outside of what the workspace can write."""

    @abstractmethod
    def list_all(self) -> tuple[UUID, ...]: ...

    def bring(self, spec: WorkspaceSpec) -> bool:
        """Bring some more of the extract to where the workspace can be shown it; whether it is there, whole.

        Raises ProviderUnavailable, ProviderRefused. A provider whose workspaces are shown it where it stands has
        nothing to do."""
        return True

    def now(self) -> datetime:
        return datetime.now(UTC)

    def perform(self, step: str, job: Job) -> Made | NotYet:
        """Make a step by its method. Raises KeyError for a name that is not in the plan."""
        return self._steps[step](self, job)

    def _check_host(self, job: Job) -> Made:
        problems = self.check()
        if problems:
            raise ProviderRefused(" ".join(f"{one.cause} {one.fix}" for one in problems))
        return Made()

    def _make_home(self, job: Job) -> Made:
        made = self.provision(job.spec)
        return Made(tuple((kind, external_id, {}) for kind, external_id in made.items()))

    def _sandbox_start(self, job: Job) -> Made | NotYet:
        if not self.bring(job.spec):
            return NotYet(why="the extract is being brought")
        return Made((("sandbox", self.start(job.spec), {"generation": str(job.generation)}),))

    def _answers(self, job: Job) -> Made | NotYet:
        """Asks the application itself; while it starts, its door is open and the question simply waits a moment."""
        _refuse_unless_alive(self.observe(job.spec.id))
        if probe.answers(self.endpoint(job.spec.id)):
            return Made()
        if self.now() - job.started_at > _ANSWER_WITHIN:
            raise ProviderRefused(f"JupyterLab did not answer within {_ANSWER_WITHIN.seconds} seconds.")
        return NotYet()

    def _self_test(self, job: Job) -> Made:
        seen = self.observe(job.spec.id)
        _refuse_unless_alive(seen)
        if seen.self_test is None or not seen.self_test.passed:
            raise ProviderRefused(f"The isolation self-test did not pass.{_escapes(seen.self_test)}")
        facts = {**seen.facts, "attempts": str(seen.self_test.attempts)}
        return Made((("isolation", f"{seen.self_test.attempts} attempts, 0 escapes", facts),))

    def _sandbox_stop(self, job: Job) -> Made | NotYet:
        if self.observe(job.spec.id).state in _ALIVE:
            self.stop(job.spec.id)
            return NotYet()
        return Made()

    def _remove(self, job: Job) -> Made:
        self.destroy(job.spec.id)
        for kind in ("home", "user", "sandbox", "isolation", "route"):
            job.notebook.forget(kind)
        return Made()

    _steps: ClassVar[Mapping[str, Callable[["Sandboxed", Job], Made | NotYet]]] = {
        "check_host": _check_host,
        "home": _make_home,
        "sandbox_start": _sandbox_start,
        "answers": _answers,
        "self_test": _self_test,
        "sandbox_stop": _sandbox_stop,
        "remove": _remove,
    }

    def idle(self, job: Job) -> timedelta | None:
        seconds = probe.idle_seconds(self.endpoint(job.spec.id), self.now())
        return None if seconds is None else timedelta(seconds=seconds)

    def survey(self, job: Job) -> tuple[Difference, ...]:
        """Nothing beyond what `observe` says: a sandbox cannot change while it runs."""
        return ()

    def looks(self) -> tuple[Look, ...]:
        """None: sandboxes without a row are the sweep's own business, which stops them."""
        return ()

    def strays(self, known: Iterable[UUID], looks: Iterable[Look]) -> Iterator[Looked]:
        return iter(())

    def testify(self, job: Job) -> tuple[Testimony, ...]:
        """Whether room, home and sandbox are still there."""
        state = self.observe(job.spec.id).state
        return (Testimony("sandbox", job.spec.id.hex, state is RunState.ABSENT, str(state)),)

    def discard(self, job: Job, difference: Difference) -> None:
        raise ProviderRefused("A sandbox is never removed without its workspace.")

    def offers(self) -> tuple[Offer, ...]:
        return ()


def _refuse_unless_alive(seen: Observation) -> None:
    if seen.state not in _ALIVE:
        raise ProviderRefused(
            f"The sandbox stopped by itself: {seen.reason or 'no reason given'}.{_escapes(seen.self_test)}"
        )


def _escapes(test: SelfTest | None) -> str:
    return f" Escaped: {', '.join(test.escapes)}." if test and test.escapes else ""
