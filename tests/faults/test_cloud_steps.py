"""A fault at every boundary of every step of provision and destroy: the cloud ends as desired, nothing is left over,
nothing is there twice, no secret is written. A seeded sample here; all of it with `make test-faults`."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from apps.workspaces.models import Workspace
from apps.workspaces.rules import Kind, Status
from apps.workspaces.services import workspace_data_ready, workspace_destroy
from tests.factories import workspaces as made
from tests.support.cloud_faults import Scenario, enumerate_all
from tests.support.cloud_workers import Bench

pytestmark = [pytest.mark.django_db, pytest.mark.faults]
SAMPLE = 0.015
SEED = 6


@pytest.fixture
def bench(settings: Any, tmp_path: Path) -> Iterator[Bench]:
    settings.WORKSPACE_PROVIDER, settings.DELIVERY_DIR = "scaleway", tmp_path
    with Bench().configured() as one:
        yield one


@pytest.fixture
def workspace(bench: Bench, tmp_path: Path) -> Workspace:
    """A requested workspace whose extract is delivered."""
    extract_id = uuid4()
    folder = tmp_path / str(extract_id)
    folder.mkdir()
    (folder / "manifest.json").write_text('{"files": []}')
    (folder / "people.csv").write_text("age,sex\n40,1\n50,2\n")
    one = made.workspace()
    with transaction.atomic():
        workspace_data_ready(project_id=one.project_id, extract_id=extract_id, by="system:test")
    return one


def sampled() -> Any:
    draw = random.Random(SEED)
    return lambda scenario: draw.random() < SAMPLE


def test_a_sample_of_faults_during_provision_and_destroy(bench: Bench, workspace: Workspace) -> None:
    chosen = sampled()

    made_count, made_failed = enumerate_all(bench, workspace, Kind.PROVISION, chosen)
    workspace = bench.finish(workspace)
    assert workspace.status == Status.RUNNING
    workspace_destroy(workspace=workspace, by="system:test", reason="Fin.")
    removed_count, removed_failed = enumerate_all(bench, workspace, Kind.DESTROY, chosen)

    assert bench.finish(workspace).status == Status.DESTROYED
    assert made_failed + removed_failed == []
    assert made_count > 10
    assert removed_count > 3


@pytest.mark.skipif(not os.environ.get("HDH_WHOLE_FAULTS"), reason="half an hour: make test-faults")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(4))
def test_every_fault_during_provision_and_destroy(bench: Bench, workspace: Workspace, part: int) -> None:
    def chosen(scenario: Scenario) -> bool:
        return hash_of(scenario) % 4 == part

    made_count, made_failed = enumerate_all(bench, workspace, Kind.PROVISION, chosen)
    workspace = bench.finish(workspace)
    workspace_destroy(workspace=workspace, by="system:test", reason="Fin.")
    removed_count, removed_failed = enumerate_all(bench, workspace, Kind.DESTROY, chosen)

    print(f"part {part}: {made_count + removed_count} faults")
    assert made_failed + removed_failed == []


def hash_of(scenario: Scenario) -> int:
    """A number that does not change from one run to the next."""
    return sum(map(ord, str(scenario)))
