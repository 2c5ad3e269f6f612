"""Account: projects."""

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, changed, find, gone, make
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

routes = Routes("account")
PATH = "/account/v3/projects"
# What keeps a project from being deleted: everything but what the account itself puts there.
FREE_KINDS = {"project", "api_key", "security_group", "image", "snapshot_of_image"}


PROJECT = Kind(
    name="project",
    product="account",
    word="project_id",
    many="projects",
    denied_word="project",
    changes={"name": Take("text"), "description": Take("text")},
)
routes.standard(PROJECT, PATH, "project_id", "LR")


@routes.on("POST", PATH, "create_project")
def create_project(call: Call) -> Reply:
    values = read(call.body, {"name": Take("text", required=True), "description": Take("text", "")})
    body = {
        "name": values["name"],
        "organization_id": call.body.get("organization_id") or call.principal.organization,
        "description": values["description"],
        "qualification": None,
    }
    if any(call.world.store.where("project", name=values["name"])):
        raise errors.invalid_arguments(("name", "constraint", "a project with this name already exists"))
    record = make(call, PROJECT, body, project="")
    record.project = record.id
    return _written(call, record)


def _written(call: Call, record: Record) -> Reply:
    """Answers to writes leave the qualification out; reads show it."""
    record.body["qualification"] = {"architecture_type": "unknown_architecture_type"}
    return Reply(200, {**record.body, "qualification": None})


@routes.on("PATCH", f"{PATH}/{{project_id}}", "update_project")
def update_project(call: Call) -> Reply:
    project = find(call, PROJECT, call.params["project_id"])
    changed(call, PROJECT, project)
    return _written(call, project)


@routes.on("DELETE", f"{PATH}/{{project_id}}", "delete_project")
def delete_project(call: Call) -> Reply:
    project = find(call, PROJECT, call.params["project_id"])
    store = call.world.store
    holds = [r for kind in store.kinds() if kind not in FREE_KINDS for r in store.all(kind) if r.project == project.id]
    if project.hidden.get("seeded") or any(not r.hidden.get("seeded") for r in holds):
        raise errors.precondition_failed("resource_not_usable", "project is not empty")
    return gone(call, project)
