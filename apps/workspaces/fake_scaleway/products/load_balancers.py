"""Load balancers: the few operations that show them as users of addresses."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.addresses import public_ipv4
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("lb")
BASE = "/lb/v1/zones/{zone}"
DATES = ("created_at", "updated_at")


def _plain(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name not in DATES}


def _lb_view(call: Call, record: Record) -> dict[str, JSON]:
    store = call.world.store
    address = store.get("lb_ip", record.hidden["ip_id"])
    backends = sum(1 for _ in store.where("lb_backend", lb_id=record.id))
    return {**record.body, "backend_count": backends, "ip": [_plain(call, address)] if address else []}


def _backend_view(call: Call, record: Record) -> dict[str, JSON]:
    balancer = call.world.store.get("lb", record.body["lb_id"])
    body = {name: value for name, value in record.body.items() if name != "lb_id"}
    return {**body, "lb": _lb_view(call, balancer) if balancer else None}


IP = Kind("lb_ip", "lb", "ip", "ips", view=_plain)
BALANCER = Kind("lb", "lb", "lb", "lbs", view=_lb_view)
BACKEND = Kind("lb_backend", "lb", "backend", "backends", view=_backend_view)
routes.standard(IP, f"{BASE}/ips", "ip_id", "LRD", names="ip")
routes.standard(BALANCER, f"{BASE}/lbs", "lb_id", "LR")
routes.standard(BACKEND, f"{BASE}/backends", "backend_id", "RD")


def _new_ip(call: Call, tags: list[str]) -> Record:
    address, reverse = public_ipv4(call)
    body = {
        "ip_address": address,
        "lb_id": None,
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "region": call.region,
        "reverse": reverse.replace(".instances", f".lb.{call.region}"),
        "tags": tags,
        "zone": call.place,
    }
    return make(call, IP, body)


@routes.on("POST", f"{BASE}/ips", "create_ip")
def create_ip(call: Call) -> Reply:
    return one(call, IP, _new_ip(call, read(call.body, {"tags": Take("list", [])})["tags"]))


@routes.on("POST", f"{BASE}/lbs", "create_lb")
def create_lb(call: Call) -> Reply:
    shape = {
        "name": Take("text", "lb"),
        "description": Take("text", ""),
        "ip_id": Take("id"),
        "tags": Take("list", []),
        "type": Take("text", "LB-S"),
        "ssl_compatibility_level": Take("text", "ssl_compatibility_level_intermediate"),
    }
    values = read(call.body, shape)
    address = find(call, IP, values.pop("ip_id")) if values["ip_id"] else _new_ip(call, [])
    values.pop("ip_id", None)
    body = {
        **values,
        "type": values["type"].lower(),
        "frontend_count": 0,
        "private_network_count": 0,
        "route_count": 0,
        "instances": [],
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "region": call.region,
        "status": "to_create",
        "subscriber": None,
        "zone": call.place,
    }
    balancer = make(call, BALANCER, body, ip_id=address.id)
    address.body["lb_id"] = balancer.id
    reply = one(call, BALANCER, balancer)
    balancer.body.update(status="creating", instances=[_instance(call)])
    call.world.after("lb.creating", balancer, _ready)
    return reply


def _instance(call: Call) -> dict[str, JSON]:
    now = call.world.now_text()
    return {
        "created_at": now,
        "id": call.world.new_id(),
        "ip_address": "",
        "region": call.region,
        "status": "unknown",
        "updated_at": now,
        "zone": call.place,
    }


def _check(asked: dict[str, JSON]) -> dict[str, JSON]:
    """The health check as asked for; a plain connection when no protocol is named."""
    given = {name: value for name, value in asked.items() if value is not None}
    protocols = {name for name in given if name.endswith("_config")}
    return given if protocols else {**given, "tcp_config": {}}


def _ready(world: World, record: Record) -> None:
    record.body.update(status="ready", updated_at=world.now_text())
    for instance in record.body["instances"]:
        instance["status"] = "ready"


@routes.on("DELETE", f"{BASE}/lbs/{{lb_id}}", "delete_lb")
def delete_lb(call: Call) -> Reply:
    balancer = find(call, BALANCER, call.params["lb_id"])
    balancer.body["status"] = "to_delete"
    call.world.after("lb.deleting", balancer, _removed)
    return Reply(204)


def _removed(world: World, record: Record) -> None:
    address = world.store.get("lb_ip", record.hidden["ip_id"])
    if address is not None:
        address.body["lb_id"] = None
    world.store.remove(record)


@routes.on("GET", f"{BASE}/lbs/{{lb_id}}/private-networks", "list_lb_private_networks")
def list_networks(call: Call) -> Reply:
    find(call, BALANCER, call.params["lb_id"])
    return page_with_total(call, "private_network", [])


@routes.on("POST", f"{BASE}/lbs/{{lb_id}}/backends", "create_backend")
def create_backend(call: Call) -> Reply:
    balancer = find(call, BALANCER, call.params["lb_id"])
    asked = {name: value for name, value in call.body.items() if name not in ("server_ip", "health_check")}
    if not isinstance(call.body.get("health_check"), dict):
        raise errors.invalid_arguments(("health_check", "required", "required key not provided"))
    plain = {
        "failover_host": None,
        "host": "",
        "ignore_ssl_server_verify": None,
        "max_connections": None,
        "max_retries": 3,
        "on_marked_down_action": "on_marked_down_action_none",
        "proxy_protocol": "proxy_protocol_none",
        "redispatch_attempt_count": None,
        "send_proxy_v2": False,
        "ssl_bridging": False,
        "sticky_sessions": "none",
        "sticky_sessions_cookie_name": "",
        "timeout_connect": 5000,
        "timeout_queue": "0s",
        "timeout_server": 300000,
        "timeout_tunnel": 900000,
    }
    given = {name: value for name, value in asked.items() if name in plain and value is not None}
    body = {
        "lb_id": balancer.id,
        "name": asked.get("name") or "backend",
        "forward_port": asked.get("forward_port"),
        "forward_port_algorithm": asked.get("forward_port_algorithm") or "roundrobin",
        "forward_protocol": asked.get("forward_protocol") or "tcp",
        "health_check": _check(call.body["health_check"]),
        "pool": call.body.get("server_ip") or [],
        **plain,
        **given,
    }
    for instance in balancer.body["instances"]:
        instance["status"] = "pending"
    call.world.after("lb.configuring", balancer, _ready)
    return one(call, BACKEND, make(call, BACKEND, body, project=balancer.project))
