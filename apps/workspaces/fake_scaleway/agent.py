"""The agent inside a server, as far as the account itself can tell: it answers some seconds after the server runs,
takes keys, reports what the configuration of network, addresses, rights and user data would let through, and reads
buckets with the very key it was given. What only a real kernel or a real cable could show is not imitated.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.access import Principal, allows, bearer
from apps.workspaces.fake_scaleway.call import Reply
from apps.workspaces.fake_scaleway.s3.errors import S3Error
from apps.workspaces.fake_scaleway.s3.policy import authorize
from apps.workspaces.fake_scaleway.s3.request import S3Request
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
PREFIX = "/_agent/"
ANSWERS_AFTER = 12.0
STARTS_JUPYTER_AFTER = 6.0
Leak = Callable[[World, Record], bool]


def answer(world: World, method: str, path: str, body: bytes) -> tuple[str, Reply]:
    """`/_agent/SERVER/v1/{keys,volume-key,report,application,checksums/BUCKET}`: the operation and its answer. Raises
    ApiError."""
    server_id, _, rest = path.removeprefix(PREFIX).partition("/")
    what, _, bucket = rest.removeprefix("v1/").partition("/")
    operation = OPERATIONS.get((method, what))
    if operation is None:
        raise errors.unknown_route()
    server = world.store.get("server", server_id)
    if server is None or not is_up(world, server):
        raise errors.ApiError(503, {"message": "no route to host", "type": "unreachable"})
    return f"agent.{operation.__name__}", operation(world, server, bucket, body)


def operation_name(method: str, path: str) -> str:
    """The name under which faults know a request to an agent."""
    _, _, rest = path.removeprefix(PREFIX).partition("/")
    operation = OPERATIONS.get((method, rest.removeprefix("v1/").partition("/")[0]))
    return f"agent.{operation.__name__}" if operation else "unknown"


def is_up(world: World, server: Record) -> bool:
    """Whether the server has been running long enough to answer; only the hub reaches it, by its private interface."""
    since = server.hidden.get("running_since", 0.0)
    plugged = any(world.store.where("private_nic", server_id=server.id, status="available"))
    waited = (world.clock.now() - since) * world.speed
    return server.body["state"] == "running" and plugged and waited >= ANSWERS_AFTER


def keys(world: World, server: Record, bucket: str, body: bytes) -> Reply:
    """Keys live in memory: a server that stops forgets them."""
    given = json.loads(body or b"{}")
    if not all(given.get(name) for name in ("access_key", "secret_key", "objects", "volume")):
        raise errors.invalid_arguments(("keys", "required", "four keys are needed"))
    for volume in _data_volumes(world, server):
        volume.hidden.setdefault("luks", _slot(given["volume"]))  # formatted when it is first opened
    server.hidden["agent"] = {**given, "since": world.clock.now(), "boot": server.hidden.get("running_since")}
    return Reply(200, {"taken": True})


def _memory(server: Record) -> dict[str, JSON]:
    memory: dict[str, JSON] = server.hidden.get("agent") or {}
    if memory.get("boot") != server.hidden.get("running_since"):
        raise errors.ApiError(409, {"message": "no keys yet", "type": "transient_state", "current_state": "locked"})
    return memory


def has_keys(world: World, server: Record) -> bool:
    """Whether the server has had its keys since it started: then it starts JupyterLab."""
    memory = server.hidden.get("agent") or {}
    return is_up(world, server) and memory.get("boot") == server.hidden.get("running_since")


def gateways(server: Record) -> str:
    """The certificates (PEM) of those whom JupyterLab's front lets in; empty: nobody."""
    return str((server.hidden.get("agent") or {}).get("gateways", ""))


def _data_volumes(world: World, server: Record) -> list[Record]:
    """The volumes beside the server's first disk."""
    ids = [item["id"] for index, item in server.hidden["volumes"].items() if index != "0"]
    return [one for kind in ("volume_sbs", "volume") for one in map(partial(world.store.get, kind), ids) if one]


