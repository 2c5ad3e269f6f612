"""Public gateways: gateways, their addresses, the private networks they serve, port forwarding."""

from functools import partial
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one, touch
from apps.workspaces.fake_scaleway.products.addresses import public_ipv4, resolves
from apps.workspaces.fake_scaleway.products.ipam import IP as BOOKED
from apps.workspaces.fake_scaleway.products.ipam import book_in_network
from apps.workspaces.fake_scaleway.products.vpc import NETWORK
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("vpcgw")
BASE = "/vpc-gw/v2/zones/{zone}"
BANDWIDTH = {"VPC-GW-S": 100, "VPC-GW-M": 1000, "VPC-GW-L": 3000, "VPC-GW-XL": 10000}


def _gateway_view(call: Call, record: Record) -> dict[str, JSON]:
    store = call.world.store
    ip = store.get("gateway_ip", record.hidden["ip_id"])
    links = store.where("gateway_network", gateway_id=record.id)
    return {**record.body, "ipv4": ip.body if ip else None, "gateway_networks": [link.body for link in links]}


GATEWAY = Kind(
    "gateway",
    "vpcgw",
    "gateway",
    "gateways",
    view=_gateway_view,
    filters={
        "include_legacy": lambda record, wanted: True,
        "private_network_ids": lambda record, wanted: bool(set(wanted) & set(record.hidden["networks"])),
        "types": lambda record, wanted: record.body["type"] in wanted,
    },
)
IP = Kind("gateway_ip", "vpcgw", "ip", "ips")
LINK = Kind("gateway_network", "vpcgw", "gateway_network", "gateway_networks")
PAT = Kind(
    "pat_rule",
    "vpcgw",
    "pat_rule",
    "pat_rules",
    changes={
        "public_port": Take("number"),
        "private_port": Take("number"),
        "private_ip": Take("text"),
        "protocol": Take("text"),
    },
)
routes.standard(GATEWAY, f"{BASE}/gateways", "gateway_id", "LR")
routes.standard(IP, f"{BASE}/ips", "ip_id", "LR", names="ip")
routes.standard(LINK, f"{BASE}/gateway-networks", "gateway_network_id", "LR")
routes.standard(PAT, f"{BASE}/pat-rules", "pat_rule_id")


def _new_ip(call: Call, tags: list[str]) -> Record:
    address, reverse = public_ipv4(call)
    body = {
        "address": address,
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "reverse": reverse,
        "tags": tags,
        "zone": call.place,
    }
    return make(call, IP, body)


@routes.on("POST", f"{BASE}/ips", "create_ip")
def create_ip(call: Call) -> Reply:
    return one(call, IP, _new_ip(call, read(call.body, {"tags": Take("list", [])})["tags"]))


@routes.on("PATCH", f"{BASE}/ips/{{ip_id}}", "update_ip")
def update_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    values = read_changes(call.body, {"tags": Take("list"), "reverse": Take("text")})
    if values.get("reverse") and not resolves(call, values["reverse"]):
        raise errors.invalid_arguments(("reverse", "unknown", f"must_resolve: {values['reverse']}"))
    ip.body.update(values)
    touch(call, IP, ip)
    return one(call, IP, ip)


@routes.on("DELETE", f"{BASE}/ips/{{ip_id}}", "delete_ip")
def delete_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    if ip.body.get("gateway_id"):
        raise errors.precondition_failed("resource_still_in_use", "the address is used by a gateway")
    return gone(call, ip)


@routes.on("POST", f"{BASE}/gateways", "create_gateway")
def create_gateway(call: Call) -> Reply:
    shape = {
        "name": Take("text", "gateway"),
        "tags": Take("list", []),
        "type": Take("text", "VPC-GW-S", one_of=tuple(BANDWIDTH)),
        "enable_smtp": Take("flag", False),
        "enable_bastion": Take("flag", False),
        "bastion_port": Take("number", 61000),
        "ip_id": Take("id"),
    }
    values = read(call.body, shape)
    ip = find(call, IP, values["ip_id"]) if values["ip_id"] else _new_ip(call, [])
    body = {
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "type": values["type"],
        "bandwidth": BANDWIDTH[values["type"]],
        "status": "allocating",
        "name": values["name"],
        "tags": values["tags"],
        "bastion_enabled": values["enable_bastion"],
        "bastion_port": values["bastion_port"],
        "smtp_enabled": values["enable_smtp"],
        "is_legacy": False,
        "bastion_allowed_ips": ["0.0.0.0/0"],
        "zone": call.place,
    }
    gateway = make(call, GATEWAY, body, ip_id=ip.id, networks=[])
    ip.body["gateway_id"] = gateway.id
    call.world.after("gateway.allocating", gateway, _allocated)
    return one(call, GATEWAY, gateway)


