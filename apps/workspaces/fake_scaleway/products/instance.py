"""Instances: the kinds of the product and how they are shown. Version 1 wraps, version 2 does not."""

from typing import Any

from apps.workspaces.fake_scaleway.call import Call
from apps.workspaces.fake_scaleway.clock import stamp_with_offset
from apps.workspaces.fake_scaleway.kinds import Kind
from apps.workspaces.fake_scaleway.shapes import Take
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
V1 = "/instance/v1/zones/{zone}"
V2 = "/instance/v2alpha1/zones/{zone}"
DATES = ("creation_date", "modification_date")
LOCAL = ("l_ssd", "scratch")
RUNNING_ACTIONS = ["poweroff", "terminate", "reboot", "stop_in_place", "backup"]
ALLOWED_ACTIONS = {
    "stopped": ["poweron", "backup"],
    "running": RUNNING_ACTIONS,
    "stopped in place": ["poweron", "poweroff", "terminate", "reboot", "backup"],
}


def owner(project: str, organization: str) -> dict[str, str]:
    return {"organization": organization, "project": project}


def without_dates(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name not in DATES}


def server_name(call: Call, server_id: str | None) -> dict[str, str] | None:
    server = call.world.store.get("server", server_id or "")
    return {"id": server.id, "name": server.body["name"]} if server else None


# ---- servers ------------------------------------------------------------------------------------------------------


def _server_view(call: Call, record: Record) -> dict[str, JSON]:
    """A server is shown with its image, volumes, addresses, interfaces and groups as they are now."""
    store = call.world.store
    image = store.get("image", record.hidden["image"] or "")
    group = store.get("security_group", record.hidden["security_group"] or "")
    placement = store.get("placement_group", record.hidden["placement_group"] or "")
    addresses = [_address_view(ip) for ip in store.all("instance_ip") if ip.hidden.get("server") == record.id]
    volumes = {index: _volume_of(call, record, item) for index, item in record.hidden["volumes"].items()}
    nics = [nic_v1(call, nic) for nic in store.where("private_nic", server_id=record.id)]
    return {
        **record.body,
        "image": image_view(call, image) if image else None,
        "volumes": volumes,
        "security_group": {"id": group.id, "name": group.body["name"]} if group else None,
        "placement_group": placement_view(call, placement) if placement else None,
        "public_ips": addresses,
        "public_ip": addresses[0] if addresses else None,
        "private_nics": nics,
        "allowed_actions": _actions(record, volumes),
        "dns": f"{record.id}.pub.instances.scw.cloud",
        "admin_password_encryption_ssh_key_id": record.hidden.get("admin_key"),
        "filesystems": list(record.hidden["filesystems"]),
    }


def _actions(server: Record, volumes: dict[str, JSON]) -> list[str]:
    """What may be done to the server: nothing while one of its volumes is busy."""
    if any(volume["state"] != "available" for volume in volumes.values()):
        return []
    return ALLOWED_ACTIONS.get(server.body["state"], ["stop_in_place", "backup"])


def _volume_of(call: Call, server: Record, item: dict[str, JSON]) -> dict[str, JSON]:
    local = call.world.store.get("volume_local", item["id"])
    if local is not None:
        return {"boot": item["boot"], **volume_view(call, local)}
    state = item.get("state", "available")
    return {
        "boot": item["boot"],
        "volume_type": "sbs_volume",
        "id": item["id"],
        "state": state,
        "zone": server.place,
    }


def _address_view(ip: Record) -> dict[str, JSON]:
    v6 = ip.body["type"] == "routed_ipv6"
    return {
        "id": ip.id,
        "address": ip.body["prefix"].removesuffix("/64") + "1" if v6 else ip.body["address"],
        "dynamic": bool(ip.hidden.get("dynamic")),
        "gateway": "fe80::1" if v6 else "203.0.113.254",
        "netmask": "64" if v6 else "32",
        "family": "inet6" if v6 else "inet",
        "provisioning_mode": "slaac" if v6 else "dhcp",
        "tags": ip.body["tags"],
        "state": ip.body["state"],
        "ipam_id": ip.id,
    }


def _in_private_network(record: Record, wanted: list[str]) -> bool:
    return bool(set(wanted) & set(record.hidden["networks"]))


