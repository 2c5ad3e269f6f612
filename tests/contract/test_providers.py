"""What every provider must do, whichever it is: each test runs over all of them."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from apps.workspaces.providers.base import (
    Job,
    Limits,
    ProviderRefused,
    ProviderUnavailable,
    RunState,
    WorkspaceSpec,
)
from apps.workspaces.rules import Kind
from tests.support.carrying_out import Memory, Place
from tests.support.cloud_in_process import new_world, provider_in
from tests.support.object_store import object_store, upload
from tests.support.sandbox import deliver, local_in, room_for_sandboxes


@pytest.fixture(params=[pytest.param("local", marks=pytest.mark.sandbox), "scaleway"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "local":
        with room_for_sandboxes() as room:
            yield room
    else:
        yield tmp_path


@pytest.fixture
def place(base: Path, request: pytest.FixtureRequest) -> Place:
    if request.node.callspec.params["base"] == "local":
        return Place(local_in(base), time.sleep)
    world = new_world()
    provider = provider_in(world)
    return Place(provider, world.clock.advance, Memory(provider.now))


@pytest.fixture
def spec(base: Path) -> WorkspaceSpec:
    return WorkspaceSpec(uuid4(), base / "d" / str(deliver(base / "d")), Limits(memory=2**30, home=2**28))


def test_the_provider_passes_its_own_check(place: Place) -> None:
    assert place.provider.check() == ()
    assert place.provider.list_all() == ()


def test_a_provisioned_workspace_runs_isolated_and_is_the_only_one(place: Place, spec: WorkspaceSpec) -> None:
    place.carry_out(Kind.PROVISION, spec)

    assert place.provider.observe(spec.id).state is RunState.RUNNING
    assert place.provider.list_all() == (spec.id,)
    assert place.memory.held["isolation"].external_id.endswith("attempts, 0 escapes")
    assert place.provider.usage(spec.id).home > 0


def test_provisioning_twice_gives_the_same(place: Place, spec: WorkspaceSpec) -> None:
    place.carry_out(Kind.PROVISION, spec)
    first = {kind: known.external_id for kind, known in place.memory.held.items()}

    place.carry_out(Kind.PROVISION, spec)

    assert {kind: known.external_id for kind, known in place.memory.held.items()} == first
    assert place.provider.list_all() == (spec.id,)


def test_stopping_keeps_the_workspace_and_may_be_repeated(place: Place, spec: WorkspaceSpec) -> None:
    place.carry_out(Kind.PROVISION, spec)

    place.carry_out(Kind.STOP, spec)
    place.carry_out(Kind.STOP, spec)

    assert place.provider.observe(spec.id).state is RunState.STOPPED
    assert place.provider.list_all() == (spec.id,)
    place.carry_out(Kind.START, spec)
    assert place.provider.observe(spec.id).state is RunState.RUNNING


@pytest.mark.parametrize("kind", [Kind.SUSPEND, Kind.EXPIRE])
def test_what_was_closed_can_be_resumed(place: Place, spec: WorkspaceSpec, kind: Kind) -> None:
    place.carry_out(Kind.PROVISION, spec)

    place.carry_out(kind, spec)

    assert place.provider.observe(spec.id).state is RunState.STOPPED
    place.carry_out(Kind.RESUME, spec)
    assert place.provider.observe(spec.id).state is RunState.RUNNING


@pytest.mark.parametrize("kind", [Kind.RESIZE, Kind.ROTATE_KEYS, Kind.RECONCILE])
def test_a_running_workspace_still_runs_after_a_change(place: Place, spec: WorkspaceSpec, kind: Kind) -> None:
    place.carry_out(Kind.PROVISION, spec)

    place.carry_out(kind, spec)

    assert place.provider.observe(spec.id).state is RunState.RUNNING
    assert place.provider.survey(_job(place, spec)) == ()


def test_destroying_leaves_nothing_and_testifies_to_it(place: Place, spec: WorkspaceSpec) -> None:
    place.carry_out(Kind.PROVISION, spec)

    place.carry_out(Kind.DESTROY, spec)

    assert place.provider.observe(spec.id).state is RunState.ABSENT
    assert place.provider.list_all() == ()
    said = place.provider.testify(_job(place, spec))
    assert said
    assert all(one.gone for one in said)
    looked = list(place.provider.strays([], place.provider.looks()))
    assert [one for one in looked if one.found or one.problem] == []


@pytest.mark.parametrize("kind", [Kind.STOP, Kind.SUSPEND, Kind.DESTROY])
def test_closing_or_destroying_what_is_absent_succeeds(place: Place, spec: WorkspaceSpec, kind: Kind) -> None:
    place.carry_out(kind, WorkspaceSpec(UUID(int=5), None))

    assert place.provider.observe(UUID(int=5)).state is RunState.ABSENT
    assert place.provider.usage(UUID(int=5)).home == 0


def test_starting_what_was_never_provisioned_is_not_possible(place: Place, spec: WorkspaceSpec) -> None:
    step = {"local": "sandbox_start", "scaleway": "power_on"}[place.provider.name]

    with pytest.raises((ProviderRefused, ProviderUnavailable)):
        place.make(step, spec)


def test_a_delivery_that_is_not_there_is_refused_in_words(place: Place, base: Path) -> None:
    missing = WorkspaceSpec(uuid4(), base / "d" / "missing")

    with pytest.raises(ProviderRefused, match="delivery"):
        place.carry_out(Kind.PROVISION, missing)


def test_an_extract_in_an_object_store_reaches_the_workspace_with_its_checksums(place: Place, base: Path) -> None:
    extract_id = str(deliver(base / "d"))
    with object_store("deliveries") as bucket:
        spec = WorkspaceSpec(uuid4(), upload(base / "d" / extract_id, bucket / extract_id), Limits(2**30, home=2**28))
        place.carry_out(Kind.PROVISION, spec)
        assert place.provider.observe(spec.id).state is RunState.RUNNING


def test_an_extract_that_was_changed_in_its_bucket_reaches_no_workspace(place: Place, base: Path) -> None:
    extract_id = str(deliver(base / "d"))
    with object_store("deliveries") as bucket:
        spec = WorkspaceSpec(uuid4(), upload(base / "d" / extract_id, bucket / extract_id), Limits(2**30, home=2**28))
        (bucket / extract_id / "people.csv").write_bytes(b"age,sex\n40,1\n50,1\n")
        with pytest.raises(ProviderRefused, match=r"people\.csv"):
            place.carry_out(Kind.PROVISION, spec)


def _job(place: Place, spec: WorkspaceSpec) -> Job:
    return Job(spec, place.memory, timezone.now(), place.generation)