def _slot(key: str) -> str:
    """What a LUKS header keeps of a key: enough to recognise it. 256 bits are asked for."""
    raw = base64.b64decode(key)
    if len(raw) != 32:
        raise errors.invalid_arguments(("volume", "constraint", "a key of 256 bits is needed"))
    return _digest(raw)


def volume_key(world: World, server: Record, bucket: str, body: bytes) -> Reply:
    """Add the new key to the header and take the old one away; a header that has the new one already is as wanted."""
    given = json.loads(body or b"{}")
    old, new = _slot(given["old"]), _slot(given["new"])
    for volume in _data_volumes(world, server):
        if volume.hidden.get("luks") not in {old, new}:
            raise errors.invalid_arguments(("old", "constraint", "no key opens the volume"))
        volume.hidden["luks"] = new
    return Reply(200, {"renewed": True})


def report(world: World, server: Record, bucket: str, body: bytes) -> Reply:
    memory = _memory(server)
    escapes = [name for name, leaks in ATTEMPTS.items() if leaks(world, server)]
    waited = (world.clock.now() - memory["since"]) * world.speed
    data = _data_volumes(world, server)
    slots = {_slot(memory[name]) for name in ("volume", "next_volume") if name in memory}
    value = {
        "attempts": len(ATTEMPTS),
        "escapes": escapes,
        "sealed": bool(data) and all(one.hidden.get("luks") in slots for one in data),
        "answers": world.notebooks.answers(server) if world.notebooks else waited >= STARTS_JUPYTER_AFTER,
        "idle_seconds": _idle_seconds(world, server, memory),
        "gateways": sorted(_certificates(memory.get("gateways", ""))),
    }
    return Reply(200, value)


def _idle_seconds(world: World, server: Record, memory: dict[str, JSON]) -> int:
    """What JupyterLab says where one really runs; else nothing was computed since the start, unless `computing`."""
    if world.notebooks:
        return world.notebooks.idle_seconds(server)
    return 0 if server.hidden.get("computing") else int(world.clock.now() - memory["since"])


def application(world: World, server: Record, bucket: str, body: bytes) -> Reply:
    """Where JupyterLab answers, and the certificate of this start; where none really runs, that of nobody."""
    boot = str(_memory(server)["boot"])
    front = world.notebooks.front(server) if world.notebooks else (8888, _digest(f"{server.id} {boot}".encode()))
    if front is None:
        raise errors.ApiError(503, {"message": "not started yet", "type": "unreachable"})
    return Reply(200, {"port": front[0], "certificate": front[1]})


def _certificates(pem: str) -> list[str]:
    found = x509.load_pem_x509_certificates(pem.encode()) if pem else []
    return [one.fingerprint(hashes.SHA256()).hex() for one in found]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def checksums(world: World, server: Record, bucket: str, body: bytes) -> Reply:
    """What the server reads of a bucket with the keys it has, as SHA-256 by name."""
    memory = _memory(server)
    record = world.store.get("bucket", bucket)
    key = world.store.get("api_key", memory["access_key"])
    if record is None or key is None or key.hidden["secret_key"] != memory["secret_key"]:
        raise errors.permissions_denied("bucket", "read")
    principal = bearer(world, key)
    sealed = hashlib.md5(base64.b64decode(memory["objects"])).digest()  # noqa: S324 - prescribed by the protocol
    found: dict[str, bytes] = {}
    for name, versions in record.hidden["objects"].items():
        _may_read(world, record, principal, name)
        if versions and versions[-1].sse == base64.b64encode(sealed).decode():
            found[name] = versions[-1].content
    if world.notebooks:
        world.notebooks.mount(server, found)
    return Reply(200, {"files": {name: _digest(content) for name, content in found.items()}})