SERVER = Kind(
    "server",
    "instance",
    "instance_server",
    "servers",
    "server",
    view=_server_view,
    dates=DATES,
    denied_word="server",
    filters={
        "private_network": _in_private_network,
        "private_networks": _in_private_network,
        "with_ip": lambda record, wanted: True,
        "without_ip": lambda record, wanted: True,
        "servers": lambda record, wanted: record.id in ",".join(wanted).split(","),
    },
)

# ---- local volumes, snapshots, images -----------------------------------------------------------------------------


def volume_view(call: Call, record: Record) -> dict[str, JSON]:
    return {**record.body, "server": server_name(call, record.hidden.get("server"))}


def _base(call: Call, record: Record) -> dict[str, JSON]:
    return {**record.body, "base_volume": record.hidden.get("base_volume")}


def image_view(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name != "label"}


VOLUME = Kind(
    "volume_local",
    "instance",
    "instance_volume",
    "volumes",
    "volume",
    view=volume_view,
    dates=DATES,
    denied_word="volume",
    changes={"name": Take("text"), "tags": Take("list"), "size": Take("number")},
    filters={"volume_type": lambda record, wanted: record.body["volume_type"] in wanted},
)
SNAPSHOT = Kind(
    "snapshot_local",
    "instance",
    "instance_snapshot",
    "snapshots",
    "snapshot",
    view=_base,
    dates=DATES,
    denied_word="snapshot",
    changes={"name": Take("text"), "tags": Take("list")},
    filters={"base_volume_id": lambda r, wanted: (r.hidden.get("base_volume") or {}).get("id") in wanted},
)
IMAGE = Kind(
    "image",
    "instance",
    "instance_image",
    "images",
    "image",
    view=image_view,
    dates=DATES,
    denied_word="image",
    filters={"public": lambda record, wanted: str(record.body["public"]).lower() == wanted[-1]},
)

# ---- addresses and interfaces -------------------------------------------------------------------------------------


def _ip_view(call: Call, record: Record) -> dict[str, JSON]:
    return {**without_dates(call, record), "server": server_name(call, record.hidden.get("server"))}


def nic_v1(call: Call, record: Record) -> dict[str, JSON]:
    moment = stamp_with_offset(record.hidden["made_at"])
    return {
        "id": record.id,
        "private_network_id": record.body["private_network_id"],
        "server_id": record.body["server_id"],
        "mac_address": record.body["mac_address"],
        "state": "available",
        "creation_date": moment,
        "modification_date": moment,
        "zone": record.place,
        "tags": record.body["tags"],
        "ipam_ip_ids": record.body["ip_ids"],
    }


IP = Kind(
    "instance_ip",
    "instance",
    "instance_ip",
    "ips",
    "ip",
    view=_ip_view,
    dates=DATES,
    denied_word="ip",
    filters={"type": lambda record, wanted: record.body["type"] in wanted},
)
NIC = Kind(
    "private_nic",
    "instance",
    "instance_private_nic",
    "private_network_interfaces",
    denied_word="private_nic",
    changes={"tags": Take("list")},
    filters={
        "server_ids": lambda record, wanted: record.body["server_id"] in wanted,
        "private_network_ids": lambda record, wanted: record.body["private_network_id"] in wanted,
    },
)
NIC_V1 = Kind("private_nic", "instance", "instance_private_nic", "private_nics", "private_nic", view=nic_v1)

# ---- groups -------------------------------------------------------------------------------------------------------


def _group_view(call: Call, record: Record) -> dict[str, JSON]:
    servers = [
        {"id": server.id, "name": server.body["name"]}
        for server in call.world.store.all("server")
        if server.hidden["security_group"] == record.id
    ]
    return {**record.body, "servers": servers}


def placement_view(call: Call, record: Record) -> dict[str, JSON]:
    return {
        "id": record.id,
        "name": record.body["name"],
        **owner(record.project, record.organization),
        "policy_mode": record.hidden["policy_mode"],
        "policy_type": record.body["policy_type"],
        "policy_respected": True,
        "tags": record.body["tags"],
        "zone": record.place,
    }


GROUP = Kind(
    "security_group",
    "instance",
    "instance_security_group",
    "security_groups",
    "security_group",
    view=_group_view,
    dates=DATES,
    denied_word="security_group",
)
PLACEMENT = Kind(
    "placement_group", "instance", "instance_placement_group", "placement_groups", denied_word="placement_group"
)
PLACEMENT_V1 = Kind(
    "placement_group",
    "instance",
    "instance_placement_group",
    "placement_groups",
    "placement_group",
    view=placement_view,
    denied_word="placement_group",
)
