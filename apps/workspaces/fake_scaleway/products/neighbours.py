"""Products beside the workspace's own that real accounts use with them: file systems, DNS records, audit trail."""

import json
import uuid
from typing import Any

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import stamp
from apps.workspaces.fake_scaleway.kinds import Kind, find, gone, make, one
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
files = Routes("file")
domains = Routes("domain")
audit = Routes("audit")

# ---- file systems -------------------------------------------------------------------------------------------------

FILE_SYSTEM = Kind(
    "file_system",
    "file",
    "filesystem",
    "filesystems",
    changes={"name": Take("text"), "size": Take("number"), "tags": Take("list")},
)
FILE_PATH = "/file/v1alpha1/regions/{region}/filesystems"
files.standard(FILE_SYSTEM, FILE_PATH, "filesystem_id", "LRU")


@files.on("POST", FILE_PATH, "create_file_system")
def create_file_system(call: Call) -> Reply:
    shape = {"name": Take("text", "filesystem"), "size": Take("number", required=True), "tags": Take("list", [])}
    values = read(call.body, shape)
    body = {
        **values,
        "status": "creating",
        "project_id": call.project(),
        "organization_id": call.principal.organization,
        "number_of_attachments": 0,
        "region": call.region,
        "filesystem_type_id": "",
    }
    record = make(call, FILE_SYSTEM, body)
    call.world.after("file_system.creating", record, _available)
    return one(call, FILE_SYSTEM, record)


def _available(world: World, record: Record) -> None:
    record.body.update(status="available", updated_at=world.now_text())


@files.on("DELETE", f"{FILE_PATH}/{{filesystem_id}}", "delete_file_system")
def delete_file_system(call: Call) -> Reply:
    record = find(call, FILE_SYSTEM, call.params["filesystem_id"])
    if record.body["number_of_attachments"]:
        raise errors.precondition_failed("resource_still_in_use", "the file system is attached")
    return gone(call, record)


# ---- DNS ----------------------------------------------------------------------------------------------------------

ZONES = "/domain/v2beta1/dns-zones"


def _zone(call: Call, name: str) -> Record:
    """The DNS zone of this name, made when it is first written to."""
    for record in call.world.store.all("dns_zone"):
        if record.body["zone"] == name:
            return record
    kind = Kind("dns_zone", "domain", "dns_zone", "dns_zones")
    return make(call, kind, {"zone": name}, records=[], names=set())


@domains.on("GET", ZONES, "list_dns_zones")
def list_zones(call: Call) -> Reply:
    wanted = call.asked("dns_zones")
    zones = [r for r in call.world.store.all("dns_zone") if wanted in (None, r.body["zone"])]
    return page_with_total(call, "dns_zones", [_zone_view(record) for record in zones])


def _zone_view(record: Record) -> dict[str, JSON]:
    subdomain, _, domain = record.body["zone"].partition(".")
    servers = ["ns0.dom.scw.cloud", "ns1.dom.scw.cloud"]
    return {
        "domain": domain,
        "subdomain": subdomain,
        "ns": servers,
        "ns_default": servers,
        "ns_master": [],
        "status": "pending",
        "message": None,
        "updated_at": record.body["updated_at"],
        "project_id": record.project,
        "linked_products": [],
    }


@domains.on("GET", f"{ZONES}/{{zone_name}}/records", "list_dns_zone_records")
def list_records(call: Call) -> Reply:
    records = _zone(call, call.params["zone_name"]).hidden["records"]
    wanted, kind = call.asked("id"), call.asked("type")
    kept = [r for r in records if wanted in (None, r["id"]) and (kind in (None, "unknown", r["type"]))]
    return page_with_total(call, "records", kept)


@domains.on("PATCH", f"{ZONES}/{{zone_name}}/records", "update_dns_zone_records")
def update_records(call: Call) -> Reply:
    zone = _zone(call, call.params["zone_name"])
    added: list[dict[str, JSON]] = []
    for change in read(call.body, {"changes": Take("list", required=True)})["changes"]:
        for asked in (change.get("add") or {}).get("records", []):
            added.append({**asked, "id": call.world.new_id(), "updated_at": call.world.now_text()})
        removed = (change.get("delete") or {}).get("id")
        zone.hidden["records"] = [r for r in zone.hidden["records"] if r["id"] != removed]
    zone.hidden["records"] += added
    call.world.after("domain.spreading", zone, _spread)
    return Reply(200, {"records": added})


def _spread(world: World, zone: Record) -> None:
    """Names resolve a while after their record was written."""
    base = zone.body["zone"]
    zone.hidden["names"] = {".".join(filter(None, [r["name"], base])) for r in zone.hidden["records"]}


# ---- audit trail --------------------------------------------------------------------------------------------------


@audit.on("GET", "/audit-trail/v1alpha1/regions/{region}/events", "list_events")
def list_events(call: Call) -> Reply:
    """What the ledger knows of one resource, newest first, as the audit trail tells it."""
    wanted = call.asked("resource_id")
    method = call.asked("method_name")
    events = [
        _event(call, row)
        for row in call.world.ledger.latest(500)
        if wanted and wanted in row["path"] and row["method"] != "GET" and method in (None, _method_name(row))
    ]
    return Reply(200, {"events": events})


def _method_name(row: dict[str, JSON]) -> str:
    return "".join(word.title() for word in row["operation"].partition(".")[2].split("_"))


def _event(call: Call, row: dict[str, JSON]) -> dict[str, JSON]:
    resource_id = call.asked("resource_id") or ""
    server = call.world.store.get("server", resource_id)
    moment = stamp(row["moment"])
    return {
        "id": str(uuid.UUID(int=row["id"], version=4)),
        "recorded_at": moment,
        "locality": server.place if server else call.place,
        "principal": {"id": row["principal"]},
        "organization_id": call.principal.organization,
        "project_id": server.project if server else call.principal.default_project,
        "source_ip": "203.0.113.10",
        "user_agent": "",
        "product_name": row["operation"].partition(".")[0],
        "service_name": f"scaleway.{row['operation'].partition('.')[0]}.v1.Api",
        "method_name": _method_name(row),
        "request_id": str(uuid.UUID(int=row["id"] + (1 << 40), version=4)),
        "request_body": json.loads(row["request"]) if row["request"] else {},
        "status_code": row["status"],
        "resources": [
            {
                "id": resource_id,
                "type": call.asked("resource_type") or "unknown_type",
                "created_at": moment,
                "updated_at": None,
                "deleted_at": None,
                "name": server.body["name"] if server else None,
            }
        ],
    }
