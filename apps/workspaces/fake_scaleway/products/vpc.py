"""VPC: VPCs, private networks with their subnets, access lists, connectors."""

import ipaddress
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one, touch
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("vpc")
BASE = "/vpc/v2/regions/{region}"
NAMED = {"name": Take("text"), "tags": Take("list")}


def _vpc_view(call: Call, record: Record) -> dict[str, JSON]:
    networks = sum(1 for _ in call.world.store.where("private_network", vpc_id=record.id))
    return {**record.body, "private_network_count": networks}


VPC = Kind("vpc", "vpc", "vpc", "vpcs", view=_vpc_view, changes=NAMED)
NETWORK = Kind(
    "private_network",
    "vpc",
    "private_network",
    "private_networks",
    changes=NAMED | {"default_route_propagation_enabled": Take("flag")},
    filters={"private_network_ids": lambda record, wanted: record.id in wanted},
)
CONNECTOR = Kind("vpc_connector", "vpc", "vpc_connector", "vpc_connectors", changes=NAMED)
routes.standard(VPC, f"{BASE}/vpcs", "vpc_id", "LRU")
routes.standard(NETWORK, f"{BASE}/private-networks", "private_network_id", "LRU")
routes.standard(CONNECTOR, f"{BASE}/vpc-connectors", "vpc_connector_id")


def default_vpc(call: Call, project: str) -> Record:
    """The VPC that every project has in every region, made when it is first needed."""
    for record in call.world.store.where("vpc", is_default=True, project_id=project, region=call.region):
        return record
    return new_vpc(call, "default", [], project, default=True)


def new_vpc(call: Call, name: str, tags: list[str], project: str, *, default: bool = False) -> Record:
    body = {
        "name": name,
        "tags": tags,
        "organization_id": call.principal.organization,
        "project_id": project,
        "is_default": default,
        "routing_enabled": True,
        "custom_routes_propagation_enabled": True,
        "transitivity_enabled": bool(call.body.get("enable_transitivity")),
        "s3_integration_enabled": False,
        "region": call.region,
    }
    record = make(call, VPC, body, project=project, seeded=default)
    record.hidden["acl"] = {False: _open_acl(), True: _open_acl()}
    return record


def _open_acl() -> dict[str, JSON]:
    return {"default_policy": "accept", "rules": []}


@routes.on("POST", f"{BASE}/vpcs", "create_vpc")
def create_vpc(call: Call) -> Reply:
    values = read(call.body, {"name": Take("text", "vpc"), "tags": Take("list", []), "project_id": Take("id")})
    return one(call, VPC, new_vpc(call, values["name"], values["tags"], call.project()))


@routes.on("DELETE", f"{BASE}/vpcs/{{vpc_id}}", "delete_vpc")
def delete_vpc(call: Call) -> Reply:
    vpc = find(call, VPC, call.params["vpc_id"])
    if any(call.world.store.where("private_network", vpc_id=vpc.id)):
        raise errors.precondition_failed("resource_still_in_use", "the VPC still holds private networks")
    if vpc.body["is_default"]:
        raise errors.precondition_failed("resource_not_usable", "the default VPC cannot be deleted")
    for kind in ("route", "ingress_rule"):
        for record in list(call.world.store.where(kind, vpc_id=vpc.id)):
            call.world.store.remove(record)
    return gone(call, vpc)


@routes.on("POST", f"{BASE}/vpcs/{{vpc_id}}/enable-custom-routes-propagation", "enable_custom_routes_propagation")
def enable_propagation(call: Call) -> Reply:
    return _switch(call, "custom_routes_propagation_enabled")


@routes.on("POST", f"{BASE}/vpcs/{{vpc_id}}/enable-routing", "enable_routing")
def enable_routing(call: Call) -> Reply:
    return _switch(call, "routing_enabled")


def _switch(call: Call, name: str) -> Reply:
    vpc = find(call, VPC, call.params["vpc_id"])
    vpc.body[name] = True
    touch(call, VPC, vpc)
    return one(call, VPC, vpc)


@routes.on("POST", f"{BASE}/object-storage-private-access/{{vpc_id}}/enable", "enable_object_storage_private_access")
def enable_object_access(call: Call) -> Reply:
    """Objects become reachable from the named private networks without leaving them."""
    wanted = call.asked_all("private_network_ids")
    reply = _switch(call, "s3_integration_enabled")
    for network_id in wanted:
        network = find(call, NETWORK, network_id)
        network.body["has_s3_integration"] = True
        touch(call, NETWORK, network)
    return reply


# ---- access lists -------------------------------------------------------------------------------------------------


@routes.on("GET", f"{BASE}/vpcs/{{vpc_id}}/acl-rules", "get_acl")
def get_acl(call: Call) -> Reply:
    vpc = find(call, VPC, call.params["vpc_id"])
    return Reply(200, vpc.hidden["acl"][(call.asked("is_ipv6") or "").lower() in ("true", "t", "1")])


@routes.on("PUT", f"{BASE}/vpcs/{{vpc_id}}/acl-rules", "set_acl")
def set_acl(call: Call) -> Reply:
    vpc = find(call, VPC, call.params["vpc_id"])
    policies = ("accept", "drop")
    shape = {
        "rules": Take("list", []),
        "is_ipv6": Take("flag", False),
        "default_policy": Take("text", required=True, one_of=policies),
    }
    values = read(call.body, shape)
    rules = [_acl_rule(rule) for rule in values["rules"]]
    vpc.hidden["acl"][values["is_ipv6"]] = {"default_policy": values["default_policy"], "rules": rules}
    return Reply(200, vpc.hidden["acl"][values["is_ipv6"]])


