"""Instances: flexible addresses and private network interfaces, in both generations of the API."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import changed, find, gone, listed, make, one, touch
from apps.workspaces.fake_scaleway.paging import page_with_links
from apps.workspaces.fake_scaleway.products.addresses import public_ipv4, public_ipv6_prefix, resolves
from apps.workspaces.fake_scaleway.products.instance import IP, NIC, NIC_V1, SERVER, V1, V2, nic_v1, owner
from apps.workspaces.fake_scaleway.products.ipam import IP as BOOKED
from apps.workspaces.fake_scaleway.products.ipam import book_in_network
from apps.workspaces.fake_scaleway.products.ipam import new_ip as new_booking
from apps.workspaces.fake_scaleway.products.vpc import NETWORK
from apps.workspaces.fake_scaleway.products.vpcgw import mac_address
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, is_uuid, read
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("instance")
LIST_IPS = f"{V1}/ips"
ITEM = f"{V1}/ips/{{ip}}"


@routes.on("GET", LIST_IPS, "list_ips")
def list_ips(call: Call) -> Reply:
    return listed(call, IP)


@routes.on("POST", LIST_IPS, "create_ip")
def create_ip(call: Call) -> Reply:
    kinds = ("routed_ipv4", "routed_ipv6")
    shape = {"type": Take("text", "routed_ipv4"), "tags": Take("list", []), "server": Take("id")}
    values = read(call.body, shape)
    kind = values["type"] if values["type"] in kinds else "routed_ipv4"
    address = public_ipv4(call)[0] if kind == "routed_ipv4" else None
    prefix = None if address else public_ipv6_prefix(call)
    ip = new_ip(call, project=call.project(), kind=kind, address=address, prefix=prefix, tags=values["tags"])
    if values["server"]:
        attach_ip(call, ip, find(call, SERVER, values["server"]))
    return one(call, IP, ip, 201)


def new_ip(call: Call, *, project: str, kind: str, address: str | None, prefix: str | None, tags: list[str]) -> Record:
    """A flexible address; IPAM knows it under the same id."""
    body = {
        "address": address,
        "prefix": prefix,
        "reverse": None,
        **owner(project, call.principal.organization),
        "zone": call.place,
        "type": kind,
        "state": "detached",
        "tags": tags,
    }
    ip = make(call, IP, body, project=project, server=None)
    ip.body["ipam_id"] = ip.id
    source, written = {"zonal": call.place}, prefix or f"{address}/32"
    booking = new_booking(call, written, ipv6=bool(prefix), source=source, resource=None, zone=call.place)
    call.world.store.remove(booking)
    booking.id = ip.id
    booking.body["id"] = ip.id
    booking.body["reverses"] = [{"address": None, "hostname": f"{ip.id}.rev.scw.cloud."}] if prefix else []
    call.world.store.add(booking)
    return ip


def _ip(call: Call) -> Record:
    """By id, or by the address itself."""
    wanted = call.params["ip"]
    if is_uuid(wanted):
        return find(call, IP, wanted)
    for record in call.world.store.all(IP.name, call.place):
        if record.body["address"] == wanted:
            return find(call, IP, record.id)
    raise errors.not_found(IP.word, f"{wanted}/32")


@routes.on("GET", ITEM, "get_ip")
def get_ip(call: Call) -> Reply:
    return one(call, IP, _ip(call))


@routes.on("PATCH", ITEM, "update_ip")
def update_ip(call: Call) -> Reply:
    ip = _ip(call)
    reverse = call.body.get("reverse")
    if reverse and not resolves(call, reverse):
        text = f"Your reverse must resolve to {ip.body['address'] or ip.body['prefix']}"
        raise errors.invalid_arguments(("reverse", "constraint", text))
    if "reverse" in call.body:
        ip.body["reverse"] = reverse
    if call.body.get("tags") is not None:
        ip.body["tags"] = call.body["tags"]
    if "server" in call.body:
        detach_ip(call, ip)
        if call.body["server"]:
            attach_ip(call, ip, find(call, SERVER, call.body["server"]))
    touch(call, IP, ip)
    return one(call, IP, ip)


def attach_ip(call: Call, ip: Record, server: Record) -> None:
    if ip.hidden.get("server") not in (None, server.id):
        raise errors.invalid_arguments(("server", "constraint", "the address is attached to another server"))
    if ip.hidden.get("server") == server.id:
        return
    ip.hidden["server"] = server.id
    ip.body["state"] = "attached"
    if server.body["state"] in ("running", "starting"):
        ip.body["state"] = "pending"
        call.world.after("ip.pending", ip, _routed)
    booking = call.world.store.get(BOOKED.name, ip.id)
    if booking is not None:
        booking.body["resource"] = {"type": "instance_server", "id": server.id, "mac_address": None, "name": None}


def _routed(world: World, ip: Record) -> None:
    if ip.body["state"] == "pending":
        ip.body["state"] = "attached"


def detach_ip(call: Call, ip: Record) -> None:
    ip.hidden["server"] = None
    ip.body["state"] = "detached"
    booking = call.world.store.get(BOOKED.name, ip.id)
    if booking is not None:
        booking.body["resource"] = None


@routes.on("DELETE", ITEM, "delete_ip")
def delete_ip(call: Call) -> Reply:
    ip = _ip(call)
    booking = call.world.store.get(BOOKED.name, ip.id)
    if booking is not None:
        call.world.store.remove(booking)
    return gone(call, ip)


# ---- private network interfaces -----------------------------------------------------------------------------------

NICS = f"{V2}/private-network-interfaces"
routes.standard(NIC, NICS, "private_network_interface_id", "LR", names="private_network_interface")
NICS_V1 = f"{V1}/servers/{{server_id}}/private_nics"
routes.standard(NIC_V1, NICS_V1, "private_nic_id", "R", names="private_nic")


def _plug(call: Call, server: Record, network: Record, ip_ids: list[str], tags: list[str]) -> Record:
    """One interface of a server on a network; without addresses it gets one of each family."""
    body = {
        "private_network_id": network.id,
        "project_id": server.project,
        "server_id": server.id,
        "security_group_id": "",
        "mac_address": mac_address(call).lower(),
        "status": "available" if server.body["state"] == "stopped" else "attaching",
        "ip_ids": [],
        "tags": tags,
    }
    nic = make(call, NIC, body, project=server.project, made_at=call.world.clock.now())
    resource = {
        "type": "instance_private_nic",
        "id": nic.id,
        "mac_address": nic.body["mac_address"].upper(),
        "name": server.body["name"],
    }
    given = [find(call, BOOKED, ip_id) for ip_id in ip_ids]
    for booking in given:
        booking.body["resource"] = resource
    booked = given or [book_in_network(call, network, ipv6=v6, resource=resource) for v6 in (False, True)]
    nic.hidden["given"] = ip_ids
    nic.body["ip_ids"] = [booking.id for booking in booked]
    server.hidden["networks"] = [*server.hidden["networks"], network.id]
    call.world.after("private_nic.attaching", nic, _plugged)
    return nic


def _plugged(world: World, nic: Record) -> None:
    nic.body["status"] = "available"


def _unplug(call: Call, nic: Record) -> Reply:
    store = call.world.store
    for ip_id in nic.body["ip_ids"]:
        booking = store.get(BOOKED.name, ip_id)
        if booking is not None and ip_id in nic.hidden["given"]:
            booking.body["resource"] = None
        elif booking is not None:
            store.remove(booking)
    server = store.get(SERVER.name, nic.body["server_id"])
    if server is not None and nic.body["private_network_id"] in server.hidden["networks"]:
        server.hidden["networks"].remove(nic.body["private_network_id"])
    return gone(call, nic)


@routes.on("POST", NICS, "create_private_network_interface")
def create_nic(call: Call) -> Reply:
    shape = {
        "private_network_id": Take("id", required=True),
        "server_id": Take("id", required=True),
        "ip_ids": Take("list", []),
        "tags": Take("list", []),
    }
    values = read(call.body, shape)
    server, network = find(call, SERVER, values["server_id"]), find(call, NETWORK, values["private_network_id"])
    return one(call, NIC, _plug(call, server, network, values["ip_ids"], values["tags"]))


@routes.on("PATCH", f"{NICS}/{{nic_id}}", "update_private_network_interface")
def update_nic(call: Call) -> Reply:
    nic = find(call, NIC, call.params["nic_id"])
    changed(call, NIC, nic)
    return one(call, NIC, nic)


@routes.on("DELETE", f"{NICS}/{{nic_id}}", "delete_private_network_interface")
def delete_nic(call: Call) -> Reply:
    return _unplug(call, find(call, NIC, call.params["nic_id"]))


@routes.on("GET", NICS_V1, "list_private_nics")
def list_nics_v1(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    found = call.world.store.where(NIC.name, server_id=server.id)
    return page_with_links(call, "private_nics", [nic_v1(call, nic) for nic in found])


@routes.on("POST", NICS_V1, "create_private_nic")
def create_nic_v1(call: Call) -> Reply:
    server = find(call, SERVER, call.params["server_id"])
    shape = {
        "private_network_id": Take("id", required=True),
        "ipam_ip_ids": Take("list", []),
        "ip_ids": Take("list", []),
        "tags": Take("list", []),
    }
    values = read(call.body, shape)
    network = find(call, NETWORK, values["private_network_id"])
    nic = _plug(call, server, network, values["ipam_ip_ids"] or values["ip_ids"], values["tags"])
    return one(call, NIC_V1, nic, 201)


@routes.on("PATCH", f"{NICS_V1}/{{nic_id}}", "update_private_nic")
def update_nic_v1(call: Call) -> Reply:
    nic = find(call, NIC, call.params["nic_id"])
    changed(call, NIC, nic)
    return one(call, NIC_V1, nic)


@routes.on("DELETE", f"{NICS_V1}/{{nic_id}}", "delete_private_nic")
def delete_nic_v1(call: Call) -> Reply:
    return _unplug(call, find(call, NIC, call.params["nic_id"]))
