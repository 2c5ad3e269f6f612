"""The rest of what products do: people and groups, versions of secrets, signatures, addresses, gateways."""

import base64
import hashlib
from typing import Any

import pytest

from tests.support.fake_cloud import FakeCloud

IAM = "/iam/v1alpha1"
KEYS = "/key-manager/v1alpha1/regions/fr-par/keys"
SECRETS = "/secret-manager/v1beta1/regions/fr-par/secrets"
IPS = "/ipam/v1/regions/fr-par/ips"
VPC = "/vpc/v2/regions/fr-par"
GATEWAY = "/vpc-gw/v2/zones/fr-par-1"


def _get(cloud: FakeCloud, path: str) -> Any:
    answer = cloud.ask("GET", path)
    assert answer.status == 200, answer
    return answer.body


def test_a_group_gives_its_members_its_permissions(cloud: FakeCloud) -> None:
    # Given a group with a policy, and an application with a key but no policy
    project = cloud.make("/account/v3/projects", {"name": "p"})["id"]
    group = cloud.make(f"{IAM}/groups", {"name": "g"})["id"]
    application = cloud.make(f"{IAM}/applications", {"name": "a"})["id"]
    key = cloud.make(f"{IAM}/api-keys", {"application_id": application, "default_project_id": project})
    rule = {"permission_set_names": ["VPCFullAccess"], "project_ids": [project]}
    cloud.make(f"{IAM}/policies", {"name": "p", "group_id": group, "rules": [rule]})
    vpc = {"name": "v", "project_id": project}
    assert cloud.ask("POST", f"{VPC}/vpcs", vpc, secret=key["secret_key"]).status == 403

    # When it joins, it may; when it leaves, it may not
    member = {"application_id": application}
    assert cloud.make(f"{IAM}/groups/{group}/add-member", member)["application_ids"] == [application]
    assert cloud.ask("POST", f"{VPC}/vpcs", vpc, secret=key["secret_key"]).status == 200
    assert _get(cloud, f"{IAM}/groups?application_ids={application}")["total_count"] == 1
    cloud.make(f"{IAM}/groups/{group}/remove-member", member)
    assert cloud.ask("POST", f"{IAM}/groups/{group}/remove-member", member).body["resource"] == ""
    assert cloud.ask("POST", f"{VPC}/vpcs", vpc, secret=key["secret_key"]).status == 403


def test_people_are_invited_renamed_and_removed(cloud: FakeCloud) -> None:
    user = cloud.make(f"{IAM}/users", {"member": {"email": "a@example.org"}, "tags": ["t"]})
    path = f"{IAM}/users/{user['id']}"
    group = cloud.make(f"{IAM}/groups", {"name": "g"})["id"]

    assert cloud.ask("PUT", f"{IAM}/groups/{group}/members", {"user_ids": [user["id"]]}).body["user_ids"] == [
        user["id"]
    ]
    assert cloud.make(f"{path}/update-username", {"username": "nova"})["username"] == "nova"
    assert cloud.ask("PATCH", path, {"first_name": "N"}).body["first_name"] == "N"
    assert _get(cloud, f"{IAM}/users?user_ids={user['id']}&type=member")["total_count"] == 1
    assert cloud.ask("DELETE", path).status == 204
    assert _get(cloud, f"{IAM}/groups/{group}")["user_ids"] == []
    owner = next(u for u in _get(cloud, f"{IAM}/users")["users"] if u["type"] == "owner")
    assert cloud.ask("DELETE", f"{IAM}/users/{owner['id']}").status == 412
    assert cloud.ask("POST", f"{IAM}/users", {"member": {}}).status == 400


def test_a_policy_changes_its_principal_and_its_rules(cloud: FakeCloud) -> None:
    application = cloud.make(f"{IAM}/applications", {"name": "a"})["id"]
    group = cloud.make(f"{IAM}/groups", {"name": "g"})["id"]
    rule = {"permission_set_names": ["VPCReadOnly"], "organization_id": cloud.world.organization}
    policy = cloud.make(f"{IAM}/policies", {"name": "p", "application_id": application, "rules": [rule]})
    path = f"{IAM}/policies/{policy['id']}"

    moved = cloud.ask("PATCH", path, {"group_id": group}).body
    assert ("application_id" in moved, moved["group_id"], moved["nb_rules"]) == (False, group, 1)
    body = {"policy_id": policy["id"], "rules": [rule, rule]}
    assert len(cloud.ask("PUT", f"{IAM}/rules", body).body["rules"]) == 2
    assert _get(cloud, f"{IAM}/rules?policy_id={policy['id']}")["total_count"] == 2
    for wrong in ({"permission_set_names": []}, {"permission_set_names": ["VPCReadOnly"]}):
        assert cloud.ask("PUT", f"{IAM}/rules", {**body, "rules": [wrong]}).status == 400
    assert _get(cloud, f"{IAM}/policies?group_ids={group}")["total_count"] == 1
    assert {"name": "policy", "limit": 50}.items() <= _get(cloud, f"{IAM}/quota?page_size=50")["quota"][3].items()


