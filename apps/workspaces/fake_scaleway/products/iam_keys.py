"""IAM: API keys, policies and their rules."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import parse_stamp
from apps.workspaces.fake_scaleway.kinds import Kind, changed, find, make, one, touch
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.iam import APPLICATION, BASE, GROUP, USER, editable
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("iam")
PRINCIPALS = {"application_id": APPLICATION, "group_id": GROUP, "user_id": USER}


def _key_view(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name != "id"}


def _bearer(record: Record, wanted: list[str]) -> bool:
    return bool({record.body.get("application_id"), record.body.get("user_id")} & set(wanted))


def _bearer_kind(record: Record, wanted: list[str]) -> bool:
    return wanted[-1] == "unknown_bearer_type" or f"{wanted[-1]}_id" in record.body


API_KEY = Kind(
    "api_key",
    "iam",
    "access_key",
    "api_keys",
    view=_key_view,
    denied_word="api_key",
    changes={"description": Take("text"), "default_project_id": Take("id"), "expires_at": Take("text")},
    filters={
        "bearer_id": _bearer,
        "bearer_ids": _bearer,
        "bearer_type": _bearer_kind,
        "access_keys": lambda record, wanted: record.id in wanted,
        "access_key": lambda record, wanted: record.id in wanted,
    },
)
routes.standard(API_KEY, f"{BASE}/api-keys", "access_key")


def new_access_key(call: Call) -> str:
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    return "SCW" + "".join(call.world.random.choice(alphabet) for _ in range(17))


@routes.on("POST", f"{BASE}/api-keys", "create_api_key")
def create_api_key(call: Call) -> Reply:
    shape = {
        "application_id": Take("id"),
        "user_id": Take("id"),
        "expires_at": Take("text"),
        "default_project_id": Take("id"),
        "description": Take("text", ""),
    }
    values = read(call.body, shape)
    holder = {name: values[name] for name in ("application_id", "user_id") if values[name]}
    if len(holder) != 1:
        raise errors.invalid_arguments(("bearer", "required", "exactly one of application_id and user_id is needed"))
    for name, bearer_id in holder.items():
        find(call, PRINCIPALS[name], bearer_id)
    _check_expiry(call, values["expires_at"])
    access_key, secret = new_access_key(call), call.world.new_id()
    body = {
        "id": access_key,
        "access_key": access_key,
        "secret_key": None,
        "description": values["description"],
        "expires_at": values["expires_at"],
        "default_project_id": values["default_project_id"] or call.world.default_project,
        **editable(),
        "creation_ip": "203.0.113.10",
        **holder,
    }
    record = make(call, API_KEY, body, project="", secret_key=secret)
    reply = one(call, API_KEY, record)
    return Reply(200, {**reply.body, "secret_key": secret})


def _check_expiry(call: Call, expires_at: str | None) -> None:
    if not expires_at:
        return
    try:
        moment = parse_stamp(expires_at)
    except ValueError:
        raise errors.invalid_arguments(("expires_at", "format", "value must be a date")) from None
    if moment <= call.world.clock.now():
        raise errors.invalid_arguments(("expires_at", "constraint", "value must be in the future"))


# ---- policies -----------------------------------------------------------------------------------------------------


def _policy_view(call: Call, record: Record) -> dict[str, JSON]:
    rules = record.hidden["rules"]
    counts = {
        "nb_rules": len(rules),
        "nb_scopes": sum(len(rule.get("project_ids", [])) or 1 for rule in rules),
        "nb_permission_sets": len({name for rule in rules for name in rule["permission_set_names"]}),
    }
    return {**record.body, **counts}


POLICY = Kind(
    "policy",
    "iam",
    "policy",
    "policies",
    view=_policy_view,
    changes={"name": Take("text"), "description": Take("text"), "tags": Take("list")},
    filters={
        "policy_ids": lambda record, wanted: record.id in wanted,
        "application_ids": lambda record, wanted: record.body.get("application_id") in wanted,
        "user_ids": lambda record, wanted: record.body.get("user_id") in wanted,
        "group_ids": lambda record, wanted: record.body.get("group_id") in wanted,
    },
)
routes.standard(POLICY, f"{BASE}/policies", "policy_id", "LRD")
NEW_POLICY = {
    "name": Take("text", ""),
    "description": Take("text", ""),
    "tags": Take("list", []),
    "rules": Take("list", []),
    "no_principal": Take("flag", False),
    **{name: Take("id") for name in PRINCIPALS},
}


@routes.on("POST", f"{BASE}/policies", "create_policy")
def create_policy(call: Call) -> Reply:
    values = read(call.body, NEW_POLICY)
    body = {
        **{name: values[name] for name in ("name", "description", "tags")},
        "organization_id": call.principal.organization,
        **editable(),
        **_principal(call, values),
    }
    record = make(call, POLICY, body, project="", rules=[_rule(call, rule) for rule in values["rules"]])
    fresh = {"nb_rules": 0, "nb_scopes": 0, "nb_permission_sets": 0}
    return Reply(200, {**one(call, POLICY, record).body, **fresh})


def _principal(call: Call, values: dict[str, JSON]) -> dict[str, JSON]:
    named = {name: values[name] for name in PRINCIPALS if values.get(name)}
    for name, holder in named.items():
        find(call, PRINCIPALS[name], holder)
    return named or {"no_principal": True}


def _rule(call: Call, asked: dict[str, JSON]) -> dict[str, JSON]:
    """A rule with its scope; one that names no scope, or permission sets of no known ending, is refused."""
    names = asked.get("permission_set_names") or []
    if not names:
        raise errors.invalid_arguments(("permission_set_names", "required", "required key not provided"))
    if asked.get("project_ids"):
        scope: dict[str, JSON] = {"project_ids": asked["project_ids"]}
    elif asked.get("organization_id"):
        scope = {"organization_id": asked["organization_id"]}
    else:
        raise errors.invalid_arguments(("scope", "required", "project_ids or organization_id is needed"))
    return {
        "id": call.world.new_id(),
        "permission_set_names": names,
        "permission_sets_scope_type": "projects",
        "condition": asked.get("condition") or "",
        **scope,
    }


@routes.on("PATCH", f"{BASE}/policies/{{policy_id}}", "update_policy")
def update_policy(call: Call) -> Reply:
    policy = find(call, POLICY, call.params["policy_id"])
    changed(call, POLICY, policy)
    if any(call.body.get(name) for name in (*PRINCIPALS, "no_principal")):
        for name in (*PRINCIPALS, "no_principal"):
            policy.body.pop(name, None)
        policy.body.update(_principal(call, call.body))
    return one(call, POLICY, policy)


@routes.on("GET", f"{BASE}/rules", "list_rules")
def list_rules(call: Call) -> Reply:
    policy = find(call, POLICY, call.asked("policy_id") or "")
    return page_with_total(call, "rules", policy.hidden["rules"])


@routes.on("PUT", f"{BASE}/rules", "set_rules")
def set_rules(call: Call) -> Reply:
    values = read(call.body, {"policy_id": Take("id", required=True), "rules": Take("list", [])})
    policy = find(call, POLICY, values["policy_id"])
    policy.hidden["rules"] = [_rule(call, rule) for rule in values["rules"]]
    touch(call, POLICY, policy)
    return Reply(200, {"rules": policy.hidden["rules"]})


@routes.on("GET", f"{BASE}/quota", "list_quota")
def list_quota(call: Call) -> Reply:
    """The quotas of the organization, as a pre-flight reads them."""
    quotas = call.world.limits.quotas
    items = [
        {"name": name, "limit": limit, "locality_type": "global", "pretty_name": name, "unit": "", "description": ""}
        for name, limit in sorted(quotas.items())
    ]
    return page_with_total(call, "quota", items)
