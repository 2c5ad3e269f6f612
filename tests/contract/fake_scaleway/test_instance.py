"""Instances beyond power: storage, addresses, groups, user data, in both generations of the API."""

from typing import Any

import pytest

from tests.support.fake_cloud import FakeCloud

V1 = "/instance/v1/zones/fr-par-1"
V2 = "/instance/v2alpha1/zones/fr-par-1"
BLOCK = "/block/v1/zones/fr-par-1"


def _image(cloud: FakeCloud, kind: str) -> str:
    query = f"image_label=ubuntu_jammy&zone=fr-par-1&type={kind}"
    found = cloud.ask("GET", f"/marketplace/v2/local-images?{query}").body["local_images"]
    return str(next(image["id"] for image in found if image["arch"] == "x86_64"))


def _server(cloud: FakeCloud, kind: str = "instance_local", **more: Any) -> Any:
    body = {"name": "srv", "commercial_type": "DEV1-S", "image": _image(cloud, kind), "dynamic_ip_required": False}
    return cloud.make(f"{V1}/servers", {**body, **more})["server"]


def _running(cloud: FakeCloud, server: Any) -> None:
    cloud.ask("POST", f"{V1}/servers/{server['id']}/action", {"action": "poweron"})
    cloud.pass_time(30)


def _get(cloud: FakeCloud, path: str) -> Any:
    answer = cloud.ask("GET", path)
    assert answer.status == 200, answer
    return answer.body


def test_a_local_volume_is_snapshotted_and_made_into_an_image(cloud: FakeCloud) -> None:
    # Given a running server on a local volume
    server = _server(cloud)
    _running(cloud, server)
    volume = server["volumes"]["0"]["id"]

    # When its volume is snapshotted
    snapshot = cloud.make(f"{V1}/snapshots", {"name": "snap", "volume_id": volume})["snapshot"]
    busy = _get(cloud, f"{V1}/servers/{server['id']}")["server"]
    cloud.pass_time(70)

    # Then the server waits, and an image of the snapshot makes another server
    assert (snapshot["state"], busy["allowed_actions"]) == ("snapshotting", [])
    assert _get(cloud, f"{V1}/snapshots/{snapshot['id']}")["snapshot"]["state"] == "available"
    image = cloud.make(f"{V1}/images", {"name": "img", "root_volume": snapshot["id"]})["image"]
    assert cloud.ask("DELETE", f"{V1}/snapshots/{snapshot['id']}").status == 400
    body = {"name": "second", "commercial_type": "DEV1-S", "image": image["id"]}
    assert cloud.make(f"{V1}/servers", body)["server"]["image"]["name"] == "img"
    cloud.ask("PATCH", f"{V1}/images/{image['id']}", {"name": "renamed"})
    assert [i["name"] for i in _get(cloud, f"{V1}/images?public=false")["images"]] == ["renamed"]
    assert cloud.ask("DELETE", f"{V1}/images/{image['id']}").status == 204
    assert cloud.ask("DELETE", f"{V1}/snapshots/{snapshot['id']}").status == 204


def test_a_backup_of_a_block_volume_holds_on_to_its_snapshot(cloud: FakeCloud) -> None:
    server = _server(cloud, "instance_sbs")
    path = f"{V1}/servers/{server['id']}"

    result = cloud.ask("POST", f"{path}/action", {"action": "backup", "name": "b"}).body["task"]["href_result"]
    cloud.pass_time(70)
    image = _get(cloud, f"{V1}{result}")["image"]
    snapshot = f"{BLOCK}/snapshots/{image['root_volume']['id']}"

    assert image["state"] == "available"
    assert _get(cloud, snapshot)["references"][0]["product_resource_type"] == "instance_image"
    assert cloud.ask("DELETE", snapshot).status == 412
    cloud.ask("DELETE", f"{V1}{result}")
    assert cloud.ask("DELETE", snapshot).status == 204


