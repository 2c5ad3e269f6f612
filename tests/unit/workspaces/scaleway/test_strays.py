"""Looking for what no living workspace has: every kind that the account may hold, in every place where it may be."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World
from apps.workspaces.plans import THINGS
from apps.workspaces.providers.base import Difference, Look, ProviderRefused, ProviderUnavailable, What
from apps.workspaces.providers.scaleway.place import ELSEWHERE, REGION, REGIONS_ELSEWHERE, ZONES
from apps.workspaces.providers.scaleway.strays import SORTS, Scope
from apps.workspaces.sentences import CLOUD_KINDS
from tests.support.cloud_in_process import new_world, provider_in

LIVING, OVER = uuid4(), uuid4()
IN_THE_FAKE = {
    "address": "ipam_ip",
    "connector": "vpc_connector",
    "gateway_address": "gateway_ip",
    "local_snapshot": "snapshot_local",
    "local_volume": "volume_local",
    "public_address": "instance_ip",
    "snapshot": "snapshot_sbs",
    "volume": "volume_sbs",
}
HIDDEN: dict[str, dict[str, Any]] = {
    "bucket": {"created": 0.0},
    "gateway": {"ip_id": "", "networks": []},
    "server": {"image": "", "volumes": {}, "security_group": "", "placement_group": None, "filesystems": []},
    "placement_group": {"policy_mode": "optional"},
    "policy": {"rules": []},
}


def put(world: World, kind: str, place: str, workspace: UUID, *, marked: bool = True) -> str:
    """Something of this kind that bears the workspace's mark, or only lies in its project."""
    name = f"hdh-{workspace.hex}-x" if marked else "nameless"
    part_id = name if kind == "bucket" else f"{kind}-{place}-{workspace.hex[:6]}"
    tags = ["hdh", f"hdh-{workspace.hex}"] if marked else []
    project = project_of(world, workspace)
    body: dict[str, Any] = {"id": part_id, "access_key": part_id, "name": name, "tags": tags, "project_id": project}
    body |= {"zone": place, "region": place, "project": project, "organization": world.organization}
    body |= {
        "default_project_id": project,
        "volumes": {},
        "source": {},
        "resource": None,
        "deletion_requested_at": None,
        "policy_type": "max_availability",
        "state": "stopped",
    }
    hub = world.hub["project"] if kind in {"key", "secret"} else project
    hidden = {"visible_at": 0.0, "versions": [], "volumes": {}, **HIDDEN.get(kind, {})}
    world.store.add(Record(IN_THE_FAKE.get(kind, kind), part_id, place, body, hub, world.organization, hidden))
    return part_id


def project_of(world: World, workspace: UUID) -> str:
    name = f"hdh-{workspace.hex}"
    found = next(iter(world.store.where("project", name=name)), None)
    if found is None:
        body = {"id": str(uuid4()), "name": name, "organization_id": world.organization, "description": ""}
        found = world.store.add(Record("project", body["id"], "", body, body["id"], world.organization))
    return found.id


def found_in(world: World, looks: Iterable[Look]) -> dict[tuple[str, str], Difference]:
    looked = list(provider_in(world).strays([LIVING], looks))
    assert [one for one in looked if one.problem] == []
    return {(one.kind, one.external_id): one for each in looked for one in each.found}


@pytest.fixture
def world() -> World:
    return new_world()


def test_every_kind_that_a_plan_makes_is_looked_for_in_every_zone_or_region(world: World) -> None:
    looks = provider_in(world).looks()
    kinds = {one.kind for one in looks}

    parts = {"bucket" if one.startswith("bucket_") else one for one in THINGS} - {"connector_back", "private_nic"}
    assert parts <= kinds
    assert {one.place for one in looks if one.kind == "server"} == {*ZONES, *ELSEWHERE}
    assert {one.place for one in looks if one.kind == "bucket"} == {REGION, *REGIONS_ELSEWHERE}
    assert {one.place for one in looks if one.kind == "policy"} == {""}
    assert len(set(looks)) == len(looks)
    assert kinds <= CLOUD_KINDS.keys()


def test_an_account_as_it_should_be_has_no_strays(world: World) -> None:
    project_of(world, LIVING)
    looks = provider_in(world).looks()

    assert found_in(world, looks) == {}


