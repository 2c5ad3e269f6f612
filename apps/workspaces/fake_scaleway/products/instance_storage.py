"""Instances: local volumes, snapshots and images."""

from functools import partial
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import stamp_with_offset
from apps.workspaces.fake_scaleway.kinds import find, gone, make, one, touch
from apps.workspaces.fake_scaleway.products import block
from apps.workspaces.fake_scaleway.products.instance import IMAGE, LOCAL, SNAPSHOT, V1, VOLUME, owner
from apps.workspaces.fake_scaleway.products.instance_tasks import task
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.s3.exports import check_export, export_object, size_of_export
from apps.workspaces.fake_scaleway.shapes import Take, read, read_changes
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("instance")
routes.standard(VOLUME, f"{V1}/volumes", "volume_id", "LR")
routes.standard(SNAPSHOT, f"{V1}/snapshots", "snapshot_id", "LRU")
routes.standard(IMAGE, f"{V1}/images", "image_id", "LR")
DEFAULT_SIZE = 10_000_000_000


def new_local_volume(
    call: Call, *, name: str, kind: str, size: int, tags: list[str], server: str | None = None
) -> Record:
    body = {
        "name": name,
        "volume_type": kind,
        "export_uri": None,
        **owner(call.project(), call.principal.organization),
        "size": size,
        "state": "available",
        "tags": tags,
        "zone": call.place,
    }
    return make(call, VOLUME, body, server=server)


@routes.on("POST", f"{V1}/volumes", "create_volume")
def create_volume(call: Call) -> Reply:
    shape = {
        "name": Take("text", "volume"),
        "volume_type": Take("text", "l_ssd", one_of=LOCAL),
        "size": Take("number"),
        "base_snapshot": Take("id"),
        "tags": Take("list", []),
    }
    values = read(call.body, shape)
    base = find(call, SNAPSHOT, values["base_snapshot"]) if values["base_snapshot"] else None
    size = values["size"] or (base.body["size"] if base else None)
    if not size:
        raise errors.invalid_arguments(("size", "required", "required key not provided"))
    volume = new_local_volume(call, name=values["name"], kind=values["volume_type"], size=size, tags=values["tags"])
    return one(call, VOLUME, volume, 201)


@routes.on("PATCH", f"{V1}/volumes/{{volume_id}}", "update_volume")
def update_volume(call: Call) -> Reply:
    volume = find(call, VOLUME, call.params["volume_id"])
    changes = read_changes(call.body, VOLUME.changes)
    if changes.get("size", volume.body["size"]) < volume.body["size"]:
        raise errors.invalid_arguments(("size", "constraint", "a volume cannot shrink"))
    volume.body.update(changes)
    touch(call, VOLUME, volume)
    return one(call, VOLUME, volume)


@routes.on("DELETE", f"{V1}/volumes/{{volume_id}}", "delete_volume")
def delete_volume(call: Call) -> Reply:
    volume = find(call, VOLUME, call.params["volume_id"])
    if volume.hidden.get("server"):
        raise errors.invalid_arguments(("volume", "constraint", "the volume is attached to a server"))
    return gone(call, volume)


# ---- snapshots ----------------------------------------------------------------------------------------------------


def _new_snapshot(call: Call, *, name: str, size: int, tags: list[str], state: str, base: Record | None) -> Record:
    body = {
        "name": name,
        "volume_type": base.body["volume_type"] if base else "l_ssd",
        **owner(call.project(), call.principal.organization),
        "size": size,
        "state": state,
        "tags": tags,
        "zone": call.place,
        "error_details": None,
    }
    shown = {"id": base.id, "name": base.body["name"]} if base else None
    snapshot = make(call, SNAPSHOT, body, base_volume=shown)
    call.world.after("local_snapshot", snapshot, _settled)
    return snapshot


def _settled(world: World, record: Record) -> None:
    record.body.update(state="available", modification_date=stamp_with_offset(world.clock.now()))


@routes.on("POST", f"{V1}/snapshots", "create_snapshot")
def create_snapshot(call: Call) -> Reply:
    shape = {
        "name": Take("text", "snapshot"),
        "volume_id": Take("id"),
        "tags": Take("list", []),
        "bucket": Take("text"),
        "key": Take("text"),
        "size": Take("number"),
    }
    values = read(call.body, shape)
    common = {"name": values["name"], "tags": values["tags"]}
    if values["volume_id"]:
        volume = find(call, VOLUME, values["volume_id"])
        volume.body["state"] = "snapshotting"
        call.world.after("local_snapshot", volume, _settled)
        snapshot = _new_snapshot(call, **common, size=volume.body["size"], state="snapshotting", base=volume)
    elif values["bucket"] and values["key"]:
        size = values["size"] or size_of_export(call, values["bucket"], values["key"])
        snapshot = _new_snapshot(call, **common, size=size, state="importing", base=None)
    else:
        snapshot = _new_snapshot(call, **common, size=values["size"] or 0, state="available", base=None)
    body = one(call, SNAPSHOT, snapshot).body
    body["task"] = task(call, "/snapshots", f"snapshots/{snapshot.id}")
    return Reply(201, body)


@routes.on("POST", f"{V1}/snapshots/{{snapshot_id}}/export", "export_snapshot")
def export_snapshot(call: Call) -> Reply:
    snapshot = find(call, SNAPSHOT, call.params["snapshot_id"])
    values = read(call.body, {"bucket": Take("text", required=True), "key": Take("text", required=True)})
    check_export(call, values["bucket"])
    snapshot.body["state"] = "exporting"
    call.world.after("local_export", snapshot, partial(_exported, **values))
    href = f"https://s3.{call.region}.scw.cloud/{values['bucket']}/{values['key']}"
    return Reply(202, {"task": task(call, f"/snapshots/{snapshot.id}/export", href)})