def test_volumes_of_a_server_are_set_as_a_whole(cloud: FakeCloud) -> None:
    server = _server(cloud)
    extra = cloud.make(f"{BLOCK}/volumes", {"name": "x", "from_empty": {"size": 10**10}})["id"]
    cloud.pass_time(10)
    root = server["volumes"]["0"]["id"]

    both = {"0": {"id": root}, "1": {"id": extra, "volume_type": "sbs_volume"}}
    changed = cloud.ask("PATCH", f"{V1}/servers/{server['id']}", {"volumes": both}).body["server"]
    assert changed["volumes"]["1"]["state"] == "attaching"
    cloud.pass_time(10)
    attached = _get(cloud, f"{V1}/servers/{server['id']}")["server"]
    assert attached["volumes"]["1"]["state"] == "available"

    cloud.ask("PATCH", f"{V1}/servers/{server['id']}", {"volumes": {"0": {"id": root}}})
    assert _get(cloud, f"{BLOCK}/volumes/{extra}")["references"][0]["status"] == "detaching"


def test_a_local_volume_is_attached_to_one_server_at_a_time(cloud: FakeCloud) -> None:
    volume = cloud.make(f"{V1}/volumes", {"name": "d", "volume_type": "l_ssd", "size": 10**9})["volume"]["id"]
    first, second = _server(cloud), _server(cloud)
    path = f"{V1}/servers/{first['id']}"

    attached = cloud.make(f"{path}/attach-volume", {"volume_id": volume})["server"]
    assert attached["volumes"]["1"]["id"] == volume
    assert cloud.ask("DELETE", f"{V1}/volumes/{volume}").status == 400
    refused = cloud.ask("POST", f"{V1}/servers/{second['id']}/attach-volume", {"volume_id": volume})
    assert refused.status == 400

    cloud.make(f"{path}/detach-volume", {"volume_id": volume})
    assert cloud.ask("POST", f"{path}/detach-volume", {"volume_id": volume}).status == 400
    assert cloud.ask("DELETE", f"{V1}/volumes/{volume}").status == 204


def test_a_stopped_server_is_deleted_and_a_running_one_is_not(cloud: FakeCloud) -> None:
    server = _server(cloud)
    path = f"{V1}/servers/{server['id']}"
    _running(cloud, server)
    assert cloud.ask("DELETE", path).status == 400

    cloud.ask("POST", f"{path}/action", {"action": "stop_in_place"})
    cloud.pass_time(30)
    assert _get(cloud, path)["server"]["state"] == "stopped in place"
    cloud.ask("POST", f"{path}/action", {"action": "poweron"})
    cloud.pass_time(30)
    cloud.ask("POST", f"{path}/action", {"action": "reboot"})
    cloud.pass_time(70)
    assert _get(cloud, path)["server"]["state"] == "running"
    cloud.ask("POST", f"{path}/action", {"action": "poweroff"})
    cloud.pass_time(30)
    assert cloud.ask("DELETE", path).status == 204
    assert _get(cloud, f"{V1}/volumes/{server['volumes']['0']['id']}")["volume"]["server"] is None


def test_an_address_moves_between_servers(cloud: FakeCloud) -> None:
    ip = cloud.make(f"{V1}/ips", {"type": "routed_ipv4"})["ip"]
    server, other = _server(cloud, public_ips=[ip["id"]]), _server(cloud)
    assert server["public_ip"]["address"] == ip["address"]
    assert _get(cloud, f"{V1}/ips/{ip['address']}")["ip"]["server"]["id"] == server["id"]
    assert cloud.ask("PATCH", f"{V1}/servers/{other['id']}", {"public_ips": [ip["id"]]}).status == 400

    _running(cloud, other)
    moved = cloud.ask("PATCH", f"{V1}/ips/{ip['id']}", {"server": other["id"]}).body["ip"]
    assert moved["state"] == "pending"
    cloud.pass_time(30)
    assert _get(cloud, f"{V1}/ips/{ip['id']}")["ip"]["state"] == "attached"
    booked = _get(cloud, f"/ipam/v1/regions/fr-par/ips/{ip['id']}")
    assert (booked["resource"]["id"], booked["source"]) == (other["id"], {"zonal": "fr-par-1"})
    cloud.ask("PATCH", f"{V1}/servers/{other['id']}", {"public_ips": []})
    assert cloud.ask("DELETE", f"{V1}/ips/{ip['id']}").status == 204
    assert cloud.ask("GET", f"{V1}/ips/203.0.113.250").status == 404