@pytest.mark.parametrize("kind", [kind for kind, sort in SORTS.items() if sort.scope is not Scope.ACCOUNT])
def test_whatever_is_ours_elsewhere_is_a_stray(world: World, kind: str) -> None:
    place = ELSEWHERE[3] if SORTS[kind].scope is Scope.ZONE else REGIONS_ELSEWHERE[1]
    part = put(world, kind, place, OVER)

    stray = found_in(world, [Look(kind, place)])[kind, part]

    assert (stray.what, stray.place, stray.opens, stray.workspace_id) == (What.STRAY, place, True, OVER)
    assert "outside of fr-par" in stray.detail


@pytest.mark.parametrize("kind", SORTS)
def test_what_belongs_to_no_living_workspace_is_an_orphan(world: World, kind: str) -> None:
    look = next(one for one in provider_in(world).looks() if one.kind == kind)
    part = project_of(world, OVER) if kind == "project" else put(world, kind, look.place, OVER)

    orphan = found_in(world, [look])[kind, part]

    assert (orphan.what, orphan.workspace_id, orphan.useless) == (What.ORPHAN, OVER, False)


@pytest.mark.parametrize("kind", SORTS)
def test_of_a_living_workspace_only_what_no_plan_makes_is_said(world: World, kind: str) -> None:
    look = next(one for one in provider_in(world).looks() if one.kind == kind)
    part = project_of(world, LIVING) if kind == "project" else put(world, kind, look.place, LIVING)

    found = found_in(world, [look]).get((kind, part))

    assert (found is None) == SORTS[kind].is_planned
    assert found is None or (found.what, found.opens) == (What.STRAY, True)


def test_what_lies_in_a_workspaces_project_is_ours_whatever_it_is_called(world: World) -> None:
    part = put(world, "public_address", ZONES[1], LIVING, marked=False)

    assert ("public_address", part) in found_in(world, provider_in(world).looks())


def test_what_the_cloud_gives_every_project_and_what_is_not_ours_is_passed_over(world: World) -> None:
    group = put(world, "security_group", ELSEWHERE[0], LIVING, marked=False)
    world.store.get("security_group", group).body["project_default"] = True  # type: ignore[union-attr]
    body = {"id": "foreign", "name": "production", "tags": ["team-a"], "project_id": world.default_project}
    world.store.add(Record("vpc", "foreign", "nl-ams", body, world.default_project, world.organization))

    assert found_in(world, provider_in(world).looks()) == {}


def test_a_place_that_does_not_answer_is_said_to_and_holds_up_no_other(world: World) -> None:
    looks = [Look("server", "nl-ams-1"), Look("image", "nl-ams-1")]
    part = put(world, "image", "nl-ams-1", OVER)
    world.faults.add(operation="instance.list_servers", answer="unavailable", times=1)

    first, second, *_ = provider_in(world).strays([LIVING], looks)

    assert "503" in first.problem
    assert [one.external_id for one in second.found] == [part]


def test_a_cloud_that_asks_for_less_ends_the_run(world: World) -> None:
    looks = [Look("server", "nl-ams-1"), Look("server", "nl-ams-2")]
    world.faults.add(operation="instance.list_servers", answer="rate_limited", times=1)

    (only,) = provider_in(world).strays([LIVING], looks)

    assert (only.look, "429" in only.problem) == (looks[0], True)


def test_our_own_budget_of_requests_is_waited_for(world: World) -> None:
    looks = [Look("server", "nl-ams-1"), Look("server", "nl-ams-2")]
    provider = provider_in(world, rate="1000")
    while provider.cloud.transport.budget.take() == 0:
        pass

    assert [one.problem for one in provider.strays([LIVING], looks)] == ["", ""]


def test_where_not_even_projects_are_listed_nothing_is_judged(world: World) -> None:
    world.faults.add(operation="account.list_projects", answer="unavailable", times=1)

    with pytest.raises(ProviderUnavailable):
        list(provider_in(world).strays([LIVING], [Look("server", "nl-ams-1")]))


def test_another_region_of_object_storage_is_read_only(world: World) -> None:
    storage = provider_in(world).cloud.storage

    with pytest.raises(ProviderRefused, match="nl-ams is not fr-par"):
        storage.call("delete_bucket", key=storage.account.key, region="nl-ams", Bucket="x")
