"""Every fault at every boundary of every step, enumerated from the step table, for each kind of operation whose plan is
its own: `make test-cloud-faults`. A new step is covered without a line here."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from apps.workspaces.ledger import operation_begin
from apps.workspaces.models import Workspace
from apps.workspaces.rules import Desired, Kind
from apps.workspaces.services import workspace_data_ready
from tests.support.cloud_faults import Scenario, enumerate_all
from tests.support.cloud_fixtures import delivery
from tests.support.cloud_workers import Bench

pytestmark = [pytest.mark.django_db, pytest.mark.faults, pytest.mark.timeout(7200)]

PARTS = {Kind.PROVISION: 6, Kind.DESTROY: 3, Kind.ROTATE_KEYS: 3}
"""In how many tests the faults of an operation are played; the others in one."""

BEFORE: dict[Kind, tuple[Kind, ...]] = {
    Kind.PROVISION: (),
    Kind.DESTROY: (),
    Kind.ROTATE_KEYS: (),
    Kind.RESIZE: (),
    Kind.STOP: (),
    Kind.SUSPEND: (),
    Kind.RESUME: (Kind.SUSPEND,),
    Kind.RENEW_DATA: (),
}
"""What leads from a workspace that runs to where the operation begins. EXPIRE has the plan of SUSPEND, START and
RECONCILE that of RESUME."""

DESIRED = {Kind.SUSPEND: Desired.SUSPENDED, Kind.STOP: Desired.STOPPED, Kind.DESTROY: Desired.DESTROYED}
PLAYED_WHOLE = frozenset({Kind.PROVISION, Kind.DESTROY, Kind.ROTATE_KEYS})
"""Of the others, the steps that change something: what only reads is a step of the provision that was played there."""

CASES = [(kind, part) for kind in BEFORE for part in range(PARTS.get(kind, 1))]


AMENDED = {"people.csv": "age,sex\n41,2\n51,1\n", "stays.csv": "days\n3\n"}
"""The extract of an amendment: one file is of the size it had and of other content, one is new; one is no more."""


def begin(workspace: Workspace, kind: Kind) -> None:
    if kind is Kind.PROVISION:
        return
    if kind is Kind.RENEW_DATA:
        extract_id = delivery(Path(settings.DELIVERY_DIR), AMENDED)
        with transaction.atomic():
            workspace_data_ready(project_id=workspace.project_id, extract_id=extract_id, by="system:test")
        return
    values = {"size": "L4-1-24G"} if kind is Kind.RESIZE else {}
    fresh = Workspace.objects.select_related("project").get(pk=workspace.pk)
    with transaction.atomic():
        operation_begin(fresh, kind, by="system:test", desired=DESIRED.get(kind, Desired.RUNNING), **values)


@pytest.mark.parametrize(("kind", "part"), CASES)
def test_every_fault(bench: Bench, workspace: Workspace, kind: Kind, part: int) -> None:
    if kind is not Kind.PROVISION:
        for former in (Kind.PROVISION, *BEFORE[kind]):
            begin(workspace, former)
            bench.finish(workspace)
    begin(workspace, kind)

    def chosen(scenario: Scenario) -> bool:
        return sum(map(ord, str(scenario))) % PARTS.get(kind, 1) == part

    count, failed = enumerate_all(bench, workspace, kind, chosen, reading=kind in PLAYED_WHOLE)

    print(f"{kind}, part {part + 1} of {PARTS.get(kind, 1)}: {count} faults")
    assert failed == [], "\n".join(failed)
    assert count
