"""Key Manager: keys and their life. The cryptography itself is in key_operations."""

import base64
import binascii
import secrets
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import parse_stamp, stamp
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one, touch
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("key_manager")
PATH = "/key-manager/v1alpha1/regions/{region}/keys"
ALGORITHMS = {
    "symmetric_encryption": ("aes_256_gcm",),
    "asymmetric_encryption": ("rsa_oaep_2048_sha256", "rsa_oaep_3072_sha256", "rsa_oaep_4096_sha256"),
    "asymmetric_signing": (
        "ec_p256_sha256",
        "ec_p384_sha384",
        "rsa_pss_2048_sha256",
        "rsa_pss_3072_sha256",
        "rsa_pss_4096_sha256",
        "rsa_pkcs1_2048_sha256",
        "rsa_pkcs1_3072_sha256",
        "rsa_pkcs1_4096_sha256",
    ),
}
GRACE = 7 * 86400


def _scheduled(record: Record, wanted: list[str]) -> bool:
    return (record.body["deletion_requested_at"] is not None) == (wanted[-1] == "true")


def _usage(record: Record, wanted: list[str]) -> bool:
    return wanted[-1] == "unknown_usage" or wanted[-1] in record.body["usage"]


KEY = Kind(
    "key",
    "key_manager",
    "key",
    "keys",
    filters={"scheduled_for_deletion": _scheduled, "usage": _usage},
)
routes.standard(KEY, PATH, "key_id", "LR")


def rotation_policy(call: Call, asked: dict[str, JSON] | None) -> dict[str, JSON] | None:
    """The period comes as seconds with decimals and is shown without; the next rotation defaults to one period."""
    if not asked or not asked.get("rotation_period"):
        return None
    seconds = float(str(asked["rotation_period"]).rstrip("s"))
    moment = asked.get("next_rotation_at")
    first = parse_stamp(moment) if moment else call.world.clock.now() + seconds
    return {"rotation_period": f"{int(seconds)}s", "next_rotation_at": stamp(first)}


@routes.on("POST", PATH, "create_key")
def create_key(call: Call) -> Reply:
    shape = {
        "name": Take("text"),
        "project_id": Take("id"),
        "usage": Take("object", required=True),
        "description": Take("text"),
        "tags": Take("list", []),
        "unprotected": Take("flag", False),
        "origin": Take("text", "scaleway_kms", one_of=("unknown_origin", "scaleway_kms", "external")),
        "rotation_policy": Take("object"),
    }
    values = read(call.body, shape)
    external = values["origin"] == "external"
    body = {
        "project_id": call.project(),
        "name": values["name"] or "key",
        "usage": _checked_usage(values["usage"]),
        "state": "pending_key_material" if external else "enabled",
        "rotation_count": 0 if external else 1,
        "protected": not values["unprotected"],
        "locked": False,
        "description": values["description"],
        "tags": values["tags"],
        "rotated_at": None if external else call.world.now_text(),
        "rotation_policy": rotation_policy(call, values["rotation_policy"]),
        "origin": "external" if external else "scaleway_kms",
        "deletion_requested_at": None,
        "protection_level": "software",
        "region": call.region,
    }
    return one(call, KEY, make(call, KEY, body, material=[] if external else [secrets.token_bytes(32)]))


def _checked_usage(asked: dict[str, JSON]) -> dict[str, JSON]:
    given = {name: value for name, value in asked.items() if value}
    if len(given) == 1:
        ((name, algorithm),) = given.items()
        if algorithm in ALGORITHMS.get(name, ()):
            return given
    raise errors.invalid_arguments(("usage", "constraint", "one known algorithm of one known usage is needed"))


@routes.on("PATCH", f"{PATH}/{{key_id}}", "update_key")
def update_key(call: Call) -> Reply:
    key = find(call, KEY, call.params["key_id"])
    shape = {"name": Take("text"), "description": Take("text"), "tags": Take("list")}
    key.body.update(read_changes(call.body, shape))
    if call.body.get("rotation_policy") is not None:
        key.body["rotation_policy"] = rotation_policy(call, call.body["rotation_policy"])
    touch(call, KEY, key)
    return one(call, KEY, key)


