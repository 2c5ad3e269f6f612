"""States, delays, conflicts, deletions: how resources live and depend on each other."""

import base64

import pytest

from tests.support.fake_cloud import FakeCloud

BLOCK = "/block/v1/zones/fr-par-1"
INSTANCE = "/instance/v1/zones/fr-par-1"
KEYS = "/key-manager/v1alpha1/regions/fr-par/keys"
SECRETS = "/secret-manager/v1beta1/regions/fr-par/secrets"
VPC = "/vpc/v2/regions/fr-par"
GATEWAY = "/vpc-gw/v2/zones/fr-par-1"


def _image(cloud: FakeCloud) -> str:
    query = "image_label=ubuntu_jammy&zone=fr-par-1&type=instance_sbs"
    found = cloud.ask("GET", f"/marketplace/v2/local-images?{query}").body["local_images"]
    return str(next(image["id"] for image in found if image["arch"] == "x86_64"))


def _server(cloud: FakeCloud, **more: object) -> dict[str, object]:
    body = {"name": "srv", "commercial_type": "DEV1-S", "image": _image(cloud), "dynamic_ip_required": False, **more}
    return dict(cloud.make(f"{INSTANCE}/servers", body)["server"])


def _state(cloud: FakeCloud, path: str, wrapper: str = "") -> str:
    body = cloud.ask("GET", path).body
    inner = body[wrapper] if wrapper else body
    return str(inner.get("state") or inner.get("status"))


def test_a_volume_becomes_available_after_a_while(cloud: FakeCloud) -> None:
    volume = cloud.make(f"{BLOCK}/volumes", {"name": "v", "from_empty": {"size": 10**10}})
    path = f"{BLOCK}/volumes/{volume['id']}"
    assert (volume["status"], _state(cloud, path)) == ("creating", "creating")

    cloud.pass_time(5)

    assert _state(cloud, path) == "available"


def test_a_busy_volume_refuses_what_would_disturb_it(cloud: FakeCloud) -> None:
    volume = cloud.make(f"{BLOCK}/volumes", {"name": "v", "from_empty": {"size": 10**10}})

    answer = cloud.ask("DELETE", f"{BLOCK}/volumes/{volume['id']}")

    assert answer.status == 409
    assert (answer.body["type"], answer.body["current_state"]) == ("transient_state", "creating")


def test_a_server_starts_runs_and_leaves_its_block_volume_behind(cloud: FakeCloud) -> None:
    # Given a stopped server with a block volume
    server = _server(cloud)
    path = f"{INSTANCE}/servers/{server['id']}"
    volume = f"{BLOCK}/volumes/{server['volumes']['0']['id']}"  # type: ignore[index]
    assert server["allowed_actions"] == ["poweron", "backup"]

    # When it is started and time passes
    assert cloud.ask("POST", f"{path}/action", {"action": "poweron"}).status == 202
    assert _state(cloud, path, "server") == "starting"
    cloud.pass_time(20)
    assert _state(cloud, path, "server") == "running"

    # Then its volume is in use, and free again once the server is terminated
    assert _state(cloud, volume) == "in_use"
    assert cloud.ask("DELETE", volume).status == 412
    cloud.ask("POST", f"{path}/action", {"action": "terminate"})
    assert _state(cloud, path, "server") == "stopping"
    cloud.pass_time(10)
    assert cloud.ask("GET", path).status == 404
    assert _state(cloud, volume) == "available"


def test_a_detached_volume_takes_its_time(cloud: FakeCloud) -> None:
    server = _server(cloud)
    volume_id = server["volumes"]["0"]["id"]  # type: ignore[index]
    cloud.ask("POST", f"{INSTANCE}/servers/{server['id']}/detach-volume", {"volume_id": volume_id})

    volume = cloud.ask("GET", f"{BLOCK}/volumes/{volume_id}").body
    assert (volume["status"], volume["references"][0]["status"]) == ("in_use", "detaching")
    cloud.pass_time(30)

    after = cloud.ask("GET", f"{BLOCK}/volumes/{volume_id}").body
    assert (after["status"], after["references"]) == ("available", [])
    assert after["last_detached_at"]


