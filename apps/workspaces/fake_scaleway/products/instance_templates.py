"""Instances: templates of servers (v2alpha1), their user data, and servers made from them."""

from dataclasses import replace
from functools import partial
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one, touch
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.addresses import public_ipv4, public_ipv6_prefix
from apps.workspaces.fake_scaleway.products.catalog import server_type
from apps.workspaces.fake_scaleway.products.instance import SERVER, V2
from apps.workspaces.fake_scaleway.products.instance_network import new_ip
from apps.workspaces.fake_scaleway.products.instance_servers import create_server
from apps.workspaces.fake_scaleway.products.marketplace import local_image
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("instance")
TEMPLATE = Kind("template", "instance", "instance_template", "templates", denied_word="template")
TEMPLATES = f"{V2}/templates"
ITEM = f"{TEMPLATES}/{{template_id}}"
SHAPE = {
    "name": Take("text", "template"),
    "tags": Take("list", []),
    "server_tags": Take("list", []),
    "server_type": Take("text", required=True),
    "public_ip_v4_count": Take("number", 0),
    "public_ip_v6_count": Take("number", 0),
    "volumes": Take("list", []),
    "private_networks": Take("list", []),
    "filesystem_ids": Take("list", []),
}
PLAIN = {name: Take(take.kind) for name, take in SHAPE.items() if name not in {"volumes", "private_networks"}}
# What a template names of an older API: its kinds of volumes.
KINDS_V1 = {"sbs": "sbs_volume"}
routes.standard(TEMPLATE, TEMPLATES, "template_id", "LRD")


def _volume(asked: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in {**asked, "tags": asked.get("tags") or []}.items() if value is not None}


@routes.on("POST", TEMPLATES, "create_template")
def create_template(call: Call) -> Reply:
    values = read(call.body, SHAPE)
    server_type(call, values["server_type"])
    volumes = [_volume(one) for one in values["volumes"]]
    body = {"project_id": call.project(), **values, "volumes": volumes, "zone": call.place}
    return one(call, TEMPLATE, make(call, TEMPLATE, body, user_data={}))


@routes.on("PATCH", ITEM, "update_template")
def update_template(call: Call) -> Reply:
    """Lists of volumes and networks come wrapped, so that an empty list can be told from none."""
    template = _template(call)
    changes = read_changes(call.body, PLAIN)
    if "server_type" in changes:
        server_type(call, changes["server_type"])
    for name in ("volumes", "private_networks", "filesystem_ids"):
        wrapped = call.body.get(f"update_{name}")
        if wrapped is not None:
            found = wrapped.get(name) or []
            changes[name] = [_volume(one) for one in found] if name == "volumes" else found
    template.body.update(changes)
    touch(call, TEMPLATE, template)
    return one(call, TEMPLATE, template)


def _template(call: Call) -> Record:
    return find(call, TEMPLATE, call.params["template_id"])


@routes.on("GET", f"{ITEM}/check", "check_template")
def check_template(call: Call) -> Reply:
    """Whether a server could be made of it now."""
    template = _template(call)
    server_type(call, template.body["server_type"])
    for volume in filter(_has_image, template.body["volumes"]):
        _image(call, volume)
    return Reply(204)


# ---- a server of it -------------------------------------------------------------------------------------------------


@routes.on("POST", f"{ITEM}/create-server", "create_server_from_template")
def create_server_from_template(call: Call) -> Reply:
    template = _template(call)
    name = read(call.body, {"name": Take("text")})["name"]
    body = template.body
    addresses = _addresses(call, template)
    asked = {
        "name": name or body["name"],
        "project": template.project,
        "commercial_type": body["server_type"],
        "tags": list(body["server_tags"]),
        "dynamic_ip_required": False,
        "public_ips": [ip.id for ip in addresses],
        "volumes": {str(index): _volume_v1(volume) for index, volume in enumerate(body["volumes"])},
        "image": next(map(partial(_image, call), filter(_has_image, body["volumes"])), None),
    }
    made = create_server(replace(call, body=asked)).body["server"]
    server = find(call, SERVER, made["id"])
    server.hidden["user_data"] = {key: text.encode() for key, text in template.hidden["user_data"].items()}
    return Reply(200, _server_v2(server, made, addresses))


def _has_image(volume: dict[str, JSON]) -> bool:
    return bool(volume.get("image_label"))


def _image(call: Call, volume: dict[str, JSON]) -> str:
    return local_image(call, volume["image_label"], block=volume["volume_type"] == "sbs")


def _volume_v1(volume: dict[str, JSON]) -> dict[str, JSON]:
    kind = KINDS_V1.get(volume["volume_type"], volume["volume_type"])
    return {"volume_type": kind, "size": volume.get("size"), "name": volume.get("name"), "boot": True}


def _addresses(call: Call, template: Record) -> list[Record]:
    project, found = template.project, []
    for _ in range(template.body["public_ip_v4_count"]):
        address = public_ipv4(call)[0]
        found.append(new_ip(call, project=project, kind="routed_ipv4", address=address, prefix=None, tags=[]))
    for _ in range(template.body["public_ip_v6_count"]):
        prefix = public_ipv6_prefix(call)
        found.append(new_ip(call, project=project, kind="routed_ipv6", address=None, prefix=prefix, tags=[]))
    return found


def _server_v2(server: Record, made: dict[str, JSON], addresses: list[Record]) -> dict[str, JSON]:
    kinds = {"sbs_volume": "sbs"}
    volumes = [
        {"id": one["id"], "volume_type": kinds.get(one["volume_type"], one["volume_type"])}
        for one in made["volumes"].values()
    ]
    ips = [{"id": ip.id, "dynamic": False, "status": ip.body["state"], "default": False} for ip in addresses]
    return {
        "project_id": server.project,
        "id": server.id,
        "name": made["name"],
        "tags": made["tags"],
        "server_type": made["commercial_type"],
        "status": made["state"],
        "volumes": volumes,
        "filesystems": [],
        "architecture": made["arch"],
        "created_at": made["creation_date"],
        "updated_at": made["modification_date"],
        "private_network_interfaces": [],
        "rescue_mode": False,
        "status_detail": made["state_detail"],
        "public_network_interface": {
            "status": "available",
            "mac_address": made["mac_address"],
            "security_group_id": made["security_group"]["id"],
            "ips": ips,
            "dns": f"{server.id}.pub.instances.scw.cloud",
        },
        "zone": made["zone"],
    }


# ---- user data ------------------------------------------------------------------------------------------------------

DATA = f"{ITEM}/user-data"


@routes.on("GET", DATA, "list_template_user_data")
def list_user_data(call: Call) -> Reply:
    return page_with_total(call, "keys", sorted(_template(call).hidden["user_data"]))


@routes.on("GET", f"{DATA}/{{key}}", "get_template_user_data")
def get_user_data(call: Call) -> Reply:
    key = call.params["key"]
    found = _template(call).hidden["user_data"].get(key)
    if found is None:
        raise errors.not_found("instance_template_user_data", key)
    return Reply(200, {"key": key, "content": found})


@routes.on("PUT", f"{DATA}/{{key}}", "set_template_user_data")
def set_user_data(call: Call) -> Reply:
    content = read(call.body, {"content": Take("text", required=True)})["content"]
    _template(call).hidden["user_data"][call.params["key"]] = content
    return Reply(204)


@routes.on("DELETE", f"{DATA}/{{key}}", "delete_template_user_data")
def delete_user_data(call: Call) -> Reply:
    _template(call).hidden["user_data"].pop(call.params["key"], None)
    return Reply(204)