def test_a_dynamic_address_lives_as_long_as_the_server_runs(cloud: FakeCloud) -> None:
    server = _server(cloud, dynamic_ip_required=True)
    _running(cloud, server)
    path = f"{V1}/servers/{server['id']}"
    assert [ip["dynamic"] for ip in _get(cloud, path)["server"]["public_ips"]] == [True]

    cloud.ask("POST", f"{path}/action", {"action": "terminate"})
    cloud.pass_time(30)

    assert _get(cloud, f"{V1}/ips")["ips"] == []


def test_a_reverse_name_must_resolve(cloud: FakeCloud) -> None:
    ip = f"{V1}/ips/{cloud.make(f'{V1}/ips', {})['ip']['id']}"
    gateway_ip = f"/vpc-gw/v2/zones/fr-par-1/ips/{cloud.make('/vpc-gw/v2/zones/fr-par-1/ips', {})['id']}"
    body = {"reverse": "host.example.org"}
    assert {cloud.ask("PATCH", path, body).status for path in (ip, gateway_ip)} == {400}

    record = {"name": "host", "type": "A", "data": "203.0.113.1", "ttl": 60}
    changes = {"changes": [{"add": {"records": [record]}}]}
    cloud.ask("PATCH", "/domain/v2beta1/dns-zones/example.org/records", changes)
    cloud.pass_time(30)

    assert {cloud.ask("PATCH", path, body).status for path in (ip, gateway_ip)} == {200}
    listed = _get(cloud, "/domain/v2beta1/dns-zones/example.org/records?type=A")
    assert [item["name"] for item in listed["records"]] == ["host"]
    assert _get(cloud, "/domain/v2beta1/dns-zones?dns_zones=example.org")["total_count"] == 1


def test_a_security_group_keeps_rules_and_shows_that_they_spread(cloud: FakeCloud) -> None:
    groups = f"{V1}/security_groups"
    closed = {"name": "closed", "inbound_default_policy": "drop", "outbound_default_policy": "drop"}
    group = cloud.make(groups, closed)["security_group"]
    path = f"{groups}/{group['id']}"
    rule = {"protocol": "TCP", "direction": "inbound", "action": "accept", "ip_range": "203.0.113.7/32"}

    rules = cloud.ask("PUT", f"{path}/rules", {"rules": [{**rule, "dest_port_from": 22}]}).body["rules"]
    assert [r["dest_port_from"] for r in rules] == [25, 465, 587, 25, 465, 587, 22]
    assert _get(cloud, path)["security_group"]["state"] == "syncing"
    cloud.pass_time(5)
    assert _get(cloud, path)["security_group"]["state"] == "available"

    own = rules[-1]
    added = cloud.make(f"{path}/rules", {**rule, "dest_port_from": 80})["rule"]
    assert own["ip_range"] == "203.0.113.7"
    changed = cloud.ask("PATCH", f"{path}/rules/{own['id']}", {"dest_port_from": 0}).body["rule"]
    assert changed["dest_port_from"] is None
    assert _get(cloud, f"{path}/rules/{added['id']}")["rule"]["dest_port_from"] == 80
    assert cloud.ask("DELETE", f"{path}/rules/{added['id']}").status == 204
    assert cloud.ask("GET", f"{path}/rules/{added['id']}").status == 404

    server = _server(cloud, security_group=group["id"])
    assert cloud.ask("DELETE", path).status == 412
    default = _server(cloud)["security_group"]
    wanted = {"security_group": {"id": default["id"]}}
    assert cloud.ask("PATCH", f"{V1}/servers/{server['id']}", wanted).status == 200
    assert cloud.ask("DELETE", path).status == 204


