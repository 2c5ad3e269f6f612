"""Instances: power, backup, and what is attached to a running server."""

from functools import partial
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import stamp_with_offset
from apps.workspaces.fake_scaleway.kinds import find, one, touch
from apps.workspaces.fake_scaleway.products import block
from apps.workspaces.fake_scaleway.products.instance import ALLOWED_ACTIONS, SERVER, V1, VOLUME
from apps.workspaces.fake_scaleway.products.instance_servers import (
    adopt,
    give_dynamic_ip,
    leave_addresses,
    release,
    remove_server,
)
from apps.workspaces.fake_scaleway.products.instance_storage import image_of_server
from apps.workspaces.fake_scaleway.products.instance_tasks import task
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Effect, Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("instance")
SERVER_PATH = f"{V1}/servers/{{server_id}}"
FINGERPRINTS = "256 SHA256:ZmFrZS1mYWtlLWZha2UtZmFrZS1mYWtlLWZha2UtZmFrZQ root@fake (ED25519)\n"


def _enter(state: str, detail: str) -> Effect:
    return partial(_entered, state=state, detail=detail)


def _entered(world: World, server: Record, *, state: str, detail: str) -> None:
    server.body.update(state=state, state_detail=detail)
    server.body["modification_date"] = stamp_with_offset(world.clock.now())


def _place_on_node(world: World, server: Record) -> None:
    _enter("starting", "provisioning node")(world, server)
    pick = world.random.randrange
    server.body["location"] = {
        "zone_id": server.place,
        "platform_id": "14",
        "cluster_id": str(pick(1, 90)),
        "hypervisor_id": str(pick(100, 1500)),
        "node_id": str(pick(1, 90)),
    }


def _booted(world: World, server: Record) -> None:
    _enter("running", "booting kernel")(world, server)
    server.hidden["running_since"] = world.clock.now()
    world.after("server.reporting", server, partial(_reported, since=world.clock.now()))


def _reported(world: World, server: Record, *, since: float) -> None:
    """The started system tells that it is up, and its host keys; one that was stopped meanwhile tells nothing."""
    if server.body["state"] != "running" or server.hidden["running_since"] != since:
        return
    _enter("running", "booted")(world, server)
    server.hidden["user_data"].setdefault("ssh-host-fingerprints", FINGERPRINTS.encode())


def _stopped(world: World, server: Record) -> None:
    _enter("stopped", "")(world, server)
    server.body["location"] = None
    world.limits.give_back(server.body["commercial_type"])