def test_an_action_that_does_not_fit_the_state_is_refused(cloud: FakeCloud) -> None:
    server = _server(cloud)

    answer = cloud.ask("POST", f"{INSTANCE}/servers/{server['id']}/action", {"action": "reboot"})

    assert (answer.status, answer.body["type"]) == (400, "invalid_arguments")


def test_no_machine_left_is_out_of_stock_until_one_comes_back(cloud: FakeCloud) -> None:
    cloud.world.limits.stock["DEV1-S"] = 1
    first, second = (f"{INSTANCE}/servers/{_server(cloud)['id']}" for _ in range(2))
    cloud.ask("POST", f"{first}/action", {"action": "poweron"})
    cloud.pass_time(20)

    refused = cloud.ask("POST", f"{second}/action", {"action": "poweron"})
    words = cloud.ask("GET", f"{INSTANCE}/products/servers/availability").body["servers"]
    assert (refused.body["type"], words["DEV1-S"]["availability"]) == ("out_of_stock", "shortage")

    cloud.ask("POST", f"{first}/action", {"action": "poweroff"})
    cloud.pass_time(30)
    assert cloud.ask("POST", f"{second}/action", {"action": "poweron"}).status == 202


def test_the_image_of_the_marketplace_starts_from_somebody_elses_snapshot(cloud: FakeCloud) -> None:
    volume_id = _server(cloud)["volumes"]["0"]["id"]  # type: ignore[index]
    parent = cloud.ask("GET", f"{BLOCK}/volumes/{volume_id}").body["parent_snapshot_id"]

    answer = cloud.ask("GET", f"{BLOCK}/snapshots/{parent}")

    assert (answer.status, answer.body["details"]) == (403, [{"action": "read", "resource": "snapshot"}])


def test_a_private_network_in_use_is_kept(cloud: FakeCloud) -> None:
    vpc = cloud.make(f"{VPC}/vpcs", {"name": "v"})["id"]
    network = cloud.make(f"{VPC}/private-networks", {"name": "n", "vpc_id": vpc})
    server = _server(cloud)
    nic = cloud.make(f"{INSTANCE}/servers/{server['id']}/private_nics", {"private_network_id": network["id"]})
    path = f"{VPC}/private-networks/{network['id']}"

    assert cloud.ask("DELETE", path).status == 412
    assert cloud.ask("DELETE", f"{VPC}/vpcs/{vpc}").status == 412
    cloud.ask("DELETE", f"{INSTANCE}/servers/{server['id']}/private_nics/{nic['private_nic']['id']}")
    assert cloud.ask("DELETE", path).status == 204
    assert cloud.ask("DELETE", f"{VPC}/vpcs/{vpc}").status == 204


def test_an_interface_gets_addresses_that_ipam_knows(cloud: FakeCloud) -> None:
    network = cloud.make(f"{VPC}/private-networks", {"name": "n", "subnets": ["10.1.0.0/24"]})["id"]
    server = _server(cloud)
    cloud.make(f"{INSTANCE}/servers/{server['id']}/private_nics", {"private_network_id": network})

    ips = cloud.ask("GET", f"/ipam/v1/regions/fr-par/ips?private_network_id={network}").body["ips"]

    assert [ip["address"] for ip in ips if not ip["is_ipv6"]] == ["10.1.0.2/24"]
    assert {ip["resource"]["type"] for ip in ips} == {"instance_private_nic"}


def test_an_overlapping_subnet_is_refused(cloud: FakeCloud) -> None:
    vpc = cloud.make(f"{VPC}/vpcs", {"name": "v"})["id"]
    cloud.make(f"{VPC}/private-networks", {"vpc_id": vpc, "subnets": ["10.1.0.0/24"]})

    answer = cloud.ask("POST", f"{VPC}/private-networks", {"vpc_id": vpc, "subnets": ["10.1.0.128/25"]})

    assert (answer.status, answer.body["details"][0]["argument_name"]) == (400, "subnets")


def test_a_gateway_that_is_not_running_takes_no_network(cloud: FakeCloud) -> None:
    network = cloud.make(f"{VPC}/private-networks", {"name": "n"})["id"]
    gateway = cloud.make(f"{GATEWAY}/gateways", {"name": "g"})["id"]
    body = {"gateway_id": gateway, "private_network_id": network}

    early = cloud.ask("POST", f"{GATEWAY}/gateway-networks", body)
    cloud.pass_time(60)
    cloud.ask("GET", f"{GATEWAY}/gateways")
    cloud.pass_time(60)

    assert (early.status, early.body["current_state"]) == (409, "allocating")
    assert cloud.ask("POST", f"{GATEWAY}/gateway-networks", body).status == 200


