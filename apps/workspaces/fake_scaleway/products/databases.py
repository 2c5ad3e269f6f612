"""Managed databases: the few operations that show them as users of addresses."""

from typing import Any

from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.kinds import Kind, find, make, one
from apps.workspaces.fake_scaleway.paging import page_with_total
from apps.workspaces.fake_scaleway.products.ipam import book_in_network
from apps.workspaces.fake_scaleway.products.vpc import NETWORK
from apps.workspaces.fake_scaleway.products.vpcgw import mac_address
from apps.workspaces.fake_scaleway.routing import Routes
from apps.workspaces.fake_scaleway.shapes import Take, read
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
routes = Routes("rdb")
BASE = "/rdb/v1/regions/{region}"
PORTS = {"PostgreSQL": 5432, "MySQL": 3306}


def _view(call: Call, record: Record) -> dict[str, JSON]:
    return {name: value for name, value in record.body.items() if name != "updated_at"}


INSTANCE = Kind("rdb_instance", "rdb", "instance", "instances", view=_view)
routes.standard(INSTANCE, f"{BASE}/instances", "instance_id", "LR")


SETTING_LIMITS: dict[str, dict[str, JSON]] = {
    "INT": {"int_min": 0, "int_max": 1},
    "FLOAT": {"float_min": 0.0, "float_max": 1.0},
    "STRING": {"string_constraint": "^.*$"},
    "BOOLEAN": {},
}


def _setting(name: str, kind: str) -> dict[str, JSON]:
    limits = ("float_max", "float_min", "int_max", "int_min", "string_constraint")
    return {
        "default_value": "0",
        "description": name,
        "hot_configurable": False,
        "name": name,
        "property_type": kind,
        "unit": None,
        **dict.fromkeys(limits),
        **SETTING_LIMITS[kind],
    }


@routes.on("GET", f"{BASE}/database-engines", "list_database_engines")
def list_engines(call: Call) -> Reply:
    engines = [
        {
            "logo_url": f"https://s3.nl-ams.scw.cloud/scw-rdb-logos/{name.lower()}.svg",
            "name": name,
            "region": call.region,
            "versions": [
                {
                    "available_init_settings": [_setting("lower_case_table_names", "INT")] if name == "MySQL" else [],
                    "available_settings": [_setting(f"{kind.lower()}_setting", kind) for kind in SETTING_LIMITS],
                    "beta": False,
                    "disabled": False,
                    "end_of_life": "2028-11-09T00:00:00Z",
                    "name": f"{name}-{version}",
                    "version": version,
                }
            ],
        }
        for name, version in (("MySQL", "8"), ("PostgreSQL", "16"))
    ]
    return page_with_total(call, "engines", engines)


@routes.on("POST", f"{BASE}/instances", "create_instance")
def create_instance(call: Call) -> Reply:
    shape = {
        "name": Take("text", "database"),
        "engine": Take("text", required=True),
        "node_type": Take("text", required=True),
        "is_ha_cluster": Take("flag", False),
        "disable_backup": Take("flag", False),
        "backup_same_region": Take("flag", False),
        "tags": Take("list", []),
        "volume_type": Take("text", "sbs_5k"),
        "volume_size": Take("number", 10_000_000_000),
        "init_endpoints": Take("list", []),
    }
    values = read(call.body, shape)
    backup = {"disabled": values["disable_backup"], "frequency": 24, "next_run_at": None, "retention": 7}
    body = {
        **{
            name: values[name]
            for name in ("name", "engine", "node_type", "is_ha_cluster", "tags", "backup_same_region")
        },
        "backup_schedule": backup,
        "encryption": {"enabled": False},
        "endpoint": None,
        "endpoints": [],
        "init_settings": [],
        "logs_policy": {"max_age_retention": 30, "total_disk_retention": None},
        "maintenances": [],
        "organization_id": call.principal.organization,
        "project_id": call.project(),
        "read_replicas": [],
        "region": call.region,
        "settings": [],
        "status": "provisioning",
        "upgradable_version": [],
        "volume": {"class": "sbs", "size": values["volume_size"], "type": values["volume_type"]},
    }
    record = make(call, INSTANCE, body)
    record.body["endpoints"] = [_endpoint(call, record, asked) for asked in values["init_endpoints"]]
    call.world.after("rdb.creating", record, _ready)
    return one(call, INSTANCE, record)


def _endpoint(call: Call, database: Record, asked: dict[str, JSON]) -> dict[str, JSON]:
    network = find(call, NETWORK, (asked.get("private_network") or {}).get("private_network_id") or "")
    resource = {
        "type": "rdb_instance",
        "id": database.id,
        "mac_address": mac_address(call),
        "name": database.body["name"],
    }
    booked = book_in_network(call, network, resource=resource)
    booked.body["tags"] = ["managed", "scwdbaas"]
    return {
        "id": call.world.new_id(),
        "ip": booked.body["address"].partition("/")[0],
        "name": None,
        "port": PORTS.get(database.body["engine"].partition("-")[0], 5432),
        "private_network": {
            "private_network_id": network.id,
            "provisioning_mode": "ipam",
            "service_ip": booked.body["address"],
            "zone": f"{call.region}-1",
        },
    }


def _ready(world: World, record: Record) -> None:
    record.body.update(status="ready", settings=[{"name": "max_connections", "value": "100"}])


@routes.on("GET", f"{BASE}/instances/{{instance_id}}/certificate", "get_instance_certificate")
def certificate(call: Call) -> Reply:
    find(call, INSTANCE, call.params["instance_id"])
    body = {"content": "LS0t", "content_type": "application/x-pem-file", "name": "ssl_certificate"}
    return Reply(200, body)


@routes.on("DELETE", f"{BASE}/instances/{{instance_id}}", "delete_instance")
def delete_instance(call: Call) -> Reply:
    record = find(call, INSTANCE, call.params["instance_id"])
    record.body["status"] = "deleting"
    call.world.after("rdb.deleting", record, _removed)
    return one(call, INSTANCE, record)


def _removed(world: World, record: Record) -> None:
    for ip in world.store.all("ipam_ip"):
        if (ip.body["resource"] or {}).get("id") == record.id:
            world.store.remove(ip)
    world.store.remove(record)