def _allocated(world: World, gateway: Record) -> None:
    gateway.body.update(status="configuring", version="0.8.5", updated_at=world.now_text())
    world.after("gateway.configuring", gateway, _running)


def _running(world: World, gateway: Record) -> None:
    gateway.body.update(status="running", updated_at=world.now_text())


@routes.on("PATCH", f"{BASE}/gateways/{{gateway_id}}", "update_gateway")
def update_gateway(call: Call) -> Reply:
    gateway = find(call, GATEWAY, call.params["gateway_id"])
    shape = {
        "name": Take("text"),
        "tags": Take("list"),
        "enable_bastion": Take("flag"),
        "enable_smtp": Take("flag"),
        "bastion_port": Take("number"),
    }
    values = read_changes(call.body, shape)
    renamed = {"enable_bastion": "bastion_enabled", "enable_smtp": "smtp_enabled"}
    gateway.body.update({renamed.get(name, name): value for name, value in values.items()})
    touch(call, GATEWAY, gateway)
    return one(call, GATEWAY, gateway)


@routes.on("POST", f"{BASE}/gateways/{{gateway_id}}/upgrade", "upgrade_gateway")
def upgrade_gateway(call: Call) -> Reply:
    gateway = find(call, GATEWAY, call.params["gateway_id"])
    wanted = read(call.body, {"type": Take("text", one_of=tuple(BANDWIDTH))})["type"] or gateway.body["type"]
    gateway.body.update(type=wanted, bandwidth=BANDWIDTH[wanted])
    touch(call, GATEWAY, gateway)
    return one(call, GATEWAY, gateway)


@routes.on("POST", f"{BASE}/gateways/{{gateway_id}}/refresh-ssh-keys", "refresh_ssh_keys")
def refresh_ssh_keys(call: Call) -> Reply:
    return one(call, GATEWAY, find(call, GATEWAY, call.params["gateway_id"]))


@routes.on("DELETE", f"{BASE}/gateways/{{gateway_id}}", "delete_gateway")
def delete_gateway(call: Call) -> Reply:
    """It answers once more while it is being deleted; its address goes too only when asked."""
    gateway = find(call, GATEWAY, call.params["gateway_id"])
    if any(call.world.store.where("gateway_network", gateway_id=gateway.id)):
        raise errors.precondition_failed("resource_still_in_use", "the gateway still serves private networks")
    gateway.body["status"] = "deleting"
    with_ip = call.asked("delete_ip") == "true"
    call.world.after("gateway.deleting", gateway, partial(_removed, with_ip=with_ip))
    return one(call, GATEWAY, gateway)


def _removed(world: World, gateway: Record, *, with_ip: bool) -> None:
    world.store.remove(gateway)
    ip = world.store.get("gateway_ip", gateway.hidden["ip_id"])
    if ip is not None:
        ip.body.pop("gateway_id", None)
        if with_ip:
            world.store.remove(ip)


# ---- the private networks that a gateway serves -------------------------------------------------------------------


@routes.on("POST", f"{BASE}/gateway-networks", "create_gateway_network")
def create_link(call: Call) -> Reply:
    shape = {
        "gateway_id": Take("id", required=True),
        "private_network_id": Take("id", required=True),
        "enable_masquerade": Take("flag", True),
        "push_default_route": Take("flag", False),
        "ipam_ip_id": Take("id"),
    }
    values = read(call.body, shape)
    gateway = find(call, GATEWAY, values["gateway_id"])
    network = find(call, NETWORK, values["private_network_id"])
    if gateway.body["status"] != "running":
        raise errors.transient_state("gateway", gateway.id, gateway.body["status"])
    body = {
        "gateway_id": gateway.id,
        "private_network_id": network.id,
        "masquerade_enabled": values["enable_masquerade"],
        "status": "created",
        "push_default_route": values["push_default_route"],
        "ipam_ip_id": values["ipam_ip_id"],
        "zone": call.place,
    }
    link = make(call, LINK, body, project=gateway.project, route_id=call.world.new_id())
    _give_address(call, link, gateway, network)
    gateway.body["status"] = "configuring"
    gateway.hidden["networks"].append(network.id)
    call.world.after("gateway_network.attaching", link, _ready)
    return one(call, LINK, link)


