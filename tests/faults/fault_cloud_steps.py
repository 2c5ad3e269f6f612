"""Every fault at every boundary of every step of provision and destroy, enumerated from the step table: about half an
hour. A new step is covered without a line here."""

import pytest

from apps.workspaces.models import Workspace
from apps.workspaces.rules import Kind
from apps.workspaces.services import workspace_destroy
from tests.support.cloud_faults import Scenario, enumerate_all
from tests.support.cloud_workers import Bench

pytestmark = [pytest.mark.django_db, pytest.mark.faults, pytest.mark.timeout(7200)]
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_every_fault_during_provision_and_destroy(bench: Bench, workspace: Workspace, part: int) -> None:
    def chosen(scenario: Scenario) -> bool:
        return sum(map(ord, str(scenario))) % PARTS == part

    made_count, made_failed = enumerate_all(bench, workspace, Kind.PROVISION, chosen)
    ready = bench.finish(workspace)
    workspace_destroy(workspace=ready, by="system:test", reason="Fin.")
    removed_count, removed_failed = enumerate_all(bench, ready, Kind.DESTROY, chosen)

    print(f"part {part + 1} of {PARTS}: {made_count + removed_count} faults")
    assert made_failed + removed_failed == []