@pytest.mark.parametrize("wanted", ["no-uuid", "11111111-1111-4111-8111-111111111111"])
def test_a_placement_group_must_exist(cloud: FakeCloud, wanted: str) -> None:
    server = _server(cloud)

    answer = cloud.ask("PATCH", f"{V1}/servers/{server['id']}", {"placement_group": wanted})

    assert answer.status == (400 if wanted == "no-uuid" else 404)


def test_a_placement_group_is_one_in_both_generations(cloud: FakeCloud) -> None:
    group = cloud.make(f"{V2}/placement-groups", {"name": "pg", "policy_type": "low_latency"})
    server = _server(cloud, placement_group=group["id"])

    assert _get(cloud, f"{V1}/placement_groups/{group['id']}")["placement_group"]["policy_type"] == "low_latency"
    cloud.ask("PATCH", f"{V2}/placement-groups/{group['id']}", {"policy_type": "unknown_policy_type", "tags": ["t"]})
    assert _get(cloud, f"{V2}/placement-groups/{group['id']}")["tags"] == ["t"]
    members = _get(cloud, f"{V1}/placement_groups/{group['id']}/servers")["servers"]
    assert [member["id"] for member in members] == [server["id"]]
    assert cloud.ask("DELETE", f"{V2}/placement-groups/{group['id']}").status == 204
    assert _get(cloud, f"{V1}/servers/{server['id']}")["server"]["placement_group"] is None


def test_user_data_is_kept_as_it_was_sent(cloud: FakeCloud) -> None:
    path = f"{V1}/servers/{_server(cloud)['id']}/user_data"

    assert cloud.ask("PATCH", f"{path}/cloud-init", b"#cloud-config\n", **{"Content-Type": "text/plain"}).status == 204
    assert cloud.ask("GET", f"{path}/cloud-init").body == b"#cloud-config\n"
    assert _get(cloud, path) == {"user_data": ["cloud-init"]}
    assert cloud.ask("DELETE", f"{path}/cloud-init").status == 204
    assert cloud.ask("GET", f"{path}/cloud-init").status == 404


def test_an_interface_is_made_and_read_in_both_generations(cloud: FakeCloud) -> None:
    network = cloud.make("/vpc/v2/regions/fr-par/private-networks", {"name": "n"})["id"]
    booking = cloud.make("/ipam/v1/regions/fr-par/ips", {"source": {"private_network_id": network}})
    server = _server(cloud)
    body = {"server_id": server["id"], "private_network_id": network, "ip_ids": [booking["id"]]}
    nic = cloud.make(f"{V2}/private-network-interfaces", body)
    path = f"{V2}/private-network-interfaces/{nic['id']}"

    old = _get(cloud, f"{V1}/servers/{server['id']}/private_nics")["private_nics"]
    assert ([item["id"] for item in old], old[0]["ipam_ip_ids"]) == ([nic["id"]], [booking["id"]])
    assert cloud.ask("PATCH", path, {"tags": ["t"]}).body["tags"] == ["t"]
    assert cloud.ask("DELETE", f"/ipam/v1/regions/fr-par/ips/{booking['id']}").status == 412
    assert cloud.ask("DELETE", path).status == 204
    assert _get(cloud, f"/ipam/v1/regions/fr-par/ips/{booking['id']}")["resource"] is None


def test_a_file_system_is_attached_and_then_free_again(cloud: FakeCloud) -> None:
    files = "/file/v1alpha1/regions/fr-par/filesystems"
    file_system = cloud.make(files, {"name": "fs", "size": 10**11})["id"]
    server = _server(cloud)
    path, body = f"{V1}/servers/{server['id']}", {"filesystem_id": file_system}

    assert cloud.make(f"{path}/attach-filesystem", body)["server"]["filesystems"][0]["state"] == "attaching"
    cloud.pass_time(20)
    assert _get(cloud, path)["server"]["filesystems"][0]["state"] == "available"
    assert cloud.ask("DELETE", f"{files}/{file_system}").status == 412
    cloud.make(f"{path}/detach-filesystem", body)
    cloud.pass_time(20)
    assert _get(cloud, path)["server"]["filesystems"] == []
    assert cloud.ask("POST", f"{path}/detach-filesystem", body).status == 400
    assert cloud.ask("DELETE", f"{files}/{file_system}").status == 204


