"""Marketplace: images by label, and the zone's own copy of each that a server is made from."""

from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.paging import in_order, page_with_total
from apps.workspaces.fake_scaleway.products.catalog import NAMED, OFFERED, machine_named
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
routes = Routes("marketplace")
BASE = "/marketplace/v2"


def _image(record: Record) -> dict[str, JSON]:
    return {
        "id": record.id,
        "name": record.body["name"],
        "label": record.body["label"],
        "description": f"{record.body['name']}, ready to start.",
        "logo": f"https://marketplace-logos.s3.nl-ams.scw.cloud/{record.body['label'].partition('_')[0]}.png",
        "categories": ["distribution"],
        "valid_until": None,
        "created_at": record.body["created_at"],
        "updated_at": record.body["updated_at"],
    }


def _local(record: Record) -> dict[str, JSON]:
    body = record.body
    fits = [name for name in (*NAMED, *OFFERED) if (m := machine_named(name)) and m.arch == body["arch"]]
    block = body["root_volume"]["volume_type"] == "sbs_snapshot"
    return {
        "id": record.id,
        "arch": body["arch"],
        "zone": record.place,
        "compatible_commercial_types": fits,
        "label": body["label"],
        "type": "instance_sbs" if block else "instance_local",
    }


def _public(call: Call) -> list[Record]:
    return [record for record in call.world.store.all("image") if record.hidden.get("public")]


def local_image(call: Call, label: str, *, block: bool = True) -> str:
    """The zone's copy of an image, made for volumes of the block storage or for local ones. Raises 404."""
    found = [record for record in _public(call) if record.body["label"] == label and record.place == call.place]
    wanted = [one for one in found if (_local(one)["type"] == "instance_sbs") == block] or found
    if not wanted:
        raise errors.not_found("MarketplaceImage", label)
    return wanted[0].id


@routes.on("GET", f"{BASE}/images", "list_images")
def list_images(call: Call) -> Reply:
    images = [_image(record) for record in call.world.store.all("marketplace_image")]
    return page_with_total(call, "images", in_order(images, call.asked("order_by")))


@routes.on("GET", f"{BASE}/images/{{image_id}}", "get_image")
def get_image(call: Call) -> Reply:
    record = call.world.store.get("marketplace_image", call.params["image_id"])
    if record is None:
        raise errors.not_found("MarketplaceImage", call.params["image_id"])
    return Reply(200, _image(record))


@routes.on("GET", f"{BASE}/local-images", "list_local_images")
def list_local_images(call: Call) -> Reply:
    label, image_id = call.asked("image_label"), call.asked("image_id")
    if image_id:
        named = call.world.store.get("marketplace_image", image_id)
        label = named.body["label"] if named else None
    found = [_local(record) for record in _public(call) if record.body["label"] == label]
    if not found:
        raise errors.not_found("MarketplaceImage", label or image_id or "")
    zone, kind = call.asked("zone"), call.asked("type")
    kept = [item for item in found if zone in (None, item["zone"]) and (kind in (None, "unknown_type", item["type"]))]
    return page_with_total(call, "local_images", kept)


@routes.on("GET", f"{BASE}/local-images/{{local_image_id}}", "get_local_image")
def get_local_image(call: Call) -> Reply:
    for record in _public(call):
        if record.id == call.params["local_image_id"]:
            return Reply(200, _local(record))
    raise errors.not_found("LocalImage", call.params["local_image_id"])