def _exported(world: World, snapshot: Record, *, bucket: str, key: str) -> None:
    export_object(world, bucket, key, checksum=False)
    _settled(world, snapshot)


@routes.on("DELETE", f"{V1}/snapshots/{{snapshot_id}}", "delete_snapshot")
def delete_snapshot(call: Call) -> Reply:
    snapshot = find(call, SNAPSHOT, call.params["snapshot_id"])
    if any(snapshot.id in _snapshots_of(image) for image in call.world.store.all(IMAGE.name)):
        raise errors.invalid_arguments(("snapshot", "constraint", "the snapshot is used by an image"))
    return gone(call, snapshot)


# ---- images -------------------------------------------------------------------------------------------------------


def _snapshots_of(image: Record) -> list[str]:
    return [image.body["root_volume"]["id"], *(item["id"] for item in image.body["extra_volumes"].values())]


def _layer(call: Call, snapshot_id: str, image_id: str) -> dict[str, JSON]:
    """A layer of an image: a local snapshot is described, a block one is only named, and marked as used."""
    local = call.world.store.get(SNAPSHOT.name, snapshot_id)
    if local is not None:
        body = local.body
        return {"id": local.id, "name": body["name"], "volume_type": body["volume_type"], "size": body["size"]}
    remote = call.world.store.get(block.SNAPSHOT.name, snapshot_id)
    if remote is None:
        raise errors.not_found(SNAPSHOT.word, snapshot_id)
    if not any(item["product_resource_id"] == image_id for item in remote.body["references"]):
        remote.body["references"].append(block.reference(call, "instance_image", image_id, "link"))
    remote.body["status"] = "in_use"
    return {"volume_type": "sbs_snapshot", "id": remote.id, "size": 0, "name": ""}


def _new_image(call: Call, *, name: str, root: str, extra: dict[str, str], arch: str, **more: JSON) -> Record:
    image_id = call.world.new_id()
    body = {
        "id": image_id,
        "name": name,
        **owner(call.project(), call.principal.organization),
        "root_volume": _layer(call, root, image_id),
        "extra_volumes": {index: _layer(call, item, image_id) for index, item in extra.items()},
        "public": more.get("public", False),
        "arch": arch,
        "default_bootscript": None,
        "from_server": more.get("from_server", ""),
        "state": "available",
        "tags": more.get("tags", []),
        "zone": call.place,
    }
    return make(call, IMAGE, body)


@routes.on("POST", f"{V1}/images", "create_image")
def create_image(call: Call) -> Reply:
    shape = {
        "name": Take("text", "image"),
        "root_volume": Take("id", required=True),
        "arch": Take("text", "x86_64", one_of=("x86_64", "arm64")),
        "extra_volumes": Take("object", {}),
        "tags": Take("list", []),
        "public": Take("flag", False),
    }
    values = read(call.body, shape)
    extra = {index: item["id"] for index, item in values["extra_volumes"].items()}
    image = _new_image(
        call,
        name=values["name"],
        root=values["root_volume"],
        extra=extra,
        arch=values["arch"],
        tags=values["tags"],
        public=values["public"],
    )
    return one(call, IMAGE, image, 201)


@routes.on("PATCH", f"{V1}/images/{{image_id}}", "update_image")
def update_image(call: Call) -> Reply:
    image = find(call, IMAGE, call.params["image_id"])
    shape = {"name": Take("text"), "tags": Take("list"), "arch": Take("text"), "public": Take("flag")}
    image.body.update(read_changes(call.body, shape))
    if call.body.get("extra_volumes") is not None:
        before = set(_snapshots_of(image)[1:])
        wanted = {index: item["id"] for index, item in call.body["extra_volumes"].items()}
        image.body["extra_volumes"] = {index: _layer(call, item, image.id) for index, item in wanted.items()}
        _unlink(call.world, image.id, before - set(wanted.values()))
    touch(call, IMAGE, image)
    return one(call, IMAGE, image)


@routes.on("DELETE", f"{V1}/images/{{image_id}}", "delete_image")
def delete_image(call: Call) -> Reply:
    image = find(call, IMAGE, call.params["image_id"])
    _unlink(call.world, image.id, set(_snapshots_of(image)))
    return gone(call, image)


def _unlink(world: World, image_id: str, snapshot_ids: set[str]) -> None:
    for snapshot_id in snapshot_ids:
        remote = world.store.get(block.SNAPSHOT.name, snapshot_id)
        if remote is not None:
            references = remote.body["references"]
            remote.body["references"] = [item for item in references if item["product_resource_id"] != image_id]
            block.available(world, remote)


def image_of_server(call: Call, server: Record, name: str) -> Record:
    """A backup: one snapshot of each volume, and an image that holds them."""
    layers: dict[str, str] = {}
    for index, item in sorted(server.hidden["volumes"].items()):
        label = f"{name}_snap_{index}"
        local = call.world.store.get(VOLUME.name, item["id"])
        if local is not None:
            local.body["state"] = "snapshotting"
            call.world.after("local_snapshot", local, _settled)
            size = local.body["size"]
            snapshot = _new_snapshot(call, name=label, size=size, tags=[], state="snapshotting", base=local)
        else:
            volume = find(call, block.VOLUME, item["id"])
            snapshot = block.new_snapshot(call, volume, label, [])
        layers[index] = snapshot.id
    root = layers.pop("0")
    call.body["project"] = server.project
    image = _new_image(call, name=name, root=root, extra=layers, arch=server.body["arch"], from_server=server.id)
    image.body["state"] = "creating"
    call.world.after("local_snapshot", image, _settled)
    return image