def _acl_rule(asked: dict[str, JSON]) -> dict[str, JSON]:
    protocols = ("ANY", "TCP", "UDP", "ICMP")
    shape = {
        "action": Take("text", "accept", one_of=("accept", "drop")),
        "protocol": Take("text", "ANY", one_of=protocols),
        "source": Take("text", required=True),
        "destination": Take("text", required=True),
        **{name: Take("number", 0) for name in ("src_port_low", "src_port_high", "dst_port_low", "dst_port_high")},
        "description": Take("text", ""),
    }
    plain = {**asked, "protocol": str(asked.get("protocol") or "ANY").upper()}
    return read(plain, shape)


# ---- private networks ---------------------------------------------------------------------------------------------


@routes.on("POST", f"{BASE}/private-networks", "create_private_network")
def create_network(call: Call) -> Reply:
    shape = {
        "name": Take("text", "private-network"),
        "tags": Take("list", []),
        "project_id": Take("id"),
        "vpc_id": Take("id"),
        "subnets": Take("list", []),
        "default_route_propagation_enabled": Take("flag", False),
    }
    values = read(call.body, shape)
    vpc = find(call, VPC, values["vpc_id"]) if values["vpc_id"] else default_vpc(call, call.project())
    blocks = _blocks(call, vpc, values["subnets"])
    body = {
        "name": values["name"],
        "tags": values["tags"],
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "subnets": [],
        "vpc_id": vpc.id,
        "dhcp_enabled": True,
        "default_route_propagation_enabled": values["default_route_propagation_enabled"],
        "has_s3_integration": False,
        "region": call.region,
    }
    network = make(call, NETWORK, body)
    network.body["subnets"] = [_subnet(call, network, block) for block in blocks]
    return one(call, NETWORK, network)


def _blocks(call: Call, vpc: Record, asked: list[str]) -> list[str]:
    """The wanted address blocks, completed with a free one of each family; overlaps inside the VPC are refused."""
    networks = call.world.store.where("private_network", vpc_id=vpc.id)
    taken = [ipaddress.ip_network(s["subnet"]) for network in networks for s in network.body["subnets"]]
    blocks = [_block(text) for text in asked]
    for block in blocks:
        if any(block.version == other.version and block.overlaps(other) for other in taken):
            raise errors.invalid_arguments(("subnets", "constraint", f"{block} overlaps with another private network"))
    if not any(block.version == 4 for block in blocks):
        candidates = ipaddress.ip_network("172.16.0.0/12").subnets(new_prefix=22)
        blocks.append(next(c for c in candidates if not any(c.version == t.version and c.overlaps(t) for t in taken)))
    if not any(block.version == 6 for block in blocks):
        prefix = (0xFD << 120) | (call.world.random.getrandbits(56) << 64)
        blocks.append(ipaddress.ip_network((prefix, 64)))
    return [str(block) for block in blocks]


def _block(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise errors.invalid_arguments(("subnets", "format", "value must be a valid subnet")) from None


def _subnet(call: Call, network: Record, block: str) -> dict[str, JSON]:
    return {
        "id": call.world.new_id(),
        "created_at": network.body["created_at"],
        "updated_at": network.body["updated_at"],
        "subnet": block,
        "project_id": network.project,
        "private_network_id": network.id,
        "vpc_id": network.body["vpc_id"],
        "region": network.body["region"],
    }


@routes.on("DELETE", f"{BASE}/private-networks/{{private_network_id}}", "delete_private_network")
def delete_network(call: Call) -> Reply:
    """Refused while something is plugged in; addresses that nobody uses go with it."""
    network = find(call, NETWORK, call.params["private_network_id"])
    store = call.world.store
    for kind in ("private_nic", "gateway_network"):
        if any(store.where(kind, private_network_id=network.id)):
            raise errors.precondition_failed("resource_still_in_use", "the private network is still in use")
    subnets = {subnet["id"] for subnet in network.body["subnets"]}
    for ip in store.all("ipam_ip"):
        if ip.body["source"].get("subnet_id") in subnets:
            store.remove(ip)
    return gone(call, network)


# ---- connectors ---------------------------------------------------------------------------------------------------


@routes.on("POST", f"{BASE}/vpc-connectors", "create_vpc_connector")
def create_connector(call: Call) -> Reply:
    """A connector is an orphan until the other side has one that points back."""
    shape = {
        "name": Take("text", "connector"),
        "tags": Take("list", []),
        "vpc_id": Take("id", required=True),
        "target_vpc_id": Take("id", required=True),
    }
    values = read(call.body, shape)
    vpc, target = find(call, VPC, values["vpc_id"]), find(call, VPC, values["target_vpc_id"])
    back = list(call.world.store.where("vpc_connector", vpc_id=target.id, target_vpc_id=vpc.id))
    for peer in back:
        peer.body["status"] = "peered"
    body = {
        **values,
        "organization_id": call.principal.organization,
        "project_id": vpc.project,
        "region": call.region,
        "status": "peered" if back else "orphan",
    }
    return one(call, CONNECTOR, make(call, CONNECTOR, body, project=vpc.project))
