"""A fault at every boundary of every step of provision and destroy: the cloud ends as desired, nothing is left over,
nothing is there twice, no secret is written. A seeded sample here; all of them, for every operation, in
`every_cloud_step.py`."""

import random
from collections.abc import Callable

import pytest

from apps.workspaces.models import Workspace
from apps.workspaces.rules import Kind, Status
from apps.workspaces.services import workspace_destroy
from tests.support.cloud_faults import Scenario, enumerate_all
from tests.support.cloud_workers import Bench

pytestmark = [pytest.mark.django_db, pytest.mark.faults, pytest.mark.usefixtures("unmeasured")]
SAMPLE = 0.012
SEED = 6


def sampled() -> Callable[[Scenario], bool]:
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