def test_a_gateway_uses_the_address_it_is_given_and_frees_it(cloud: FakeCloud) -> None:
    # Given a running gateway, a network and an address booked in it
    network = cloud.make(f"{VPC}/private-networks", {"name": "n"})["id"]
    booked = cloud.make("/ipam/v1/regions/fr-par/ips", {"source": {"private_network_id": network}})["id"]
    gateway = cloud.make(f"{GATEWAY}/gateways", {"name": "g"})["id"]
    for _ in range(2):
        cloud.pass_time(30)
        cloud.ask("GET", f"{GATEWAY}/gateways")

    # When the gateway serves the network with it
    body = {"gateway_id": gateway, "private_network_id": network, "ipam_ip_id": booked, "push_default_route": True}
    link = f"{GATEWAY}/gateway-networks/{cloud.make(f'{GATEWAY}/gateway-networks', body)['id']}"
    cloud.pass_time(30)

    # Then the address is the gateway's, and everybody's again once it is detached
    address = f"/ipam/v1/regions/fr-par/ips/{booked}"
    routes = cloud.ask("GET", f"{VPC}/routes-with-nexthop?nexthop_private_network_id={network}").body["routes"]
    assert _state(cloud, link) == "ready"
    assert cloud.ask("GET", address).body["resource"]["type"] == "vpc_gateway_network"
    assert "0.0.0.0/0" in {entry["route"]["destination"] for entry in routes}
    assert cloud.ask("DELETE", f"{GATEWAY}/gateways/{gateway}").status == 412
    assert cloud.ask("DELETE", link).body["status"] == "detaching"
    cloud.pass_time(30)
    assert cloud.ask("GET", link).status == 404
    assert cloud.ask("GET", address).body["resource"] is None
    assert cloud.ask("DELETE", f"{GATEWAY}/gateways/{gateway}?delete_ip=true").body["status"] == "deleting"
    cloud.pass_time(30)
    assert cloud.ask("GET", f"{GATEWAY}/ips").body["total_count"] == 0


def test_a_deleted_key_still_answers_and_is_restored(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"name": "k", "usage": {"symmetric_encryption": "aes_256_gcm"}, "unprotected": True})
    path = f"{KEYS}/{key['id']}"

    assert cloud.ask("DELETE", path).status == 204
    assert _state(cloud, path) == "scheduled_for_deletion"
    assert cloud.ask("POST", f"{path}/encrypt", {"plaintext": "aGk="}).status == 412
    cloud.make(f"{path}/restore", {})
    assert _state(cloud, path) == "enabled"


def test_a_key_is_gone_when_its_grace_has_passed(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"name": "k", "usage": {"symmetric_encryption": "aes_256_gcm"}, "unprotected": True})
    cloud.ask("DELETE", f"{KEYS}/{key['id']}")

    cloud.pass_time(8 * 86400)

    assert cloud.ask("GET", f"{KEYS}/{key['id']}").status == 404


def test_shredded_material_makes_data_keys_unreadable(cloud: FakeCloud) -> None:
    # Given an external key with material, and a wrapped data key
    body = {"usage": {"symmetric_encryption": "aes_256_gcm"}, "unprotected": True, "origin": "external"}
    path = f"{KEYS}/{cloud.make(KEYS, body)['id']}"
    material = {"key_material": base64.b64encode(bytes(32)).decode()}
    cloud.make(f"{path}/import-key-material", material)
    wrapped = cloud.make(f"{path}/generate-data-key", {})["ciphertext"]
    assert cloud.ask("POST", f"{path}/decrypt", {"ciphertext": wrapped}).status == 200

    # When the material is deleted, then even new material does not open it
    assert cloud.ask("POST", f"{path}/delete-key-material", {}).status == 204
    assert _state(cloud, path) == "pending_key_material"
    cloud.make(f"{path}/import-key-material", {"key_material": base64.b64encode(b"1" * 32).decode()})
    answer = cloud.ask("POST", f"{path}/decrypt", {"ciphertext": wrapped})
    assert (answer.status, answer.body["details"][0]["argument_name"]) == (400, "ciphertext")