def test_keys_are_found_by_their_bearer_and_need_exactly_one(cloud: FakeCloud) -> None:
    application = cloud.make(f"{IAM}/applications", {"name": "a"})["id"]
    key = cloud.make(f"{IAM}/api-keys", {"application_id": application})
    query = f"bearer_id={application}&bearer_type=application"

    assert [k["access_key"] for k in _get(cloud, f"{IAM}/api-keys?{query}")["api_keys"]] == [key["access_key"]]
    changed = cloud.ask("PATCH", f"{IAM}/api-keys/{key['access_key']}", {"description": "d"}).body
    assert (changed["description"], _get(cloud, f"{IAM}/applications/{application}")["nb_api_keys"]) == ("d", 1)
    assert cloud.ask("POST", f"{IAM}/api-keys", {}).status == 400
    wrong = {"application_id": application, "expires_at": "tomorrow"}
    assert cloud.ask("POST", f"{IAM}/api-keys", wrong).status == 400


def test_versions_of_a_secret_are_turned_off_and_on(cloud: FakeCloud) -> None:
    secret = cloud.make(SECRETS, {"name": "s", "path": "/p", "ephemeral_policy": {"time_to_live": "60.0s"}})
    path = f"{SECRETS}/{secret['id']}"
    cloud.make(f"{path}/versions", {"data": "MQ=="})
    cloud.make(f"{path}/versions", {"data": "Mg==", "disable_previous": True})

    assert _get(cloud, f"{path}/versions/latest_enabled/access")["data"] == "Mg=="
    assert cloud.ask("GET", f"{path}/versions/1/access").status == 412
    assert cloud.make(f"{path}/versions/1/enable", {})["status"] == "enabled"
    cloud.make(f"{path}/versions/2/disable", {})
    assert _get(cloud, f"{path}/versions/latest_enabled/access")["data"] == "MQ=="
    assert cloud.ask("PATCH", f"{path}/versions/1", {"description": "d"}).body["description"] == "d"
    by_path = f"{SECRETS}-by-path/versions/1/access?secret_name=s&secret_path=/p"
    assert _get(cloud, by_path)["secret_id"] == secret["id"]
    assert cloud.ask("GET", f"{path}/versions/9").body["resource"] == "secret_version"
    assert cloud.ask("GET", by_path.replace("=s&", "=t&")).status == 404
    cloud.ask("DELETE", f"{path}/versions/1")
    assert cloud.ask("POST", f"{path}/versions/1/enable", {}).status == 412
    assert secret["ephemeral_policy"]["time_to_live"] == "60s"


def test_a_secret_is_renamed_protected_and_restored(cloud: FakeCloud) -> None:
    path = f"{SECRETS}/{cloud.make(SECRETS, {'name': 's'})['id']}"

    assert cloud.ask("PATCH", path, {"name": "t", "ephemeral_policy": {}}).body["name"] == "t"
    assert cloud.make(f"{path}/protect", {})["protected"]
    assert not cloud.make(f"{path}/unprotect", {})["protected"]
    cloud.ask("DELETE", path)
    assert _get(cloud, f"{SECRETS}?scheduled_for_deletion=false")["total_count"] == 0
    assert cloud.make(f"{path}/restore", {})["deletion_requested_at"] is None
    assert cloud.ask("POST", SECRETS, {"name": "s", "type": "poem"}).status == 400


@pytest.mark.parametrize("data", ["not base64!", base64.b64encode(b"x" * 70000).decode(), "WzFd", "e30x"])
def test_the_content_of_a_key_value_secret_is_checked(cloud: FakeCloud, data: str) -> None:
    path = f"{SECRETS}/{cloud.make(SECRETS, {'name': 's', 'type': 'key_value'})['id']}"

    answer = cloud.ask("POST", f"{path}/versions", {"data": data})

    assert (answer.status, answer.body["details"][0]["argument_name"]) == (400, "data")