@routes.on("DELETE", f"{PATH}/{{key_id}}", "delete_key")
def delete_key(call: Call) -> Reply:
    """The key is scheduled, and still answers until its grace has passed."""
    key = find(call, KEY, call.params["key_id"])
    if key.body["protected"]:
        raise errors.precondition_failed("protected_resource", "cannot delete a protected key")
    key.body.update(state="scheduled_for_deletion", deletion_requested_at=call.world.now_text())
    touch(call, KEY, key)
    call.world.store.schedule(key, call.world.clock.now() + GRACE, _purge)
    return Reply(204)


def _purge(world: World, key: Record) -> None:
    if key.body["state"] == "scheduled_for_deletion":
        world.store.remove(key)


def _move(call: Call, **changes: JSON) -> Reply:
    key = find(call, KEY, call.params["key_id"])
    key.body.update(changes)
    touch(call, KEY, key)
    return one(call, KEY, key)


@routes.on("POST", f"{PATH}/{{key_id}}/restore", "restore_key")
def restore_key(call: Call) -> Reply:
    key = find(call, KEY, call.params["key_id"])
    call.world.store.interrupt(key)
    return _move(
        call, state="enabled" if key.hidden["material"] else "pending_key_material", deletion_requested_at=None
    )


@routes.on("POST", f"{PATH}/{{key_id}}/protect", "protect_key")
def protect_key(call: Call) -> Reply:
    return _move(call, protected=True)


@routes.on("POST", f"{PATH}/{{key_id}}/unprotect", "unprotect_key")
def unprotect_key(call: Call) -> Reply:
    return _move(call, protected=False)


@routes.on("POST", f"{PATH}/{{key_id}}/enable", "enable_key")
def enable_key(call: Call) -> Reply:
    _in_state(call, "disabled", "enabled")
    return _move(call, state="enabled")


@routes.on("POST", f"{PATH}/{{key_id}}/disable", "disable_key")
def disable_key(call: Call) -> Reply:
    _in_state(call, "disabled", "enabled")
    return _move(call, state="disabled")


def _in_state(call: Call, *states: str) -> None:
    key = find(call, KEY, call.params["key_id"])
    if key.body["state"] not in states:
        raise errors.precondition_failed("resource_not_usable", f"the key is {key.body['state']}")


@routes.on("POST", f"{PATH}/{{key_id}}/rotate", "rotate_key")
def rotate_key(call: Call) -> Reply:
    _in_state(call, "enabled")
    key = find(call, KEY, call.params["key_id"])
    if "symmetric_encryption" not in key.body["usage"] or key.body["origin"] == "external":
        raise errors.precondition_failed("resource_not_usable", "this key cannot be rotated")
    key.hidden["material"].append(secrets.token_bytes(32))
    return _move(call, rotation_count=key.body["rotation_count"] + 1, rotated_at=call.world.now_text())


@routes.on("POST", f"{PATH}/{{key_id}}/import-key-material", "import_key_material")
def import_key_material(call: Call) -> Reply:
    key = find(call, KEY, call.params["key_id"])
    values = read(call.body, {"key_material": Take("text", required=True), "salt": Take("text")})
    _external(key)
    try:
        material = base64.b64decode(values["key_material"], validate=True)
    except binascii.Error:
        material = b""
    if len(material) != 32:
        raise errors.invalid_arguments(("key_material", "constraint", "256 bits in base64 are needed"))
    key.hidden["material"] = [material]
    return _move(call, state="enabled", rotation_count=1, rotated_at=call.world.now_text())


@routes.on("POST", f"{PATH}/{{key_id}}/delete-key-material", "delete_key_material")
def delete_key_material(call: Call) -> Reply:
    """At once and for good: nothing that this key encrypted can be read any more."""
    key = find(call, KEY, call.params["key_id"])
    _external(key)
    key.hidden["material"] = []
    _move(call, state="pending_key_material", rotation_count=0)
    return Reply(204)


def _external(key: Record) -> None:
    if key.body["origin"] != "external":
        raise errors.precondition_failed("resource_not_usable", "only keys of external origin have importable material")
