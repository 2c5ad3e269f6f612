"""Secret Manager: secrets and their versions."""

import base64
import binascii
import json
import re
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one, touch
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("secret")
PATH = "/secret-manager/v1beta1/regions/{region}/secrets"
TYPES = ("opaque", "certificate", "key_value", "basic_credentials", "database_credentials", "ssh_key")
LARGEST = 65536


def _view(call: Call, record: Record) -> dict[str, JSON]:
    versions = [v for v in record.hidden["versions"] if v["status"] not in ("deleted", "scheduled_for_deletion")]
    return {**record.body, "version_count": len(versions)}


def _scheduled(record: Record, wanted: list[str]) -> bool:
    return (record.body["deletion_requested_at"] is not None) == (wanted[-1] == "true")


SECRET = Kind(
    "secret",
    "secret",
    "secret",
    "secrets",
    view=_view,
    filters={
        "scheduled_for_deletion": _scheduled,
        "name": lambda record, wanted: record.body["name"] == wanted[-1],
        "path": lambda record, wanted: record.body["path"] == wanted[-1],
    },
)
routes.standard(SECRET, PATH, "secret_id", "LR")


def _ephemeral(asked: dict[str, JSON] | None) -> dict[str, JSON] | None:
    if not asked:
        return None
    life = asked.get("time_to_live")
    return {
        "time_to_live": f"{int(float(str(life).rstrip('s')))}s" if life else None,
        "expires_once_accessed": asked.get("expires_once_accessed"),
        "action": asked.get("action") or "delete",
    }


@routes.on("POST", PATH, "create_secret")
def create_secret(call: Call) -> Reply:
    shape = {
        "name": Take("text", required=True),
        "project_id": Take("id"),
        "tags": Take("list", []),
        "description": Take("text", ""),
        "type": Take("text", "opaque"),
        "path": Take("text", "/"),
        "protected": Take("flag", False),
        "ephemeral_policy": Take("object"),
        "key_id": Take("id"),
    }
    values = read(call.body, shape)
    if values["type"] not in (*TYPES, "unknown_type"):
        raise errors.invalid_arguments(("type", "constraint", "value must be a known type"))
    body = {
        "project_id": call.project(),
        **{name: values[name] for name in ("name", "tags", "description", "protected", "path", "key_id")},
        "status": "ready",
        "managed": False,
        "type": values["type"] if values["type"] in TYPES else "opaque",
        "ephemeral_policy": _ephemeral(values["ephemeral_policy"]),
        "used_by": [],
        "deletion_requested_at": None,
        "region": call.region,
    }
    return one(call, SECRET, make(call, SECRET, body, versions=[]))


@routes.on("PATCH", f"{PATH}/{{secret_id}}", "update_secret")
def update_secret(call: Call) -> Reply:
    secret = find(call, SECRET, call.params["secret_id"])
    shape = {"name": Take("text"), "tags": Take("list"), "description": Take("text"), "path": Take("text")}
    secret.body.update(read_changes(call.body, shape))
    if call.body.get("ephemeral_policy") is not None:
        secret.body["ephemeral_policy"] = _ephemeral(call.body["ephemeral_policy"])
    touch(call, SECRET, secret)
    return one(call, SECRET, secret)


@routes.on("DELETE", f"{PATH}/{{secret_id}}", "delete_secret")
def delete_secret(call: Call) -> Reply:
    """The secret is scheduled, and still answers; one with an ephemeral policy goes at once."""
    secret = find(call, SECRET, call.params["secret_id"])
    if secret.body["protected"]:
        raise errors.precondition_failed("protected_resource", "cannot delete a protected secret")
    if secret.body["ephemeral_policy"]:
        return gone(call, secret)
    secret.body["deletion_requested_at"] = call.world.now_text()
    touch(call, SECRET, secret)
    return Reply(204)


def _set(call: Call, **changes: JSON) -> Reply:
    secret = find(call, SECRET, call.params["secret_id"])
    secret.body.update(changes)
    touch(call, SECRET, secret)
    return one(call, SECRET, secret)


@routes.on("POST", f"{PATH}/{{secret_id}}/protect", "protect_secret")
def protect_secret(call: Call) -> Reply:
    return _set(call, protected=True)


@routes.on("POST", f"{PATH}/{{secret_id}}/unprotect", "unprotect_secret")
def unprotect_secret(call: Call) -> Reply:
    return _set(call, protected=False)


@routes.on("POST", f"{PATH}/{{secret_id}}/restore", "restore_secret")
def restore_secret(call: Call) -> Reply:
    return _set(call, deletion_requested_at=None)


# ---- versions -----------------------------------------------------------------------------------------------------

VERSIONS = f"{PATH}/{{secret_id}}/versions"
VERSION = f"{VERSIONS}/{{revision}}"


def _shown(version: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in version.items() if name != "data"}


