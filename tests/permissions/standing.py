"""In which state the object of an address stands, for the dossiers of the world."""

from django.utils import timezone

from apps.agreements.models import Version
from apps.core.models import OutboxItem
from apps.core.rules import Role
from apps.workspaces.models import Operation, Workspace
from tests.permissions.addresses import Address
from tests.permissions.amended import amends_another
from tests.permissions.asking import tables_written
from tests.permissions.rooms import AGREEMENT_STATUS, FILE_STAGE
from tests.permissions.world import EXTRACT_STATE, STATES, Dossier, Visitor, World

# The state of a workspace and of a project when a dossier of the world stands in this state.
WORKSPACE_STATE = {"approved": "running", "suspended": "suspended", "closed": "destroyed"}
PROJECT_STATE = {"approved": "active", "suspended": "active", "closed": "closed"}
# What an agreement keeps closed while its signatures are awaited, as those of the world are.
_REST_ON_SIGNATURES = frozenset({"workspaces:open", "workspaces:start"})
MADE_TO_STAND = frozenset({"agreements_version"})
STANDING = {
    "workspace_id": WORKSPACE_STATE,
    "project_id": PROJECT_STATE,
    "extract_id": EXTRACT_STATE,
    "file_id": FILE_STAGE,
    "agreement_id": AGREEMENT_STATUS,
}


def is_about_dossiers(address: Address) -> bool:
    """Whether the object is a dossier: some addresses name by it the project that came out of it."""
    about_another = address.action is not None and address.action.name.startswith(("project.", "agreement."))
    return address.object_kind == "application_id" and not about_another


def is_about_agreements(address: Address) -> bool:
    """Whether the object is the agreement of a dossier, by its own identifier or by the dossier's."""
    return address.action is not None and address.action.name.startswith("agreement.")


def relation_at(world: World, address: Address, visitor: Visitor, found: Dossier) -> frozenset[Role]:
    """What the visitor is for the object: of a dossier's agreement, its signatories are part too."""
    relation = world.relation(visitor, found)
    signs = is_about_agreements(address) and world.signs_for(visitor, found)
    return relation | {Role.SIGNATORY} if signs else relation


def states_of(address: Address) -> tuple[str, ...]:
    """The states of the dossiers that have an object of this kind."""
    if address.object_kind == "file_id":
        return tuple(FILE_STAGE)
    if is_about_agreements(address):
        return tuple(AGREEMENT_STATUS)
    if is_about_dossiers(address):
        return tuple(state for state in STATES if state not in {"suspended", "closed"})
    return tuple(WORKSPACE_STATE)


def state_at(address: Address, found: Dossier) -> str | None:
    """The state of what the address is about."""
    if is_about_dossiers(address):
        return "approved" if found.state in WORKSPACE_STATE else found.state
    if address.object_kind == "file_id":
        return FILE_STAGE[found.state]
    if is_about_agreements(address):
        return AGREEMENT_STATUS[found.state]
    if found.state == "approved" and (brought := brought_to(address)):
        return brought
    return STANDING.get(address.object_kind, PROJECT_STATE)[found.state]


def fits_in(address: Address, state: str) -> bool:
    """Whether the action of the address is possible in this state."""
    action = address.action
    if action is None or not action.states:
        return True
    if brought_to(address):
        return state == "approved"
    standing = STANDING.get(address.object_kind, {})
    return standing.get(state, state) in action.states


def brought_to(address: Address) -> str:
    """The state to which a running workspace is brought for an action that fits none in which the world's stand."""
    states = address.action.states if address.action else frozenset()
    is_needed = address.object_kind == "workspace_id" and states and not states & set(WORKSPACE_STATE.values())
    return sorted(states)[0] if is_needed else ""


def stand_as_asked(address: Address, ids: dict[str, str], *, wanted: bool) -> None:
    """Within a call that is taken back: the workspace stands where the action asks, with what belongs to that state."""
    if wanted:
        amends_another(address, ids)
    if wanted and address.name in _REST_ON_SIGNATURES:
        Version.objects.filter(agreement__application=ids["application_id"]).update(superseded_at=timezone.now())
        tables_written.update(MADE_TO_STAND)
    state = brought_to(address) if wanted else ""
    found = Workspace.objects.filter(pk=ids["workspace_id"], status="running") if state else None
    if found is None or not found.update(status=state, route_open=False):
        return
    tables_written.update({"workspaces_workspace", "workspaces_operation", "workspaces_step", "core_outboxitem"})
    if state == "failed":
        key = f"matrix:{ids['workspace_id']}"
        operation = Operation.objects.create(
            workspace_id=ids["workspace_id"], kind="provision", generation=99, idempotency_key=key, status="failed"
        )
        operation.steps.create(position=1, name="deliver", status="failed")
        item = {"kind": "matrix", "queue": "default", "subject_id": "matrix", "status": "needs_human"}
        OutboxItem.objects.create(key=key, not_before=timezone.now(), **item)