def _may_read(world: World, bucket: Record, principal: Principal, name: str) -> None:
    request = S3Request(world, "GET", f"/{bucket.id}/{name}", [], {}, b"", bucket.place, bucket.id, name, principal)
    try:
        authorize(request, bucket, "s3:GetObject")
    except S3Error:
        raise errors.permissions_denied("bucket", "read") from None


OPERATIONS = {
    ("POST", "keys"): keys,
    ("POST", "volume-key"): volume_key,
    ("GET", "report"): report,
    ("GET", "application"): application,
    ("GET", "checksums"): checksums,
}

# ---- what would get out ---------------------------------------------------------------------------------------------


def _networks(world: World, server: Record) -> list[Record]:
    nics = world.store.where("private_nic", server_id=server.id)
    found = (world.store.get("private_network", nic.body["private_network_id"]) for nic in nics)
    return [network for network in found if network is not None]


def _has_address(world: World, server: Record) -> bool:
    return any(ip.hidden.get("server") == server.id for ip in world.store.all("instance_ip"))


def _has_way_out(world: World, server: Record) -> bool:
    networks = _networks(world, server)
    served = {one.body["private_network_id"] for one in world.store.all("gateway_network")}
    return any(one.body["default_route_propagation_enabled"] or one.id in served for one in networks)


def _group_is_open(world: World, server: Record) -> bool:
    group = world.store.get("security_group", server.hidden["security_group"])
    policies = {group.body[f"{way}_default_policy"] for way in ("inbound", "outbound")} if group else {"accept"}
    return "accept" in policies


def _goes_out(world: World, server: Record) -> bool:
    return _has_way_out(world, server) or (_has_address(world, server) and _group_is_open(world, server))


def _list_is_open(ipv6: bool) -> Leak:
    def leaks(world: World, server: Record) -> bool:
        vpcs = (world.store.get("vpc", network.body["vpc_id"]) for network in _networks(world, server))
        return any(vpc is not None and vpc.hidden["acl"][ipv6]["default_policy"] != "drop" for vpc in vpcs)

    return leaks


def _sees_neighbours(world: World, server: Record) -> bool:
    others = {
        nic.body["server_id"]
        for network in _networks(world, server)
        for nic in world.store.where("private_nic", private_network_id=network.id)
    }
    return len(others) > 1 or len(_networks(world, server)) > 1


def _reads_secrets(world: World, server: Record) -> bool:
    secrets = [key.hidden["secret_key"].encode() for key in world.store.all("api_key")]
    return any(one in value for value in server.hidden["user_data"].values() for one in secrets)


def _lets_anybody_in(world: World, server: Record) -> bool:
    """JupyterLab's front asks for a certificate that it was told of, in the session in which it was given its keys."""
    return not gateways(server)


def _may(product: str, access: str) -> Leak:
    """Whether the key inside would be let into another product, or another project's objects."""

    def leaks(world: World, server: Record) -> bool:
        key = world.store.get("api_key", (server.hidden.get("agent") or {}).get("access_key", ""))
        if key is None:
            return False
        project = world.default_project if product == "s3" else server.project
        return allows(world, bearer(world, key), product, access, project)

    return leaks


ATTEMPTS: dict[str, Leak] = {
    **{f"outside_{name}": _goes_out for name in ("tcp_443", "tcp_80", "tcp_22", "udp_53", "udp_123", "icmp", "dns")},
    **{f"outside_v6_{name}": _goes_out for name in ("tcp_443", "udp_53", "icmp")},
    "public_address": _has_address,
    "security_group": _group_is_open,
    "hub_other_ports_v4": _list_is_open(ipv6=False),
    "hub_other_ports_v6": _list_is_open(ipv6=True),
    "neighbour_server": _sees_neighbours,
    "user_data_secrets": _reads_secrets,
    "application_without_certificate": _lets_anybody_in,
    "foreign_objects_read": _may("s3", "read"),
    "foreign_objects_write": _may("s3", "write"),
    **{f"api_{name}": _may(name, "read") for name in ("iam", "key_manager", "secret", "instance", "vpc", "block")},
}  # fmt: skip
