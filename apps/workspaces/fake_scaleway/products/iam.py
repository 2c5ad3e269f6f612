"""IAM: applications, groups, users, SSH keys."""

import base64
import hashlib
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one, touch
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("iam")
BASE = "/iam/v1alpha1"
NAMED = {"name": Take("text"), "description": Take("text"), "tags": Take("list")}
NEW = {"name": Take("text", ""), "description": Take("text", ""), "tags": Take("list", [])}


def _application_view(call: Call, record: Record) -> dict[str, JSON]:
    keys = sum(1 for _ in call.world.store.where("api_key", application_id=record.id))
    return {**record.body, "nb_api_keys": keys}


APPLICATION = Kind(
    "application",
    "iam",
    "application",
    "applications",
    view=_application_view,
    changes=NAMED,
    filters={
        "application_ids": lambda record, wanted: record.id in wanted,
    },
)
GROUP = Kind(
    "group",
    "iam",
    "group",
    "groups",
    changes=NAMED,
    filters={
        "application_ids": lambda record, wanted: bool(set(wanted) & set(record.body["application_ids"])),
        "user_ids": lambda record, wanted: bool(set(wanted) & set(record.body["user_ids"])),
    },
)
USER = Kind(
    "user",
    "iam",
    "user",
    "users",
    changes={name: Take("text") for name in ("email", "first_name", "last_name", "phone_number", "locale")}
    | {"tags": Take("list")},
    filters={"user_ids": lambda record, wanted: record.id in wanted},
)
SSH_KEY = Kind(
    "ssh_key", "iam", "ssh_key", "ssh_keys", changes={"name": Take("text"), "disabled": Take("flag")}, filters={}
)
routes.standard(APPLICATION, f"{BASE}/applications", "application_id", "LRU")
routes.standard(GROUP, f"{BASE}/groups", "group_id")
routes.standard(USER, f"{BASE}/users", "user_id", "LRU")
routes.standard(SSH_KEY, f"{BASE}/ssh-keys", "ssh_key_id")


def editable() -> dict[str, bool]:
    return {"editable": True, "deletable": True, "managed": False}


@routes.on("POST", f"{BASE}/applications", "create_application")
def create_application(call: Call) -> Reply:
    values = read(call.body, NEW)
    body = {**values, "organization_id": call.principal.organization, **editable()}
    return one(call, APPLICATION, make(call, APPLICATION, body, project=""))


@routes.on("DELETE", f"{BASE}/applications/{{application_id}}", "delete_application")
def delete_application(call: Call) -> Reply:
    """Its API keys go with it; policies that named it keep existing without a principal."""
    application = find(call, APPLICATION, call.params["application_id"])
    forget_member(call, application.id)
    return gone(call, application)


def forget_member(call: Call, member_id: str) -> None:
    store = call.world.store
    for key in store.all("api_key"):
        if member_id in (key.body.get("application_id"), key.body.get("user_id")):
            store.remove(key)
    for group in store.all("group"):
        for names in ("user_ids", "application_ids"):
            group.body[names] = [item for item in group.body[names] if item != member_id]
    for policy in store.all("policy"):
        for name in ("application_id", "user_id"):
            if policy.body.get(name) == member_id:
                del policy.body[name]
                policy.body["no_principal"] = True


@routes.on("POST", f"{BASE}/groups", "create_group")
def create_group(call: Call) -> Reply:
    body = {
        **read(call.body, NEW),
        "organization_id": call.principal.organization,
        "user_ids": [],
        "application_ids": [],
        **editable(),
    }
    return one(call, GROUP, make(call, GROUP, body, project=""))


@routes.on("PUT", f"{BASE}/groups/{{group_id}}/members", "set_group_members")
def set_group_members(call: Call) -> Reply:
    group = find(call, GROUP, call.params["group_id"])
    values = read(call.body, {"user_ids": Take("list", []), "application_ids": Take("list", [])})
    for user_id in values["user_ids"]:
        find(call, USER, user_id)
    for application_id in values["application_ids"]:
        find(call, APPLICATION, application_id)
    group.body.update(values)
    touch(call, GROUP, group)
    return one(call, GROUP, group)


def _member(call: Call) -> tuple[str, str]:
    """The list of the group that the named member belongs in, and its id."""
    values = read(call.body, {"user_id": Take("id"), "application_id": Take("id")})
    if values["user_id"]:
        return "user_ids", values["user_id"]
    return "application_ids", values["application_id"] or ""


@routes.on("POST", f"{BASE}/groups/{{group_id}}/add-member", "add_group_member")
def add_group_member(call: Call) -> Reply:
    group = find(call, GROUP, call.params["group_id"])
    names, member_id = _member(call)
    find(call, USER if names == "user_ids" else APPLICATION, member_id)
    if member_id not in group.body[names]:
        group.body[names] = [*group.body[names], member_id]
    touch(call, GROUP, group)
    return one(call, GROUP, group)


@routes.on("POST", f"{BASE}/groups/{{group_id}}/remove-member", "remove_group_member")
def remove_group_member(call: Call) -> Reply:
    group = find(call, GROUP, call.params["group_id"])
    names, member_id = _member(call)
    if member_id not in group.body[names]:
        raise errors.not_found("", member_id)
    group.body[names] = [item for item in group.body[names] if item != member_id]
    touch(call, GROUP, group)
    return one(call, GROUP, group)


@routes.on("POST", f"{BASE}/users", "create_user")
def create_user(call: Call) -> Reply:
    member = read(call.body, {"member": Take("object", {}), "email": Take("text"), "tags": Take("list", [])})
    asked = member["member"]
    email = asked.get("email") or member["email"]
    if not email:
        raise errors.invalid_arguments(("email", "required", "required key not provided"))
    body = {
        "email": email,
        "username": asked.get("username") or email,
        **{name: asked.get(name) or "" for name in ("first_name", "last_name", "phone_number")},
        "locale": asked.get("locale") or "en_US",
        "organization_id": call.principal.organization,
        "deletable": True,
        "last_login_at": None,
        "type": "member",
        "two_factor_enabled": False,
        "status": "activated",
        "mfa": False,
        "account_root_user_id": "",
        "tags": member["tags"],
        "locked": False,
    }
    return one(call, USER, make(call, USER, body, project=""))


@routes.on("POST", f"{BASE}/users/{{user_id}}/update-username", "update_user_username")
def update_user_username(call: Call) -> Reply:
    user = find(call, USER, call.params["user_id"])
    user.body["username"] = read(call.body, {"username": Take("text", required=True)})["username"]
    touch(call, USER, user)
    return one(call, USER, user)


@routes.on("DELETE", f"{BASE}/users/{{user_id}}", "delete_user")
def delete_user(call: Call) -> Reply:
    user = find(call, USER, call.params["user_id"])
    if not user.body["deletable"]:
        raise errors.precondition_failed("resource_not_usable", "the owner cannot be deleted")
    forget_member(call, user.id)
    return gone(call, user)


@routes.on("POST", f"{BASE}/ssh-keys", "create_ssh_key")
def create_ssh_key(call: Call) -> Reply:
    shape = {"name": Take("text", ""), "public_key": Take("text", required=True), "project_id": Take("id")}
    values = read(call.body, shape)
    kind, _, rest = values["public_key"].partition(" ")
    digest = base64.b64encode(hashlib.sha256(rest.encode()).digest()).decode().rstrip("=")
    body = {
        "name": values["name"],
        "public_key": values["public_key"],
        "fingerprint": f"256 SHA256:{digest} ({kind})",
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "disabled": False,
    }
    return one(call, SSH_KEY, make(call, SSH_KEY, body))
