"""Block Storage: volumes and snapshots, in both generations of the API."""

from functools import partial
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, listed, make, one, touch
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.s3.exports import check_export, export_object, size_of_export
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("block")
VERSIONS = ("v1", "v1alpha1")
IOPS = (5000, 15000)
GIGABYTE = 1_000_000_000
LARGEST = 10_000 * GIGABYTE
# Keys that only the newer generation shows.
NEWER_KEYS = {"kms_key_id", "public"}


def _generation(call: Call, body: dict[str, JSON]) -> dict[str, JSON]:
    if call.params.get("version") == "v1alpha1":
        return {name: value for name, value in body.items() if name not in NEWER_KEYS}
    return body


def _volume_view(call: Call, record: Record) -> dict[str, JSON]:
    return _generation(call, dict(record.body))


def _snapshot_view(call: Call, record: Record) -> dict[str, JSON]:
    """The parent volume is shown as it is now."""
    parent = call.world.store.get("volume_sbs", record.hidden.get("volume_id", ""))
    shown = {name: parent.body[name] for name in ("id", "name", "status", "type")} if parent else None
    return _generation(call, {**record.body, "parent_volume": shown or record.hidden.get("parent")})


VOLUME = Kind(
    "volume_sbs",
    "block",
    "volume",
    "volumes",
    view=_volume_view,
    filters={
        "include_deleted": lambda record, wanted: True,
        "product_resource_id": lambda r, wanted: any(x["product_resource_id"] in wanted for x in r.body["references"]),
        "product_resource_type": lambda r, w: any(x["product_resource_type"] in w for x in r.body["references"]),
    },
)
SNAPSHOT = Kind(
    "snapshot_sbs",
    "block",
    "snapshot",
    "snapshots",
    view=_snapshot_view,
    filters={
        "include_deleted": lambda record, wanted: True,
        "volume_id": lambda record, wanted: record.hidden.get("volume_id") in wanted,
    },
)


def reference(call: Call, kind: str, resource_id: str, how: str, status: str = "attached") -> dict[str, JSON]:
    return {
        "id": call.world.new_id(),
        "product_resource_type": kind,
        "product_resource_id": resource_id,
        "created_at": call.world.now_text(),
        "type": how,
        "status": status,
    }


def new_volume(
    call: Call, *, name: str, size: int, iops: int, tags: list[str], project: str, parent: str | None = None
) -> Record:
    body = {
        "kms_key_id": None,
        "last_detached_at": None,
        "name": name,
        "parent_snapshot_id": parent,
        "project_id": project,
        "references": [],
        "size": size,
        "specs": {"class": "sbs", "perf_iops": iops},
        "status": "creating",
        "tags": tags,
        "type": f"sbs_{iops // 1000}k",
        "zone": call.place,
    }
    return make(call, VOLUME, body, project=project)


def available(world: World, record: Record) -> None:
    record.body["status"] = "in_use" if record.body["references"] else "available"
    record.body["updated_at"] = world.now_text()


def attach(call: Call, volume: Record, server_id: str, status: str = "attached") -> None:
    """Give the volume to a server; a volume has one server at a time."""
    if volume.body["references"]:
        raise errors.precondition_failed("resource_still_in_use", "the volume is already attached")
    volume.body["references"] = [reference(call, "instance_server", server_id, "exclusive", status)]
    volume.body["status"] = "in_use"


def detached(world: World, volume: Record) -> None:
    volume.body.update(references=[], status="available", last_detached_at=world.now_text())


def start_detaching(world: World, volume: Record) -> None:
    """The volume stays in use, detaching, for a long while."""
    for item in volume.body["references"]:
        item["status"] = "detaching"
    world.after("volume.detaching", volume, detached)


def _size(value: JSON, name: str, smallest: int) -> int:
    if not isinstance(value, int) or not smallest <= value <= LARGEST:
        raise errors.invalid_arguments((name, "constraint", f"value must be between {smallest} and {LARGEST}"))
    return value