def test_a_signature_is_of_its_key_and_digest(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"usage": {"asymmetric_signing": "rsa_pss_2048_sha256"}, "unprotected": True})
    path, digest = f"{KEYS}/{key['id']}", base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    signature = cloud.make(f"{path}/sign", {"digest": digest})["signature"]

    assert cloud.make(f"{path}/verify", {"digest": digest, "signature": signature})["valid"]
    other = base64.b64encode(hashlib.sha256(b"y").digest()).decode()
    assert not cloud.make(f"{path}/verify", {"digest": other, "signature": signature})["valid"]
    assert "PUBLIC KEY" in _get(cloud, f"{path}/public-key")["pem"]
    assert cloud.ask("POST", f"{path}/sign", {"digest": "eA=="}).status == 400
    assert cloud.ask("POST", f"{path}/encrypt", {"plaintext": "eA=="}).status == 412


def test_an_asymmetric_key_seals_and_opens(cloud: FakeCloud) -> None:
    key = cloud.make(KEYS, {"usage": {"asymmetric_encryption": "rsa_oaep_2048_sha256"}, "unprotected": True})
    path = f"{KEYS}/{key['id']}"

    sealed = cloud.make(f"{path}/encrypt", {"plaintext": "eA=="})["ciphertext"]

    assert cloud.make(f"{path}/decrypt", {"ciphertext": sealed})["plaintext"] == "eA=="
    assert cloud.ask("POST", f"{path}/decrypt", {"ciphertext": "!"}).status == 400
    assert cloud.ask("POST", f"{path}/rotate", {}).status == 412


def test_a_key_is_disabled_protected_and_changed(cloud: FakeCloud) -> None:
    body = {"usage": {"symmetric_encryption": "aes_256_gcm"}, "rotation_policy": {"rotation_period": "86400.0s"}}
    key = cloud.make(KEYS, body)
    path = f"{KEYS}/{key['id']}"

    assert (key["rotation_policy"]["rotation_period"], key["protected"]) == ("86400s", True)
    assert cloud.make(f"{path}/disable", {})["state"] == "disabled"
    assert cloud.ask("POST", f"{path}/generate-data-key", {}).status == 412
    assert cloud.make(f"{path}/enable", {})["state"] == "enabled"
    assert not cloud.make(f"{path}/unprotect", {})["protected"]
    assert cloud.make(f"{path}/protect", {})["protected"]
    assert cloud.ask("PATCH", path, {"name": "n", "rotation_policy": {"rotation_period": "60s"}}).body["name"] == "n"
    assert cloud.ask("POST", f"{path}/delete-key-material", {}).status == 412
    assert _get(cloud, f"{KEYS}?usage=asymmetric_signing")["total_count"] == 0
    external = cloud.make(KEYS, {**body, "origin": "external"})
    short = {"key_material": "eA=="}
    assert cloud.ask("POST", f"{KEYS}/{external['id']}/import-key-material", short).status == 400
    assert cloud.ask("POST", f"{KEYS}/{external['id']}/enable", {}).status == 412


def test_an_address_is_given_moved_and_taken_back(cloud: FakeCloud) -> None:
    network = cloud.make(f"{VPC}/private-networks", {"subnets": ["10.1.0.0/24"]})["id"]
    source = {"source": {"private_network_id": network}}
    machine, other = {"mac_address": "bc:24:11:00:00:01"}, {"mac_address": "bc:24:11:00:00:02"}
    ip = cloud.make(IPS, {**source, "address": "10.1.0.9", "resource": machine})
    path = f"{IPS}/{ip['id']}"

    assert (ip["address"], ip["resource"]["mac_address"]) == ("10.1.0.9/24", "BC:24:11:00:00:01")
    assert cloud.ask("POST", f"{path}/move", {"from_resource": other}).status == 400
    moved = cloud.make(f"{path}/move", {"from_resource": machine, "to_resource": other})
    assert moved["resource"]["mac_address"] == "BC:24:11:00:00:02"
    assert _get(cloud, f"{IPS}?mac_address=bc:24:11:00:00:02&attached=true")["total_count"] == 1
    assert cloud.make(f"{path}/detach", {})["resource"] is None
    assert cloud.make(f"{path}/attach", {"resource": machine})["resource"]["type"] == "custom"
    for wrong in ("10.1.0.9", "10.2.0.1", "nowhere"):
        assert cloud.ask("POST", IPS, {**source, "address": wrong}).status == 400
    assert cloud.ask("POST", IPS, {"source": {}}).status == 400
    assert cloud.ask("DELETE", path).status == 204