def test_an_older_rotation_still_opens_what_it_sealed(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"usage": {"symmetric_encryption": "aes_256_gcm"}, "unprotected": True})
    path = f"{KEYS}/{key['id']}"
    sealed = cloud.make(f"{path}/encrypt", {"plaintext": "aGk="})["ciphertext"]

    rotated = cloud.make(f"{path}/rotate", {})

    assert rotated["rotation_count"] == 2
    assert cloud.make(f"{path}/decrypt", {"ciphertext": sealed})["plaintext"] == "aGk="


def test_protected_things_are_not_deleted(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"usage": {"symmetric_encryption": "aes_256_gcm"}})
    secret = cloud.make(SECRETS, {"name": "s", "protected": True})

    for path in (f"{KEYS}/{key['id']}", f"{SECRETS}/{secret['id']}"):
        answer = cloud.ask("DELETE", path)
        assert (answer.status, answer.body["precondition"]) == (412, "protected_resource")


def test_a_deleted_secret_and_its_versions_still_answer(cloud: FakeCloud) -> None:
    path = f"{SECRETS}/{cloud.make(SECRETS, {'name': 's'})['id']}"
    cloud.make(f"{path}/versions", {"data": "aGk="})

    assert cloud.ask("DELETE", f"{path}/versions/1").status == 204
    assert cloud.ask("GET", f"{path}/versions/1").body["status"] == "scheduled_for_deletion"
    assert cloud.ask("GET", f"{path}/versions/1/access").status == 412
    assert cloud.ask("DELETE", path).status == 204
    assert cloud.ask("GET", path).body["deletion_requested_at"]


@pytest.mark.parametrize(
    ("path", "body", "argument", "reason"),
    [
        ("/iam/v1alpha1/ssh-keys", {"public_key": "ssh-ed25519 AAAA", "project_id": ""}, "project_id", "format"),
        (f"{INSTANCE}/servers", {"name": "s"}, "commercial_type", "required"),
        (
            f"{INSTANCE}/servers",
            {"commercial_type": "NO-SUCH", "volumes": {"0": {}}},
            "commercial_type",
            "constraint",
        ),
        (KEYS, {"usage": {"symmetric_encryption": "rot13"}}, "usage", "constraint"),
        (f"{BLOCK}/volumes", {"from_empty": {"size": 5}}, "size", "constraint"),
        (f"{VPC}/private-networks", {"subnets": ["everywhere"]}, "subnets", "format"),
    ],
)
def test_what_does_not_fit_is_named(
    cloud: FakeCloud, path: str, body: dict[str, object], argument: str, reason: str
) -> None:
    answer = cloud.ask("POST", path, body)

    assert (answer.status, answer.body["type"]) == (400, "invalid_arguments")
    assert (answer.body["details"][0]["argument_name"], answer.body["details"][0]["reason"]) == (argument, reason)


def test_reads_lag_behind_writes_when_asked_to(cloud: FakeCloud) -> None:
    cloud.world.lag = 3
    path = f"{VPC}/vpcs/{cloud.make(f'{VPC}/vpcs', {'name': 'v'})['id']}"

    assert cloud.ask("GET", path).status == 404
    cloud.pass_time(4)
    assert cloud.ask("GET", path).status == 200


def test_each_generation_of_lists_pages_in_its_own_way(cloud: FakeCloud) -> None:
    for number in range(5):
        cloud.make(f"{VPC}/vpcs", {"name": f"v{number}"})
        cloud.make(f"{INSTANCE}/volumes", {"name": f"d{number}", "volume_type": "l_ssd", "size": 10**9})

    vpcs = cloud.ask("GET", f"{VPC}/vpcs?name=v&order_by=name_desc&page=2&page_size=2").body
    disks = cloud.ask("GET", f"{INSTANCE}/volumes?per_page=2&page=2")

    assert ([v["name"] for v in vpcs["vpcs"]], vpcs["total_count"]) == (["v2", "v1"], 5)
    assert ([d["name"] for d in disks.body["volumes"]], disks.headers["x-total-count"]) == (["d2", "d3"], "5")
    assert 'page=3&per_page=2>; rel="next"' in disks.headers["link"]