def _iops(value: JSON) -> int:
    if value not in IOPS:
        raise errors.invalid_arguments(("perf_iops", "constraint", "value must be 5000 or 15000"))
    return int(value)


def create_volume(call: Call) -> Reply:
    shape = {
        "name": Take("text", "volume"),
        "perf_iops": Take("number", IOPS[0]),
        "project_id": Take("id"),
        "tags": Take("list", []),
        "from_empty": Take("object"),
        "from_snapshot": Take("object"),
    }
    values = read(call.body, shape)
    parent = None
    if values["from_snapshot"]:
        parent = find(call, SNAPSHOT, values["from_snapshot"].get("snapshot_id") or "", "read")
        size = _size(values["from_snapshot"].get("size") or parent.body["size"], "size", parent.body["size"])
    elif values["from_empty"]:
        size = _size(values["from_empty"].get("size"), "size", GIGABYTE)
    else:
        raise errors.invalid_arguments(("from_empty", "required", "from_empty or from_snapshot is needed"))
    volume = new_volume(
        call,
        name=values["name"],
        size=size,
        iops=_iops(values["perf_iops"]),
        tags=values["tags"],
        project=call.project(),
        parent=parent.id if parent else None,
    )
    call.world.after("volume.creating", volume, available)
    return one(call, VOLUME, volume)


def update_volume(call: Call) -> Reply:
    """A new size or speed takes time; a new name does not."""
    volume = find(call, VOLUME, call.params["volume_id"])
    values = read(
        call.body,
        {"name": Take("text"), "tags": Take("list"), "size": Take("number"), "perf_iops": Take("number")},
    )
    _not_busy(volume, "volume")
    volume.body.update({name: values[name] for name in ("name", "tags") if values[name] is not None})
    size = _size(values["size"], "size", volume.body["size"]) if values["size"] else volume.body["size"]
    iops = _iops(values["perf_iops"]) if values["perf_iops"] else volume.body["specs"]["perf_iops"]
    touch(call, VOLUME, volume)
    if (size, iops) != (volume.body["size"], volume.body["specs"]["perf_iops"]):
        volume.body["status"] = "updating"
        call.world.after("volume.updating", volume, partial(_updated, size=size, iops=iops))
    return one(call, VOLUME, volume)


def _updated(world: World, volume: Record, *, size: int, iops: int) -> None:
    volume.body.update(size=size, specs={"class": "sbs", "perf_iops": iops}, type=f"sbs_{iops // 1000}k")
    available(world, volume)


def _not_busy(record: Record, word: str) -> None:
    if record.body["status"] in ("creating", "updating", "exporting", "snapshotting"):
        raise errors.transient_state(word, record.id, record.body["status"])


def delete_volume(call: Call) -> Reply:
    volume = find(call, VOLUME, call.params["volume_id"])
    _not_busy(volume, "volume")
    if volume.body["references"]:
        raise errors.precondition_failed("resource_still_in_use", "the volume is attached")
    return gone(call, volume)


def new_snapshot(call: Call, volume: Record, name: str, tags: list[str]) -> Record:
    body = {
        "class": "sbs",
        "name": name,
        "parent_volume": None,
        "project_id": volume.project,
        "public": False,
        "references": [],
        "size": volume.body["size"],
        "status": "creating",
        "tags": tags,
        "zone": call.place,
    }
    parent = {key: volume.body[key] for key in ("id", "name", "status", "type")}
    snapshot = make(call, SNAPSHOT, body, project=volume.project, volume_id=volume.id, parent=parent)
    call.world.after("snapshot.creating", snapshot, available)
    return snapshot


def create_snapshot(call: Call) -> Reply:
    shape = {"volume_id": Take("id", required=True), "name": Take("text", "snapshot"), "tags": Take("list", [])}
    values = read(call.body, shape)
    volume = find(call, VOLUME, values["volume_id"])
    _not_busy(volume, "volume")
    return one(call, SNAPSHOT, new_snapshot(call, volume, values["name"], values["tags"]))