def test_a_snapshot_goes_to_object_storage_and_comes_back(cloud: FakeCloud) -> None:
    boto3 = pytest.importorskip("boto3")
    keys = {"aws_access_key_id": cloud.world.access_key, "aws_secret_access_key": cloud.world.secret_key}
    s3 = boto3.client("s3", endpoint_url=cloud.url, region_name="fr-par", **keys)
    s3.create_bucket(Bucket="exports")
    volume = cloud.make(f"{BLOCK}/volumes", {"name": "x", "from_empty": {"size": 10**10}})["id"]
    cloud.pass_time(10)
    snapshot = cloud.make(f"{BLOCK}/snapshots", {"volume_id": volume, "name": "s"})["id"]
    cloud.pass_time(10)
    where = {"bucket": "exports", "key": "disk.qcow2"}

    exported = cloud.make(f"{BLOCK}/snapshots/{snapshot}/export-to-object-storage", where)
    assert exported["status"] == "exporting"
    cloud.pass_time(70)

    assert _get(cloud, f"{BLOCK}/snapshots/{snapshot}")["status"] == "available"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="exports")["Contents"]] == ["disk.qcow2"]
    block = cloud.make(f"{BLOCK}/snapshots/import-from-object-storage", {**where, "name": "back"})
    local = cloud.make(f"{V1}/snapshots", {**where, "name": "local"})["snapshot"]
    assert (block["status"], local["state"]) == ("creating", "importing")
    cloud.pass_time(70)
    assert cloud.ask("POST", f"{V1}/snapshots/{local['id']}/export", {**where, "key": "k2"}).status == 202
    cloud.pass_time(90)
    restored = {"name": "y", "from_snapshot": {"snapshot_id": block["id"]}}
    assert cloud.make(f"{BLOCK}/volumes", restored)["parent_snapshot_id"] == block["id"]
    missing = {**where, "key": "absent", "name": "n"}
    assert cloud.ask("POST", f"{BLOCK}/snapshots/import-from-object-storage", missing).status == 400


def test_a_volume_grows_and_never_shrinks(cloud: FakeCloud) -> None:
    path = f"{BLOCK}/volumes/{cloud.make(f'{BLOCK}/volumes', {'from_empty': {'size': 10**10}})['id']}"
    cloud.pass_time(10)

    growing = cloud.ask("PATCH", path, {"size": 2 * 10**10, "perf_iops": 15000}).body
    assert (growing["status"], growing["size"]) == ("updating", 10**10)
    cloud.pass_time(10)
    grown = _get(cloud, path)
    assert (grown["size"], grown["type"]) == (2 * 10**10, "sbs_15k")
    assert cloud.ask("PATCH", path, {"size": 10**10}).status == 400
    assert "kms_key_id" not in _get(cloud, path.replace("/v1/", "/v1alpha1/"))


def test_the_catalogue_tells_prices_and_images(cloud: FakeCloud) -> None:
    types = _get(cloud, f"{V1}/products/servers")["servers"]
    images = _get(cloud, "/marketplace/v2/images?page_size=100")["images"]

    assert types["DEV1-S"]["hourly_price"] == 0.009
    assert types["L4-1-24G"]["gpu_info"]["gpu_name"] == "L4"
    assert "H100-1-80G" not in types
    assert "l_ssd" in _get(cloud, f"{V1}/products/volumes")["volumes"]
    assert _get(cloud, f"/marketplace/v2/images/{images[0]['id']}")["label"] == images[0]["label"]
    local = _image(cloud, "instance_sbs")
    assert "DEV1-S" in _get(cloud, f"/marketplace/v2/local-images/{local}")["compatible_commercial_types"]
    assert cloud.ask("GET", "/marketplace/v2/local-images?image_label=beos").body["resource"] == "MarketplaceImage"