def _version(call: Call) -> tuple[Record, dict[str, JSON]]:
    secret = find(call, SECRET, call.params["secret_id"])
    wanted = call.params["revision"]
    candidates = [v for v in secret.hidden["versions"] if v["status"] != "deleted"]
    if wanted == "latest_enabled":
        candidates = [v for v in candidates if v["status"] == "enabled"]
    if not wanted.startswith("latest"):
        candidates = [v for v in candidates if str(v["revision"]) == wanted]
    if not candidates:
        raise errors.not_found("secret_version", wanted)
    return secret, candidates[-1]


@routes.on("GET", VERSIONS, "list_secret_versions")
def list_versions(call: Call) -> Reply:
    secret = find(call, SECRET, call.params["secret_id"])
    wanted = call.asked_all("status")
    found = [_shown(v) for v in reversed(secret.hidden["versions"]) if not wanted or v["status"] in wanted]
    return page_with_total(call, "versions", found)


@routes.on("POST", VERSIONS, "create_secret_version")
def create_version(call: Call) -> Reply:
    secret = find(call, SECRET, call.params["secret_id"])
    shape = {
        "data": Take("text", required=True),
        "description": Take("text", ""),
        "disable_previous": Take("flag", False),
    }
    values = read(call.body, shape)
    _check_data(secret, values["data"])
    versions = secret.hidden["versions"]
    for version in versions:
        version["latest"] = False
        if values["disable_previous"] and version["status"] == "enabled":
            version["status"] = "disabled"
    now = call.world.now_text()
    fresh = {
        "revision": len(versions) + 1,
        "secret_id": secret.id,
        "status": "enabled",
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
        "description": values["description"],
        "latest": True,
        "ephemeral_properties": None,
        "deletion_requested_at": None,
        "region": secret.body["region"],
        "data": values["data"],
    }
    versions.append(fresh)
    return Reply(200, _shown(fresh))


def _check_data(secret: Record, data: str) -> None:
    """Base64 of at most 64 KiB; a key_value secret holds a JSON object of strings."""
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise errors.invalid_arguments(("data", "format", "value must be base64")) from None
    if len(content) > LARGEST:
        raise errors.invalid_arguments(("data", "constraint", "value is too long"))
    if secret.body["type"] == "key_value" and not _is_object_of_texts(content):
        raise errors.invalid_arguments(("data", "format", "a JSON object whose values are strings is expected"))


def _is_object_of_texts(content: bytes) -> bool:
    try:
        value = json.loads(content)
    except ValueError:
        return False
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


@routes.on("GET", VERSION, "get_secret_version")
def get_version(call: Call) -> Reply:
    return Reply(200, _shown(_version(call)[1]))


@routes.on("PATCH", VERSION, "update_secret_version")
def update_version(call: Call) -> Reply:
    _, version = _version(call)
    version.update(read_changes(call.body, {"description": Take("text")}), updated_at=call.world.now_text())
    return Reply(200, _shown(version))


@routes.on("DELETE", VERSION, "delete_secret_version")
def delete_version(call: Call) -> Reply:
    """The version is scheduled, and still listed."""
    _, version = _version(call)
    now = call.world.now_text()
    version.update(status="scheduled_for_deletion", deletion_requested_at=now, updated_at=now)
    return Reply(204)


def _turn(call: Call, status: str) -> Reply:
    _, version = _version(call)
    if version["status"] not in ("enabled", "disabled"):
        raise errors.precondition_failed("resource_not_usable", f"the version is {version['status']}")
    version.update(status=status, updated_at=call.world.now_text())
    return Reply(200, _shown(version))


@routes.on("POST", f"{VERSION}/enable", "enable_secret_version")
def enable_version(call: Call) -> Reply:
    return _turn(call, "enabled")


@routes.on("POST", f"{VERSION}/disable", "disable_secret_version")
def disable_version(call: Call) -> Reply:
    return _turn(call, "disabled")


@routes.on("GET", f"{VERSION}/access", "access_secret_version")
def access_version(call: Call) -> Reply:
    secret, version = _version(call)
    return _content(secret, version)


def _content(secret: Record, version: dict[str, JSON]) -> Reply:
    if version["status"] != "enabled":
        raise errors.precondition_failed("resource_not_usable", f"the version is {version['status']}")
    body = {
        "secret_id": secret.id,
        "revision": version["revision"],
        "data": version["data"],
        "data_crc32": None,
        "type": secret.body["type"],
    }
    return Reply(200, body)


BY_PATH = re.sub(r"/secrets$", "/secrets-by-path/versions/{revision}/access", PATH)


@routes.on("GET", BY_PATH, "access_secret_version_by_path")
def access_by_path(call: Call) -> Reply:
    wanted = {"name": call.asked("secret_name"), "path": call.asked("secret_path") or "/"}
    project = call.asked("project_id") or call.principal.default_project
    for record in call.world.store.where("secret", **wanted, project_id=project):
        call.params["secret_id"] = record.id
        return access_version(call)
    raise errors.not_found("secret", wanted["name"] or "")
