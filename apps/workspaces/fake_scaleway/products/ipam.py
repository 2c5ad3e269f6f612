"""IPAM: addresses booked in private networks and the public ones of zones, and what they are attached to."""

import ipaddress
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one, touch
from apps.workspaces.fake_scaleway.products.vpc import NETWORK
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("ipam")
PATH = "/ipam/v1/regions/{region}/ips"


def _resource(record: Record) -> dict[str, JSON]:
    return record.body["resource"] or {}


def _of_resource(name: str) -> Any:
    return lambda record, wanted: str(_resource(record).get(name)) in wanted


def _kind_of_resource(record: Record, wanted: list[str]) -> bool:
    return wanted[-1] == "unknown_type" or _resource(record).get("type") in wanted


def _mac(record: Record, wanted: list[str]) -> bool:
    return (_resource(record).get("mac_address") or "").upper() in [item.upper() for item in wanted]


IP = Kind(
    "ipam_ip",
    "ipam",
    "ip",
    "ips",
    filters={
        "resource_id": _of_resource("id"),
        "resource_ids": _of_resource("id"),
        "resource_name": _of_resource("name"),
        "resource_type": _kind_of_resource,
        "resource_types": _kind_of_resource,
        "mac_address": _mac,
        "private_network_id": lambda record, wanted: record.hidden.get("private_network_id") in wanted,
        "vpc_id": lambda record, wanted: record.hidden.get("vpc_id") in wanted,
        "subnet_id": lambda record, wanted: record.body["source"].get("subnet_id") in wanted,
        "zonal": lambda record, wanted: record.body["source"].get("zonal") in wanted,
        "source_vpc_id": lambda record, wanted: record.hidden.get("vpc_id") in wanted,
        "attached": lambda record, wanted: (record.body["resource"] is not None) == (wanted[-1] == "true"),
        "ip_ids": lambda record, wanted: record.id in wanted,
    },
)
routes.standard(IP, PATH, "ip_id", "LR", names="ip")


def custom_resource(call: Call, asked: dict[str, JSON]) -> dict[str, JSON]:
    mac = asked.get("mac_address") or ""
    return {"id": call.world.new_id(), "mac_address": mac.upper(), "name": asked.get("name"), "type": "custom"}


@routes.on("POST", PATH, "book_ip")
def book_ip(call: Call) -> Reply:
    shape = {
        "project_id": Take("id"),
        "source": Take("object", required=True),
        "is_ipv6": Take("flag", False),
        "address": Take("text"),
        "tags": Take("list", []),
        "resource": Take("object"),
    }
    values = read(call.body, shape)
    network_id = values["source"].get("private_network_id")
    if not network_id:
        raise errors.invalid_arguments(("source", "required", "private_network_id is needed"))
    network = find(call, NETWORK, network_id)
    resource = custom_resource(call, values["resource"]) if values["resource"] else None
    booked = book_in_network(call, network, ipv6=values["is_ipv6"], address=values["address"], resource=resource)
    booked.body["tags"] = values["tags"]
    return one(call, IP, booked)


def book_in_network(
    call: Call,
    network: Record,
    *,
    ipv6: bool = False,
    address: str | None = None,
    resource: dict[str, JSON] | None = None,
) -> Record:
    """Book the wanted address, or the next free one, in the network's subnet of that family."""
    subnet = next(s for s in network.body["subnets"] if (":" in s["subnet"]) == ipv6)
    block = ipaddress.ip_network(subnet["subnet"])
    taken = {ip.body["address"].partition("/")[0] for ip in call.world.store.all("ipam_ip", network.place)}
    chosen = _checked(address, block, taken) if address else _next_free(call, block, taken)
    return new_ip(
        call,
        f"{chosen}/{block.prefixlen}",
        ipv6=ipv6,
        source={"subnet_id": subnet["id"]},
        resource=resource,
        network=network,
    )


def _checked(address: str, block: Any, taken: set[str]) -> str:
    plain = address.partition("/")[0]
    try:
        inside = ipaddress.ip_address(plain) in block
    except ValueError:
        raise errors.invalid_arguments(("address", "format", "value must be a valid IP address")) from None
    if not inside or plain in taken:
        raise errors.invalid_arguments(("address", "constraint", "the address is not free in this subnet"))
    return plain


def _next_free(call: Call, block: Any, taken: set[str]) -> str:
    if block.version == 6:
        return str(block[call.world.random.getrandbits(60) + 2])
    return next(str(host) for host in list(block.hosts())[1:] if str(host) not in taken)


def new_ip(
    call: Call,
    address: str,
    *,
    ipv6: bool,
    source: dict[str, JSON],
    resource: dict[str, JSON] | None,
    network: Record | None = None,
    zone: str | None = None,
) -> Record:
    body: dict[str, JSON] = {
        "address": address,
        "project_id": network.project if network else call.project(),
        "is_ipv6": ipv6,
        "source": source,
        "resource": resource,
        "tags": [],
        "reverses": [],
        "region": call.region,
        "zone": zone,
    }
    record = make(call, IP, body, project=body["project_id"])
    record.place = call.region
    if network:
        record.hidden.update(private_network_id=network.id, vpc_id=network.body["vpc_id"])
    return record


@routes.on("PATCH", f"{PATH}/{{ip_id}}", "update_ip")
def update_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    values = read(call.body, {"tags": Take("list"), "reverses": Take("list")})
    ip.body.update({name: value for name, value in values.items() if value is not None})
    touch(call, IP, ip)
    return one(call, IP, ip)


@routes.on("DELETE", f"{PATH}/{{ip_id}}", "release_ip")
def release_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    if _resource(ip).get("type") not in (None, "custom"):
        raise errors.precondition_failed("resource_still_in_use", "the address is attached to a resource")
    return gone(call, ip)


@routes.on("POST", f"{PATH}/{{ip_id}}/move", "move_ip")
def move_ip(call: Call) -> Reply:
    """Take the address from one custom resource and give it to another, or to none."""
    ip = find(call, IP, call.params["ip_id"])
    values = read(call.body, {"from_resource": Take("object", required=True), "to_resource": Take("object")})
    if (_resource(ip).get("mac_address") or "") != (values["from_resource"].get("mac_address") or "").upper():
        raise errors.invalid_arguments(("from_resource", "constraint", "the address is not attached to this resource"))
    ip.body["resource"] = custom_resource(call, values["to_resource"]) if values["to_resource"] else None
    touch(call, IP, ip)
    return one(call, IP, ip)


@routes.on("POST", f"{PATH}/{{ip_id}}/attach", "attach_ip")
def attach_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    ip.body["resource"] = custom_resource(
        call, read(call.body, {"resource": Take("object", required=True)})["resource"]
    )
    touch(call, IP, ip)
    return one(call, IP, ip)


@routes.on("POST", f"{PATH}/{{ip_id}}/detach", "detach_ip")
def detach_ip(call: Call) -> Reply:
    ip = find(call, IP, call.params["ip_id"])
    ip.body["resource"] = None
    touch(call, IP, ip)
    return one(call, IP, ip)
