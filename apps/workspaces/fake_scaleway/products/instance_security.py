"""Instances: security groups with their rules, and placement groups."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import find, gone, listed, make, one, touch
from apps.workspaces.fake_scaleway.paging import page_with_links
from apps.workspaces.fake_scaleway.products.instance import GROUP, PLACEMENT, PLACEMENT_V1, SERVER, V1, V2, owner
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("instance")
POLICIES = ("accept", "drop")
GROUPS = f"{V1}/security_groups"
SETTINGS = {
    "name": Take("text"),
    "description": Take("text"),
    "tags": Take("list"),
    "stateful": Take("flag"),
    "inbound_default_policy": Take("text", one_of=POLICIES),
    "outbound_default_policy": Take("text", one_of=POLICIES),
    "enable_default_security": Take("flag"),
    "project_default": Take("flag"),
}
# Mail ports that the default security closes, over both families.
MAIL_PORTS = (25, 465, 587)
routes.standard(GROUP, GROUPS, "security_group_id", "R")


@routes.on("GET", GROUPS, "list_security_groups")
def list_groups(call: Call) -> Reply:
    return listed(call, GROUP)


def default_group(call: Call, project: str) -> Record:
    """The group that a project has in a zone from its first server on."""
    for record in call.world.store.where(GROUP.name, project=project, zone=call.place, project_default=True):
        return record
    values = {"name": "Default security group", "description": "Auto generated security group."}
    return _new_group(call, project, values, default=True)


def _new_group(call: Call, project: str, values: dict[str, JSON], *, default: bool = False) -> Record:
    body = {
        "name": values.get("name") or "security-group",
        "description": values.get("description"),
        **owner(project, call.principal.organization),
        "servers": [],
        "stateful": values.get("stateful", True),
        "inbound_default_policy": values.get("inbound_default_policy") or "accept",
        "outbound_default_policy": values.get("outbound_default_policy") or "accept",
        "organization_default": default,
        "project_default": default or bool(values.get("project_default")),
        "enable_default_security": values.get("enable_default_security", True),
        "state": "available",
        "tags": values.get("tags") or [],
        "zone": call.place,
    }
    return make(call, GROUP, body, project=project, rules=[], seeded=default)


@routes.on("POST", GROUPS, "create_security_group")
def create_group(call: Call) -> Reply:
    values = read_changes(call.body, SETTINGS)
    return one(call, GROUP, _new_group(call, call.project(), values), 201)


@routes.on("PATCH", f"{GROUPS}/{{security_group_id}}", "update_security_group")
def update_group(call: Call) -> Reply:
    group = find(call, GROUP, call.params["security_group_id"])
    before = dict(group.body)
    group.body.update(read_changes(call.body, SETTINGS))
    if group.body != before:
        touch(call, GROUP, group)
        _sync(call, group)
    return one(call, GROUP, group)


def _sync(call: Call, group: Record) -> None:
    """A changed group shows that its new rules are on their way."""
    group.body["state"] = "syncing"
    call.world.after("security_group.syncing", group, _synced)


def _synced(world: World, group: Record) -> None:
    group.body["state"] = "available"


@routes.on("DELETE", f"{GROUPS}/{{security_group_id}}", "delete_security_group")
def delete_group(call: Call) -> Reply:
    group = find(call, GROUP, call.params["security_group_id"])
    if any(server.hidden["security_group"] == group.id for server in call.world.store.all(SERVER.name)):
        raise errors.precondition_failed("resource_still_in_use", "servers use this security group")
    return gone(call, group)


# ---- rules --------------------------------------------------------------------------------------------------------

RULES = f"{GROUPS}/{{security_group_id}}/rules"
RULE_SHAPE = {
    "protocol": Take("text", "TCP", one_of=("ANY", "TCP", "UDP", "ICMP")),
    "direction": Take("text", "inbound", one_of=("inbound", "outbound")),
    "action": Take("text", "accept", one_of=POLICIES),
    "ip_range": Take("text", "0.0.0.0/0"),
    "dest_port_from": Take("number"),
    "dest_port_to": Take("number"),
}


def _mail_rules(call: Call) -> list[dict[str, JSON]]:
    pairs = [(block, port) for block in ("0.0.0.0/0", "::/0") for port in MAIL_PORTS]
    return [
        {
            "id": f"00000000-0000-4000-8000-0000000000{number:02d}",
            "protocol": "TCP",
            "direction": "outbound",
            "ip_range": block,
            "dest_ip_range": None,
            "dest_port_from": port,
            "dest_port_to": None,
            "position": number,
            "editable": False,
            "action": "drop",
            "zone": call.place,
        }
        for number, (block, port) in enumerate(pairs, start=1)
    ]


def _all_rules(call: Call, group: Record) -> list[dict[str, JSON]]:
    fixed = _mail_rules(call) if group.body["enable_default_security"] else []
    return fixed + list(group.hidden["rules"])


def _rule(call: Call, asked: dict[str, JSON], position: int) -> dict[str, JSON]:
    values = read(asked, RULE_SHAPE)
    return {
        "id": call.world.new_id(),
        **values,
        "ip_range": values["ip_range"].removesuffix("/32").removesuffix("/128"),
        "dest_ip_range": None,
        "position": asked.get("position") or position,
        "editable": True,
        "zone": call.place,
    }


@routes.on("GET", RULES, "list_security_group_rules")
def list_rules(call: Call) -> Reply:
    group = find(call, GROUP, call.params["security_group_id"])
    return page_with_links(call, "rules", _all_rules(call, group))


@routes.on("POST", RULES, "create_security_group_rule")
def create_rule(call: Call) -> Reply:
    group = find(call, GROUP, call.params["security_group_id"])
    rule = _rule(call, call.body, len(group.hidden["rules"]) + 1)
    group.hidden["rules"].append(rule)
    return Reply(201, {"rule": rule})


def _without_id(rule: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in rule.items() if name != "id"}


@routes.on("PUT", RULES, "set_security_group_rules")
def set_rules(call: Call) -> Reply:
    group = find(call, GROUP, call.params["security_group_id"])
    asked = read(call.body, {"rules": Take("list", [])})["rules"]
    editable = [rule for rule in asked if rule.get("editable") is not False]
    before = [_without_id(rule) for rule in group.hidden["rules"]]
    group.hidden["rules"] = [_rule(call, rule, number) for number, rule in enumerate(editable, start=1)]
    if [_without_id(rule) for rule in group.hidden["rules"]] != before:
        _sync(call, group)
    return Reply(200, {"rules": _all_rules(call, group)})


def _one_rule(call: Call) -> tuple[Record, dict[str, JSON]]:
    group = find(call, GROUP, call.params["security_group_id"])
    wanted = call.params["rule_id"]
    for rule in _all_rules(call, group):
        if rule["id"] == wanted:
            return group, rule
    raise errors.not_found("instance_security_group_rule", wanted)


@routes.on("GET", f"{RULES}/{{rule_id}}", "get_security_group_rule")
def get_rule(call: Call) -> Reply:
    return Reply(200, {"rule": _one_rule(call)[1]})


@routes.on("PATCH", f"{RULES}/{{rule_id}}", "update_security_group_rule")
def update_rule(call: Call) -> Reply:
    _, rule = _one_rule(call)
    changes = read_changes(call.body, RULE_SHAPE)
    for name in ("dest_port_from", "dest_port_to"):
        if changes.get(name) == 0:
            changes[name] = None
    if "ip_range" in changes:
        changes["ip_range"] = changes["ip_range"].removesuffix("/32")
    rule.update(changes)
    return Reply(200, {"rule": rule})


@routes.on("DELETE", f"{RULES}/{{rule_id}}", "delete_security_group_rule")
def delete_rule(call: Call) -> Reply:
    group, rule = _one_rule(call)
    group.hidden["rules"] = [item for item in group.hidden["rules"] if item is not rule]
    return Reply(204)


# ---- placement groups ---------------------------------------------------------------------------------------------

PLACEMENTS, PLACEMENTS_V1 = f"{V2}/placement-groups", f"{V1}/placement_groups"
TYPES = ("max_availability", "low_latency")
routes.standard(PLACEMENT, PLACEMENTS, "placement_group_id", "LR")
routes.standard(PLACEMENT_V1, PLACEMENTS_V1, "placement_group_id", "LR")


def _new_placement(call: Call) -> Record:
    shape = {"name": Take("text", "placement"), "policy_type": Take("text", TYPES[0]), "tags": Take("list", [])}
    values = read(call.body, {**shape, "policy_mode": Take("text", "optional")})
    body = {
        "project_id": call.project(),
        "name": values["name"],
        "policy_type": values["policy_type"] if values["policy_type"] in TYPES else TYPES[0],
        "tags": values["tags"],
        "zone": call.place,
    }
    return make(call, PLACEMENT, body, policy_mode=values["policy_mode"])


def _change_placement(call: Call) -> Record:
    group = find(call, PLACEMENT, call.params["placement_group_id"])
    shape = {"name": Take("text"), "tags": Take("list"), "policy_type": Take("text"), "policy_mode": Take("text")}
    changes = read_changes(call.body, shape)
    group.hidden["policy_mode"] = changes.pop("policy_mode", group.hidden["policy_mode"])
    if changes.get("policy_type") not in TYPES:
        changes.pop("policy_type", None)
    group.body.update(changes)
    touch(call, PLACEMENT, group)
    return group


def _delete_placement(call: Call) -> Reply:
    group = find(call, PLACEMENT, call.params["placement_group_id"])
    for server in call.world.store.all(SERVER.name):
        if server.hidden["placement_group"] == group.id:
            server.hidden["placement_group"] = None
    return gone(call, group)


for _kind, _path, _status in ((PLACEMENT, PLACEMENTS, 200), (PLACEMENT_V1, PLACEMENTS_V1, 201)):
    routes.on("POST", _path, "create_placement_group")(
        lambda call, kind=_kind, status=_status: one(call, kind, _new_placement(call), status)  # type: ignore[misc]
    )
    routes.on("PATCH", f"{_path}/{{placement_group_id}}", "update_placement_group")(
        lambda call, kind=_kind: one(call, kind, _change_placement(call))  # type: ignore[misc]
    )
    routes.on("DELETE", f"{_path}/{{placement_group_id}}", "delete_placement_group")(_delete_placement)


@routes.on("GET", f"{PLACEMENTS_V1}/{{placement_group_id}}/servers", "get_placement_group_servers")
def placement_servers(call: Call) -> Reply:
    group = find(call, PLACEMENT, call.params["placement_group_id"])
    servers = [
        {"id": server.id, "name": server.body["name"], "policy_respected": True}
        for server in call.world.store.all(SERVER.name)
        if server.hidden["placement_group"] == group.id
    ]
    return page_with_links(call, "servers", servers)