@routes.on("GET", f"{SERVER_PATH}/action", "list_server_actions")
def list_actions(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    return Reply(200, {"actions": ALLOWED_ACTIONS.get(server.body["state"], [])})


@routes.on("POST", f"{SERVER_PATH}/action", "server_action")
def server_action(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    action = read(call.body, {"action": Take("text", "poweron", one_of=tuple(ACTIONS))})["action"]
    if action not in ALLOWED_ACTIONS.get(server.body["state"], []):
        raise errors.invalid_arguments(("action", "constraint", f"the server is {server.body['state']}"))
    result = ACTIONS[action](call, server)
    touch(call, SERVER, server)
    return Reply(202, {"task": task(call, f"/servers/{server.id}/action", result)})


def _power_on(call: Call, server: Record) -> str:
    world = call.world
    in_place = server.body["state"] == "stopped in place"
    if not in_place:
        world.limits.take(server.body["commercial_type"])
    server.body.update(state="starting", state_detail="stopped in place" if in_place else "allocating node")
    give_dynamic_ip(call, server)
    if not in_place:
        world.after("server.allocating", server, _place_on_node)
        world.after("server.provisioning", server, _enter("starting", "starting"), times=1.5)
    world.after("server.booting", server, _booted, times=3)
    return f"/servers/{server.id}"


def _power_off(call: Call, server: Record) -> str:
    server.body.update(state="stopping", state_detail="stopping")
    call.world.after("server.stopping", server, _stopped)
    return f"/servers/{server.id}"


def _stop_in_place(call: Call, server: Record) -> str:
    server.body.update(state="stopping", state_detail="stopping in place")
    call.world.after("server.stopping", server, _enter("stopped in place", "stopped in place"))
    return f"/servers/{server.id}"


def _reboot(call: Call, server: Record) -> str:
    server.body.update(state="stopping", state_detail="rebooting")
    call.world.after("server.rebooting", server, _enter("starting", "rebooting"))
    call.world.after("server.rebooting", server, _booted, times=1.2)
    return f"/servers/{server.id}"


def _terminate(call: Call, server: Record) -> str:
    """Local volumes disappear with the server; block volumes stay, free again; addresses leave it at once."""
    server.body.update(state="stopping", state_detail="terminating")
    leave_addresses(call.world, server)
    for item in server.hidden["volumes"].values():
        local = call.world.store.get(VOLUME.name, item["id"])
        if local is not None:
            local.body["state"] = "deleting"
    call.world.after("server.terminating", server, _terminated)
    return f"/servers/{server.id}"


def _terminated(world: World, server: Record) -> None:
    for item in server.hidden["volumes"].values():
        local = world.store.get(VOLUME.name, item["id"])
        if local is not None:
            world.store.remove(local)
        volume = world.store.get(block.VOLUME.name, item["id"])
        if volume is not None:
            block.detached(world, volume)
    world.limits.give_back(server.body["commercial_type"])
    remove_server(world, server)


def _backup(call: Call, server: Record) -> str:
    image = image_of_server(call, server, call.body.get("name") or f"image_{server.body['name']}")
    return f"/images/{image.id}"


ACTIONS = {
    "poweron": _power_on,
    "poweroff": _power_off,
    "stop_in_place": _stop_in_place,
    "reboot": _reboot,
    "terminate": _terminate,
    "backup": _backup,
}

# ---- volumes and file systems of a server -------------------------------------------------------------------------


@routes.on("POST", f"{SERVER_PATH}/attach-volume", "attach_server_volume")
def attach_volume(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    values = read(call.body, {"volume_id": Take("id", required=True), "boot": Take("flag", False)})
    adopt(call, server, values["volume_id"])
    used = {int(index) for index in server.hidden["volumes"]}
    free = next(number for number in range(100) if number not in used)
    server.hidden["volumes"][str(free)] = {"id": values["volume_id"], "boot": values["boot"]}
    touch(call, SERVER, server)
    return one(call, SERVER, server)


@routes.on("POST", f"{SERVER_PATH}/detach-volume", "detach_server_volume")
def detach_volume(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    volume_id = read(call.body, {"volume_id": Take("id", required=True)})["volume_id"]
    volumes = server.hidden["volumes"]
    index = next((number for number, item in volumes.items() if item["id"] == volume_id), None)
    if index is None:
        text = f"Volume {volume_id} is not attached to this server"
        raise errors.invalid_arguments(("volume_id", "constraint", text))
    del volumes[index]
    release(call.world, volume_id)
    touch(call, SERVER, server)
    return one(call, SERVER, server)


@routes.on("POST", f"{SERVER_PATH}/attach-filesystem", "attach_server_file_system")
def attach_file_system(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    file_system = _file_system(call)
    item = {"filesystem_id": file_system.id, "state": "attaching"}
    server.hidden["filesystems"].append(item)
    file_system.body["number_of_attachments"] += 1
    call.world.after("server.file_system", server, partial(_mounted, file_system_id=file_system.id))
    return one(call, SERVER, server)


def _mounted(world: World, server: Record, *, file_system_id: str) -> None:
    for item in server.hidden["filesystems"]:
        if item["filesystem_id"] == file_system_id and item["state"] == "attaching":
            item["state"] = "available"


@routes.on("POST", f"{SERVER_PATH}/detach-filesystem", "detach_server_file_system")
def detach_file_system(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    file_system = _file_system(call)
    item = next((i for i in server.hidden["filesystems"] if i["filesystem_id"] == file_system.id), None)
    if item is None:
        raise errors.invalid_arguments(("filesystem_id", "constraint", "the file system is not attached"))
    item["state"] = "detaching"
    call.world.after("server.file_system", server, partial(_unmounted, file_system_id=file_system.id))
    return one(call, SERVER, server)


def _unmounted(world: World, server: Record, *, file_system_id: str) -> None:
    kept = [item for item in server.hidden["filesystems"] if item["filesystem_id"] != file_system_id]
    server.hidden["filesystems"] = kept
    file_system = world.store.get("file_system", file_system_id)
    if file_system is not None:
        file_system.body["number_of_attachments"] -= 1


def _file_system(call: Call) -> Record:
    wanted = read(call.body, {"filesystem_id": Take("id", required=True)})["filesystem_id"]
    record = call.world.store.get("file_system", wanted)
    if record is None:
        raise errors.not_found("filesystem", wanted)
    return record