def test_the_audit_trail_tells_what_was_done_to_a_server(cloud: FakeCloud) -> None:
    server = _server(cloud)
    _running(cloud, server)

    query = f"resource_id={server['id']}&method_name=ServerAction&resource_type=instance_server"
    events = _get(cloud, f"/audit-trail/v1alpha1/regions/fr-par/events?{query}")["events"]

    assert [(event["request_body"], event["status_code"]) for event in events] == [({"action": "poweron"}, 202)]


def test_a_template_makes_servers_with_its_addresses_and_user_data(cloud: FakeCloud) -> None:
    templates = "/instance/v2alpha1/zones/fr-par-1/templates"
    volume = {"volume_type": "l_ssd", "name": "root", "size": 20_000_000_000, "image_label": "ubuntu_jammy"}
    made = cloud.make(templates, {"name": "t", "server_type": "DEV1-L", "volumes": [volume], "public_ip_v4_count": 1})
    path = f"{templates}/{made['id']}"
    assert made["volumes"] == [{**volume, "tags": []}]
    assert (made["tags"], made["public_ip_v6_count"]) == ([], 0)

    assert cloud.ask("PUT", f"{path}/user-data/cloud-init", {"content": "#cloud-config"}).status == 204
    assert cloud.ask("GET", f"{path}/user-data/cloud-init").body == {"key": "cloud-init", "content": "#cloud-config"}
    assert cloud.ask("GET", f"{path}/user-data").body == {"keys": ["cloud-init"], "total_count": 1}
    assert cloud.ask("GET", f"{path}/check").status == 204
    server = cloud.make(f"{path}/create-server", {"name": "s"})

    assert (server["name"], server["status"], server["server_type"]) == ("s", "stopped", "DEV1-L")
    assert [one["status"] for one in server["public_network_interface"]["ips"]] == ["attached"]
    v1 = f"/instance/v1/zones/fr-par-1/servers/{server['id']}"
    assert cloud.ask("GET", v1).body["server"]["image"]["name"].startswith("Ubuntu 22.04")
    assert cloud.ask("GET", f"{v1}/user_data/cloud-init").body == b"#cloud-config"


def test_a_template_is_changed_and_goes(cloud: FakeCloud) -> None:
    templates = "/instance/v2alpha1/zones/fr-par-1/templates"
    made = cloud.make(templates, {"name": "t", "server_type": "DEV1-M"})
    path = f"{templates}/{made['id']}"
    cloud.ask("PUT", f"{path}/user-data/a", {"content": "1"})

    changes = {"tags": ["new"], "server_type": "DEV1-L", "update_volumes": {"volumes": None}, "public_ip_v6_count": 1}
    changed = cloud.ask("PATCH", path, changes).body

    assert (changed["tags"], changed["server_type"], changed["volumes"]) == (["new"], "DEV1-L", [])
    assert cloud.ask("PATCH", path, {"server_type": "NONE"}).status == 400
    assert cloud.ask("DELETE", f"{path}/user-data/a").status == 204
    assert cloud.ask("GET", f"{path}/user-data/a").status == 404
    assert cloud.ask("DELETE", path).status == 204
    assert cloud.ask("GET", path).status == 404


def test_a_server_that_was_stopped_soon_after_its_start_stays_stopped(cloud: FakeCloud) -> None:
    server = _server(cloud)
    _running(cloud, server)
    cloud.ask("POST", f"{V1}/servers/{server['id']}/action", {"action": "poweroff"})

    cloud.pass_time(600)

    assert _get(cloud, f"{V1}/servers/{server['id']}")["server"]["state"] == "stopped"


def test_a_server_of_nothing_is_refused_with_all_that_is_missing(cloud: FakeCloud) -> None:
    refused = cloud.ask("POST", f"{V1}/servers", {"name": "srv"})

    assert refused.status == 400
    assert [one["argument_name"] for one in refused.body["details"]] == ["commercial_type", "image", "volumes"]
