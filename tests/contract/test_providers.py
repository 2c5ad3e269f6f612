"""What every provider must do, whichever it is: each test runs over all of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from apps.workspaces.probe import answers
from apps.workspaces.providers.base import (
    Limits,
    Observation,
    Provider,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    WorkspaceSpec,
)
from tests.support.sandbox import deliver, local_in, room_for_sandboxes

pytestmark = pytest.mark.sandbox


@pytest.fixture
def base() -> Iterator[Path]:
    with room_for_sandboxes() as room:
        yield room


@pytest.fixture(params=[local_in], ids=["local"])
def provider(request: pytest.FixtureRequest, base: Path) -> Provider:
    made: Callable[[Path], Provider] = request.param
    return made(base)


@pytest.fixture
def spec(base: Path) -> WorkspaceSpec:
    return WorkspaceSpec(uuid4(), base / "d" / str(deliver(base / "d")), Limits(memory=2**30, home=2**28))


def wait_for(provider: Provider, workspace_id: UUID, *states: RunState) -> Observation:
    deadline = time.monotonic() + 30
    while (seen := provider.observe(workspace_id)).state not in states:
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen


def running(provider: Provider, spec: WorkspaceSpec) -> Observation:
    provider.provision(spec)
    provider.start(spec)
    return wait_for(provider, spec.id, RunState.RUNNING, RunState.BROKEN)


def test_the_host_passes_its_own_check(provider: Provider) -> None:
    assert provider.check() == ()
    assert provider.list_all() == ()


def test_provisioning_twice_gives_the_same(provider: Provider, spec: WorkspaceSpec) -> None:
    first = provider.provision(spec)

    assert provider.provision(spec) == first
    assert provider.list_all() == (spec.id,)
    assert provider.observe(spec.id).state is RunState.STOPPED


def test_a_workspace_runs_isolated_and_answers(provider: Provider, spec: WorkspaceSpec) -> None:
    seen = running(provider, spec)

    assert seen.state is RunState.RUNNING
    assert seen.self_test is not None
    assert seen.self_test.passed
    assert seen.self_test.attempts >= 63
    deadline = time.monotonic() + 30
    while not answers(provider.endpoint(spec.id)):
        assert time.monotonic() < deadline
    assert provider.usage(spec.id).home > 0


def test_starting_twice_starts_once(provider: Provider, spec: WorkspaceSpec) -> None:
    provider.provision(spec)
    first = provider.start(spec)
    wait_for(provider, spec.id, RunState.RUNNING)

    assert provider.start(spec) == first


def test_stopping_keeps_the_workspace_and_may_be_repeated(provider: Provider, spec: WorkspaceSpec) -> None:
    running(provider, spec)

    provider.stop(spec.id)
    provider.stop(spec.id)

    wait_for(provider, spec.id, RunState.STOPPED)
    provider.stop(spec.id)
    assert provider.list_all() == (spec.id,)
    assert running(provider, spec).state is RunState.RUNNING


def test_destroying_what_runs_stops_it_first(provider: Provider, spec: WorkspaceSpec) -> None:
    running(provider, spec)

    with pytest.raises(ProviderUnavailable):
        provider.destroy(spec.id)

    wait_for(provider, spec.id, RunState.STOPPED)
    provider.destroy(spec.id)
    assert provider.observe(spec.id).state is RunState.ABSENT
    assert provider.list_all() == ()
    assert not provider.endpoint(spec.id).exists()


def test_destroying_or_stopping_what_is_absent_succeeds(provider: Provider) -> None:
    provider.stop(UUID(int=5))
    provider.destroy(UUID(int=5))

    assert provider.observe(UUID(int=5)).state is RunState.ABSENT
    assert provider.usage(UUID(int=5)).home == 0


def test_starting_what_was_never_provisioned_is_refused(provider: Provider, spec: WorkspaceSpec) -> None:
    with pytest.raises(ProviderRefused):
        provider.start(spec)


def test_a_delivery_that_is_not_there_is_refused_in_words(provider: Provider, base: Path) -> None:
    spec = WorkspaceSpec(uuid4(), base / "d" / "missing")
    provider.provision(spec)

    with pytest.raises(ProviderRefused, match="delivery"):
        provider.start(spec)