def test_a_gateway_is_changed_upgraded_and_forwards_a_port(cloud: FakeCloud) -> None:
    ip = cloud.make(f"{GATEWAY}/ips", {"tags": ["t"]})["id"]
    gateway = cloud.make(f"{GATEWAY}/gateways", {"name": "g", "ip_id": ip})["id"]
    path = f"{GATEWAY}/gateways/{gateway}"

    assert cloud.ask("PATCH", path, {"enable_bastion": True, "bastion_port": 2222}).body["bastion_enabled"]
    assert cloud.make(f"{path}/upgrade", {"type": "VPC-GW-M"})["bandwidth"] == 1000
    assert cloud.make(f"{path}/refresh-ssh-keys", {})["id"] == gateway
    rule = {"gateway_id": gateway, "public_port": 42, "private_ip": "10.0.0.2", "private_port": 42}
    pat = cloud.make(f"{GATEWAY}/pat-rules", rule)["id"]
    assert cloud.ask("PATCH", f"{GATEWAY}/pat-rules/{pat}", {"public_port": 43}).body["public_port"] == 43
    assert cloud.ask("DELETE", f"{GATEWAY}/ips/{ip}").status == 412
    assert cloud.ask("POST", f"{GATEWAY}/gateways", {"type": "VPC-GW-XXL"}).status == 400


def test_access_lists_and_routes_of_a_vpc(cloud: FakeCloud) -> None:
    vpc, target = (cloud.make(f"{VPC}/vpcs", {"name": name})["id"] for name in "ab")
    rule = {"source": "0.0.0.0/0", "destination": "10.0.0.0/8", "action": "drop", "protocol": "TCP"}
    body = {"rules": [rule], "default_policy": "drop", "is_ipv6": False}

    assert cloud.ask("PUT", f"{VPC}/vpcs/{vpc}/acl-rules", body).body["rules"][0]["dst_port_low"] == 0
    assert _get(cloud, f"{VPC}/vpcs/{vpc}/acl-rules?is_ipv6=false")["default_policy"] == "drop"
    assert _get(cloud, f"{VPC}/vpcs/{vpc}/acl-rules?is_ipv6=true")["default_policy"] == "accept"
    one = cloud.make(f"{VPC}/vpc-connectors", {"vpc_id": vpc, "target_vpc_id": target})
    two = cloud.make(f"{VPC}/vpc-connectors", {"vpc_id": target, "target_vpc_id": vpc})
    assert (one["status"], two["status"]) == ("orphan", "peered")
    assert _get(cloud, f"{VPC}/vpc-connectors/{one['id']}")["status"] == "peered"
    route = {"vpc_id": vpc, "destination": "10.9.0.0/16", "nexthop_vpc_connector_id": one["id"]}
    path = f"{VPC}/routes/{cloud.make(f'{VPC}/routes', route)['id']}"
    assert cloud.ask("PATCH", path, {"description": "d"}).body["description"] == "d"
    assert cloud.ask("DELETE", path).status == 204
    assert cloud.ask("GET", path).body["resource_id"] == ""
    default = next(v for v in _get(cloud, f"{VPC}/vpcs?is_default=true")["vpcs"])
    assert cloud.ask("DELETE", f"{VPC}/vpcs/{default['id']}").status == 412


def test_an_organization_signs_in_by_saml(cloud: FakeCloud) -> None:
    base = f"{IAM}/organizations/{cloud.world.organization}/saml"
    saml = cloud.make(base, {})
    path = f"{IAM}/saml/{saml['id']}"
    certificate = cloud.make(f"{path}/certificates", {"content": "PEM"})

    assert _get(cloud, base)["status"] == "missing_entity_id"
    cloud.ask("PATCH", path, {"entity_id": "e", "single_sign_on_url": "u"})
    assert _get(cloud, base)["status"] == "valid"
    assert _get(cloud, f"{IAM}/saml-certificates/{certificate['id']}")["origin"] == "identity_provider"
    assert cloud.ask("DELETE", path).status == 204
    assert cloud.ask("GET", base).body["resource"] == "organization_saml"


def test_what_is_not_json_or_not_there_is_refused(cloud: FakeCloud) -> None:
    broken = cloud.ask("POST", f"{VPC}/vpcs", b"{", **{"Content-Type": "application/json"})

    assert (broken.status, broken.body["details"][0]["argument_name"]) == (400, "body")
    assert cloud.ask("GET", "/account/v3/nothing").body["type"] == "unknown_resource"
    assert cloud.ask("GET", f"{VPC}/vpcs?page=0").status == 400