def _give_address(call: Call, link: Record, gateway: Record, network: Record) -> None:
    mac = mac_address(call)
    link.hidden["mac_address"] = mac
    resource = {"type": "vpc_gateway_network", "id": link.id, "mac_address": mac, "name": gateway.body["name"]}
    link.hidden["resource"] = resource
    link.hidden["given"] = link.body["ipam_ip_id"] is not None
    if link.hidden["given"]:
        find(call, BOOKED, link.body["ipam_ip_id"]).body["resource"] = resource
    else:
        link.body["ipam_ip_id"] = book_in_network(call, network, resource=resource).id


def mac_address(call: Call) -> str:
    return "02:00:00:" + ":".join(f"{call.world.random.randrange(256):02X}" for _ in range(3))


def _ready(world: World, link: Record) -> None:
    link.body.update(status="ready", mac_address=link.hidden["mac_address"], updated_at=world.now_text())
    gateway = world.store.get("gateway", link.body["gateway_id"])
    if gateway is not None:
        _running(world, gateway)


@routes.on("PATCH", f"{BASE}/gateway-networks/{{gateway_network_id}}", "update_gateway_network")
def update_link(call: Call) -> Reply:
    link = find(call, LINK, call.params["gateway_network_id"])
    shape = {"enable_masquerade": Take("flag"), "push_default_route": Take("flag"), "ipam_ip_id": Take("id")}
    values = read_changes(call.body, shape)
    if values.get("ipam_ip_id") not in (None, link.body["ipam_ip_id"]):
        find(call, BOOKED, values["ipam_ip_id"]).body["resource"] = link.hidden["resource"]
        _release_address(call.world, link)
        link.hidden["given"] = True
    renamed = {"enable_masquerade": "masquerade_enabled"}
    link.body.update({renamed.get(name, name): value for name, value in values.items()}, status="configuring")
    touch(call, LINK, link)
    call.world.after("gateway_network.attaching", link, _ready)
    return one(call, LINK, link)


@routes.on("DELETE", f"{BASE}/gateway-networks/{{gateway_network_id}}", "delete_gateway_network")
def delete_link(call: Call) -> Reply:
    link = find(call, LINK, call.params["gateway_network_id"])
    link.body["status"] = "detaching"
    gateway = call.world.store.get("gateway", link.body["gateway_id"])
    if gateway is not None:
        gateway.body["status"] = "configuring"
    call.world.after("gateway_network.detaching", link, _unlinked)
    return one(call, LINK, link)


def _unlinked(world: World, link: Record) -> None:
    world.store.remove(link)
    _release_address(world, link)
    gateway = world.store.get("gateway", link.body["gateway_id"])
    if gateway is not None:
        _running(world, gateway)


def _release_address(world: World, link: Record) -> None:
    """An address that was given is free again; one that was booked for the link goes with it."""
    address = world.store.get(BOOKED.name, link.body["ipam_ip_id"] or "")
    if address is not None and link.hidden["given"]:
        address.body["resource"] = None
    elif address is not None:
        world.store.remove(address)


@routes.on("POST", f"{BASE}/pat-rules", "create_pat_rule")
def create_pat_rule(call: Call) -> Reply:
    shape = {
        "gateway_id": Take("id", required=True),
        "public_port": Take("number", required=True),
        "private_ip": Take("text", required=True),
        "private_port": Take("number", required=True),
        "protocol": Take("text", "both", one_of=("both", "tcp", "udp")),
    }
    values = read(call.body, shape)
    gateway = find(call, GATEWAY, values["gateway_id"])
    return one(call, PAT, make(call, PAT, {**values, "zone": call.place}, project=gateway.project))
