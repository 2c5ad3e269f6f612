"""VPC: routes, the table that nexthops are read from, and ingress rules."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.vpc import BASE, NETWORK, VPC
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("vpc")
NEXTHOPS = ("nexthop_resource_id", "nexthop_private_network_id", "nexthop_vpc_connector_id")
# This product does not say which of its small resources is missing.
UNNAMED = "unknown"


ROUTE = Kind(
    "route",
    "vpc",
    UNNAMED,
    "routes",
    denied_word="route",
    changes={
        "description": Take("text"),
        "tags": Take("list"),
        "destination": Take("text"),
        **{name: Take("id") for name in NEXTHOPS},
    },
)
INGRESS = Kind(
    "ingress_rule",
    "vpc",
    UNNAMED,
    "rules",
    denied_word="ingress_rule",
    changes={
        "description": Take("text"),
        "tags": Take("list"),
        "source": Take("text"),
        "nexthop_resource_ip": Take("text"),
        "nexthop_private_network_id": Take("id"),
    },
)
routes.standard(ROUTE, f"{BASE}/routes", "route_id", "RUD")
routes.standard(INGRESS, f"{BASE}/ingress-rules", "rule_id")


@routes.on("POST", f"{BASE}/routes", "create_route")
def create_route(call: Call) -> Reply:
    shape = {
        "description": Take("text", ""),
        "tags": Take("list", []),
        "vpc_id": Take("id", required=True),
        "destination": Take("text", required=True),
        **{name: Take("id") for name in NEXTHOPS},
    }
    values = read(call.body, shape)
    vpc = find(call, VPC, values["vpc_id"])
    body = {**values, "is_read_only": False, "type": "custom", "region": call.region}
    return one(call, ROUTE, make(call, ROUTE, body, project=vpc.project))


@routes.on("GET", f"{BASE}/routes-with-nexthop", "list_routes_with_nexthop")
def list_routes(call: Call) -> Reply:
    """The tags asked for do not filter here, as in the real service.

    Routes as the network uses them: the managed ones of each subnet, gateways' default routes, then the custom ones."""
    asked = {name: call.asked(name) for name in ("vpc_id", "nexthop_private_network_id", "nexthop_resource_id", "type")}
    ipv6 = call.asked("is_ipv6")
    kind = call.asked("nexthop_resource_type")
    found = [
        entry
        for entry in _all_routes(call)
        if all(value is None or entry["route"].get(name) == value for name, value in asked.items())
        and (ipv6 is None or (":" in entry["route"]["destination"]) == (ipv6 == "true"))
        and (kind in (None, "unknown_type") or entry["nexthop_resource_type"] == kind)
    ]
    return page_with_total(call, "routes", found)


def _all_routes(call: Call) -> Iterator[dict[str, JSON]]:
    store = call.world.store
    for network in store.all("private_network", call.place):
        for subnet in network.body["subnets"]:
            yield _entry(_managed(network, subnet["subnet"]), None, "unknown_type")
    for link in store.all("gateway_network"):
        served = store.get("private_network", link.body["private_network_id"])
        gateway = store.get("gateway", link.body["gateway_id"])
        if served and gateway and link.body["push_default_route"] and served.place == call.place:
            route = _managed(served, "0.0.0.0/0")
            route |= {"id": link.hidden["route_id"], "description": "Default route", "type": "gateway", "tags": []}
            yield _entry(route | {"nexthop_resource_id": link.id}, gateway.body["name"], "vpc_gateway_network")
    for record in store.all("route", call.place):
        nic = store.get("private_nic", record.body["nexthop_resource_id"] or "")
        kind = "instance_private_nic" if nic else "unknown_type"
        name = _server_name(call, nic) if nic else None
        yield _entry(dict(record.body), name, kind)


def _server_name(call: Call, nic: Record) -> str | None:
    server = call.world.store.get("server", nic.body["server_id"])
    return server.body["name"] if server else None


def _entry(route: dict[str, JSON], name: str | None, kind: str) -> dict[str, JSON]:
    return {"nexthop_ip": None, "nexthop_name": name, "nexthop_resource_type": kind, "route": route}


def _managed(network: Record, destination: str) -> dict[str, JSON]:
    return {
        "created_at": network.body["created_at"],
        "description": "Local Private Network route",
        "destination": destination,
        "id": "",
        "is_read_only": True,
        "nexthop_private_network_id": network.id,
        "nexthop_resource_id": None,
        "nexthop_vpc_connector_id": None,
        "region": network.body["region"],
        "tags": ["MANAGED"],
        "type": "subnet",
        "updated_at": network.body["updated_at"],
        "vpc_id": network.body["vpc_id"],
    }


@routes.on("POST", f"{BASE}/ingress-rules", "create_ingress_rule")
def create_ingress_rule(call: Call) -> Reply:
    shape = {
        "description": Take("text", ""),
        "tags": Take("list", []),
        "vpc_id": Take("id", required=True),
        "source": Take("text", required=True),
        "nexthop_resource_ip": Take("text", required=True),
        "nexthop_private_network_id": Take("id", required=True),
    }
    values = read(call.body, shape)
    vpc = find(call, VPC, values["vpc_id"])
    find(call, NETWORK, values["nexthop_private_network_id"])
    body = {
        **values,
        "is_ipv6": ipaddress.ip_network(values["source"], strict=False).version == 6,
        "organization_id": call.principal.organization,
        "project_id": vpc.project,
        "region": call.region,
    }
    return one(call, INGRESS, make(call, INGRESS, body, project=vpc.project))
