"""Instances: creating, changing, listing and deleting servers, their volumes and their user data."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one, touch
from apps.workspaces.fake_scaleway.products import block
from apps.workspaces.fake_scaleway.products.addresses import public_ipv4
from apps.workspaces.fake_scaleway.products.catalog import server_type
from apps.workspaces.fake_scaleway.products.instance import (
    GROUP,
    IMAGE,
    IP,
    LOCAL,
    PLACEMENT,
    SERVER,
    V1,
    VOLUME,
    owner,
)
from apps.workspaces.fake_scaleway.products.instance_network import attach_ip, detach_ip, new_ip
from apps.workspaces.fake_scaleway.products.instance_security import default_group
from apps.workspaces.fake_scaleway.products.instance_storage import new_local_volume
from apps.workspaces.fake_scaleway.products.ipam import IP as BOOKED
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, is_uuid, read, read_changes
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("instance")
routes.standard(SERVER, f"{V1}/servers", "server_id", "LR")
ROOT_SIZE = 10_000_000_000
NEW_SERVER = {
    "name": Take("text", "server"),
    "commercial_type": Take("text", required=True),
    "image": Take("id"),
    "volumes": Take("object", {}),
    "tags": Take("list", []),
    "dynamic_ip_required": Take("flag", True),
    "enable_ipv6": Take("flag", False),
    "boot_type": Take("text", "local"),
    "public_ip": Take("id"),
    "public_ips": Take("list", []),
    "security_group": Take("id"),
    "placement_group": Take("id"),
    "protected": Take("flag", False),
    "admin_password_encryption_ssh_key_id": Take("text"),
}
# A server is made of an image or of volumes: without either, both are missing.
FROM_NOTHING = {**NEW_SERVER, "image": Take("id", required=True), "volumes": Take("object", required=True)}


@routes.on("POST", f"{V1}/servers", "create_server")
def create_server(call: Call) -> Reply:
    values = read(call.body, NEW_SERVER if call.body.get("image") or call.body.get("volumes") else FROM_NOTHING)
    machine = server_type(call, values["commercial_type"])
    image = find(call, IMAGE, values["image"], "read") if values["image"] else None
    addresses = [find(call, IP, ip_id) for ip_id in values["public_ips"] or filter(None, [values["public_ip"]])]
    server = make(call, SERVER, _new_body(call, values, machine["arch"]), **_new_hidden(call, values, image))
    server.hidden["volumes"] = _new_volumes(call, server, image, values["volumes"])
    for address in addresses:
        attach_ip(call, address, server)
    headers = {"Location": f"https://api.scaleway.com{V1.format(zone=call.place)}/servers/{server.id}"}
    return Reply(201, one(call, SERVER, server).body, headers)


def _new_body(call: Call, values: dict[str, JSON], arch: str) -> dict[str, JSON]:
    number = call.world.random.getrandbits(24)
    mac = f"de:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    return {
        "name": values["name"],
        "arch": arch,
        "commercial_type": values["commercial_type"],
        "boot_type": values["boot_type"],
        **owner(call.project(), call.principal.organization),
        "hostname": "".join(c if c.isalnum() else "-" for c in values["name"]),
        "tags": values["tags"],
        "state": "stopped",
        "protected": values["protected"],
        "state_detail": "",
        "mac_address": mac,
        "routed_ip_enabled": True,
        "ipv6": None,
        "extra_networks": [],
        "dynamic_ip_required": values["dynamic_ip_required"],
        "enable_ipv6": values["enable_ipv6"],
        "private_ip": None,
        "bootscript": None,
        "location": None,
        "maintenances": [],
        "zone": call.place,
        "end_of_service": False,
    }


def _new_hidden(call: Call, values: dict[str, JSON], image: Record | None) -> dict[str, JSON]:
    group = find(call, GROUP, values["security_group"]) if values["security_group"] else None
    placement = find(call, PLACEMENT, values["placement_group"]) if values["placement_group"] else None
    return {
        "image": image.id if image else None,
        "security_group": (group or default_group(call, call.project())).id,
        "placement_group": placement.id if placement else None,
        "volumes": {},
        "networks": [],
        "user_data": {},
        "filesystems": [],
        "admin_key": values["admin_password_encryption_ssh_key_id"],
    }


def _new_volumes(
    call: Call, server: Record, image: Record | None, asked: dict[str, dict[str, JSON]]
) -> dict[str, dict[str, JSON]]:
    """Volume 0 comes from the image unless another is named; the others exist or are made empty."""
    wanted = {"0": {}, **asked} if image else dict(asked)
    return {index: _one_volume(call, server, image, index, item) for index, item in sorted(wanted.items())}


def _one_volume(call: Call, server: Record, image: Record | None, index: str, item: dict[str, JSON]) -> dict[str, JSON]:
    boot = bool(item.get("boot"))
    if item.get("id"):
        return {"id": item["id"], "boot": boot, **adopt(call, server, item["id"])}
    root = image.body["root_volume"] if image and index == "0" else None
    from_image = "sbs_volume" if root and root["volume_type"] == "sbs_snapshot" else "l_ssd"
    kind = item.get("volume_type") or from_image
    size = item.get("size") or (root or {}).get("size") or ROOT_SIZE
    name = item.get("name") or (image.body["name"] if image else server.body["name"])
    if kind in LOCAL:
        volume = new_local_volume(call, name=name, kind=kind, size=size, tags=[], server=server.id)
        return {"id": volume.id, "boot": boot}
    volume = block.new_volume(
        call,
        name=f"{name}_sbs_volume_{index}",
        size=size,
        iops=5000,
        tags=[],
        project=server.project,
        parent=root["id"] if root else item.get("base_snapshot"),
    )
    block.attach(call, volume, server.id)
    return {"id": volume.id, "boot": boot}


def adopt(call: Call, server: Record, volume_id: str) -> dict[str, JSON]:
    """Attach a volume that exists already, local or block."""
    local = call.world.store.get(VOLUME.name, volume_id)
    if local is not None:
        find(call, VOLUME, volume_id)
        if local.hidden.get("server") not in (None, server.id):
            raise errors.invalid_arguments(("volumes", "constraint", "the volume is attached to another server"))
        local.hidden["server"] = server.id
        return {}
    volume = call.world.store.get(block.VOLUME.name, volume_id)
    if volume is None:
        raise errors.not_found(VOLUME.word, volume_id)
    block.attach(call, volume, server.id)
    return {}


# ---- changes ------------------------------------------------------------------------------------------------------


@routes.on("PATCH", f"{V1}/servers/{{server_id}}", "update_server")
def update_server(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    shape = {
        "name": Take("text"),
        "tags": Take("list"),
        "protected": Take("flag"),
        "dynamic_ip_required": Take("flag"),
        "commercial_type": Take("text"),
    }
    changes = read_changes(call.body, shape)
    if "commercial_type" in changes:
        _change_type(call, server, changes["commercial_type"])
    if "name" in changes:
        server.body["hostname"] = changes["name"]
    server.body.update(changes)
    _change_links(call, server)
    if call.body.get("volumes") is not None:
        _change_volumes(call, server, call.body["volumes"])
    if call.body.get("public_ips") is not None:
        _change_addresses(call, server, call.body["public_ips"])
    touch(call, SERVER, server)
    return one(call, SERVER, server)


def _change_type(call: Call, server: Record, wanted: str) -> None:
    server_type(call, wanted)
    if server.body["state"] != "stopped":
        raise errors.invalid_arguments(("commercial_type", "constraint", "the server must be stopped"))


def _change_links(call: Call, server: Record) -> None:
    if "admin_password_encryption_ssh_key_id" in call.body:
        server.hidden["admin_key"] = call.body["admin_password_encryption_ssh_key_id"] or None
    if "placement_group" in call.body:
        server.hidden["placement_group"] = _linked(call, PLACEMENT, call.body["placement_group"], "placement_group")
    if call.body.get("security_group"):
        asked = call.body["security_group"]
        wanted = asked["id"] if isinstance(asked, dict) else asked
        server.hidden["security_group"] = _linked(call, GROUP, wanted, "security_group")


def _linked(call: Call, kind: Kind, wanted: str | None, name: str) -> str | None:
    if wanted is None:
        return None
    if not is_uuid(wanted):
        raise errors.invalid_arguments((name, "constraint", "not a valid value"))
    return find(call, kind, wanted).id


def _change_volumes(call: Call, server: Record, wanted: dict[str, dict[str, JSON]]) -> None:
    """The whole set: what is not named any more is detached, what is new attaches for a moment."""
    store, before = call.world.store, server.hidden["volumes"]
    kept = {item["id"]: item for item in before.values()}
    named = {item.get("id") for item in wanted.values()}
    for volume_id in kept.keys() - named:
        release(call.world, volume_id)
    after: dict[str, dict[str, JSON]] = {}
    for index, item in wanted.items():
        volume_id = item.get("id")
        known = kept.get(volume_id or "")
        if known is None:
            known = _one_volume(call, server, None, index, item)
            if store.get(block.VOLUME.name, known["id"]):
                known["state"] = "attaching"
        after[index] = {**known, "boot": item.get("boot", known["boot"])}
    server.hidden["volumes"] = after
    call.world.after("private_nic.attaching", server, _all_attached)


def _all_attached(world: World, server: Record) -> None:
    for item in server.hidden["volumes"].values():
        item.pop("state", None)


def release(world: World, volume_id: str) -> None:
    """Take a volume from its server: at once when local, after a while when block."""
    local = world.store.get(VOLUME.name, volume_id)
    if local is not None:
        local.hidden["server"] = None
    volume = world.store.get(block.VOLUME.name, volume_id)
    if volume is not None:
        block.start_detaching(world, volume)


def _change_addresses(call: Call, server: Record, wanted: list[str]) -> None:
    for ip in call.world.store.all(IP.name):
        if ip.hidden.get("server") == server.id and ip.id not in wanted:
            detach_ip(call, ip)
    for ip_id in wanted:
        attach_ip(call, find(call, IP, ip_id), server)


@routes.on("DELETE", f"{V1}/servers/{{server_id}}", "delete_server")
def delete_server(call: Call) -> Reply:
    """Only a stopped server can be deleted; its volumes stay, detaching."""
    server = find(call, SERVER, call.params["server_id"])
    if server.body["state"] != "stopped":
        raise errors.invalid_arguments(("server", "constraint", "the server must be stopped"))
    for item in server.hidden["volumes"].values():
        release(call.world, item["id"])
    remove_server(call.world, server)
    return Reply(204)


def remove_server(world: World, server: Record) -> None:
    """The server goes with its interfaces and their addresses."""
    store = world.store
    leave_addresses(world, server)
    for nic in list(store.where("private_nic", server_id=server.id)):
        store.remove(nic)
        for ip_id in nic.body["ip_ids"]:
            address = store.get("ipam_ip", ip_id)
            if address is not None:
                store.remove(address)
    store.remove(server)


def leave_addresses(world: World, server: Record) -> None:
    """Fixed public addresses are free again, a dynamic one disappears."""
    for ip in world.store.all(IP.name):
        if ip.hidden.get("server") == server.id:
            ip.hidden["server"] = None
            ip.body["state"] = "detached"
            booking = world.store.get(BOOKED.name, ip.id)
            if booking is not None:
                booking.body["resource"] = None
            if ip.hidden.get("dynamic"):
                world.store.remove(ip)


def give_dynamic_ip(call: Call, server: Record) -> None:
    """A server that asks for a dynamic address gets one when it starts without any."""
    has_one = any(ip.hidden.get("server") == server.id for ip in call.world.store.all(IP.name))
    if server.body["dynamic_ip_required"] and not has_one:
        address, _ = public_ipv4(call)
        ip = new_ip(call, project=server.project, kind="routed_ipv4", address=address, prefix=None, tags=[])
        ip.hidden["dynamic"] = True
        attach_ip(call, ip, server)


# ---- user data ----------------------------------------------------------------------------------------------------

USER_DATA = f"{V1}/servers/{{server_id}}/user_data"


@routes.on("GET", USER_DATA, "list_server_user_data")
def list_user_data(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    return Reply(200, {"user_data": sorted(server.hidden["user_data"])})


@routes.on("GET", f"{USER_DATA}/{{key}}", "get_server_user_data")
def get_user_data(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    value = server.hidden["user_data"].get(call.params["key"])
    if value is None:
        return Reply(404)
    return Reply(200, value, content_type="text/plain")


@routes.on("PATCH", f"{USER_DATA}/{{key}}", "set_server_user_data")
def set_user_data(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    server.hidden["user_data"][call.params["key"]] = call.raw
    return Reply(204)


@routes.on("DELETE", f"{USER_DATA}/{{key}}", "delete_server_user_data")
def delete_user_data(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    server.hidden["user_data"].pop(call.params["key"], None)
    return Reply(204)