def update_snapshot(call: Call) -> Reply:
    snapshot = find(call, SNAPSHOT, call.params["snapshot_id"])
    values = read(call.body, {"name": Take("text"), "tags": Take("list")})
    snapshot.body.update({name: value for name, value in values.items() if value is not None})
    touch(call, SNAPSHOT, snapshot)
    return one(call, SNAPSHOT, snapshot)


def delete_snapshot(call: Call) -> Reply:
    snapshot = find(call, SNAPSHOT, call.params["snapshot_id"])
    if snapshot.body["references"]:
        raise errors.precondition_failed("resource_still_in_use", "the snapshot is used by an image")
    return gone(call, snapshot)


def export_snapshot(call: Call) -> Reply:
    snapshot = find(call, SNAPSHOT, call.params["snapshot_id"])
    _not_busy(snapshot, "snapshot")
    values = read(call.body, {"bucket": Take("text", required=True), "key": Take("text", required=True)})
    snapshot.body["status"] = "exporting"
    touch(call, SNAPSHOT, snapshot)
    check_export(call, values["bucket"])
    call.world.after("snapshot.exporting", snapshot, partial(_exported, **values))
    return one(call, SNAPSHOT, snapshot)


def _exported(world: World, snapshot: Record, *, bucket: str, key: str) -> None:
    export_object(world, bucket, key, checksum=True)
    available(world, snapshot)


def import_snapshot(call: Call) -> Reply:
    shape = {
        "bucket": Take("text", required=True),
        "key": Take("text", required=True),
        "name": Take("text", "snapshot"),
        "tags": Take("list", []),
        "size": Take("number"),
    }
    values = read(call.body, shape)
    body = {
        "class": "sbs",
        "name": values["name"],
        "parent_volume": None,
        "project_id": call.project(),
        "public": False,
        "references": [],
        "size": values["size"] or size_of_export(call, values["bucket"], values["key"]),
        "status": "creating",
        "tags": values["tags"],
        "zone": call.place,
    }
    snapshot = make(call, SNAPSHOT, body)
    call.world.after("snapshot.creating", snapshot, available)
    return one(call, SNAPSHOT, snapshot)


def _get_volume(call: Call) -> Reply:
    return one(call, VOLUME, find(call, VOLUME, call.params["volume_id"]))


def _get_snapshot(call: Call) -> Reply:
    return one(call, SNAPSHOT, find(call, SNAPSHOT, call.params["snapshot_id"]))


BASE = "/block/{version}/zones/{zone}"
for _method, _path, _name, _handler in (
    ("GET", "volumes", "list_volumes", lambda call: listed(call, VOLUME)),
    ("POST", "volumes", "create_volume", create_volume),
    ("GET", "volumes/{volume_id}", "get_volume", _get_volume),
    ("PATCH", "volumes/{volume_id}", "update_volume", update_volume),
    ("DELETE", "volumes/{volume_id}", "delete_volume", delete_volume),
    ("GET", "snapshots", "list_snapshots", lambda call: listed(call, SNAPSHOT)),
    ("POST", "snapshots", "create_snapshot", create_snapshot),
    ("POST", "snapshots/import-from-object-storage", "import_snapshot_from_object_storage", import_snapshot),
    ("GET", "snapshots/{snapshot_id}", "get_snapshot", _get_snapshot),
    ("PATCH", "snapshots/{snapshot_id}", "update_snapshot", update_snapshot),
    ("DELETE", "snapshots/{snapshot_id}", "delete_snapshot", delete_snapshot),
    (
        "POST",
        "snapshots/{snapshot_id}/export-to-object-storage",
        "export_snapshot_to_object_storage",
        export_snapshot,
    ),
):
    routes.on(_method, f"{BASE}/{_path}", _name)(_handler)
