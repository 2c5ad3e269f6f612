"""Who may do what: keys, policies, projects, quotas."""

from apps.workspaces.fake_scaleway.clock import stamp
from tests.support.fake_cloud import FakeCloud

VPCS = "/vpc/v2/regions/fr-par/vpcs"
IAM = "/iam/v1alpha1"


def _project(cloud: FakeCloud, name: str) -> str:
    return str(cloud.make("/account/v3/projects", {"name": name})["id"])


def _key_of_application(cloud: FakeCloud, project: str, *permission_sets: str, **more: str) -> dict[str, str]:
    application = cloud.make(f"{IAM}/applications", {"name": "app"})["id"]
    rules = [{"permission_set_names": list(permission_sets), "project_ids": [project]}]
    cloud.make(f"{IAM}/policies", {"name": "policy", "application_id": application, "rules": rules})
    body = {"application_id": application, "default_project_id": project, **more}
    return dict(cloud.make(f"{IAM}/api-keys", body))


def test_a_request_without_a_key_is_not_authenticated(cloud: FakeCloud) -> None:
    answer = cloud.ask("GET", VPCS, secret="")

    assert answer.status == 401
    assert answer.body["type"] == "denied_authentication"
    assert answer.body["reason"] == "not_found"


def test_a_policy_opens_its_project_and_no_other(cloud: FakeCloud) -> None:
    # Given two projects, and a key whose policy names one of them
    mine, other = _project(cloud, "mine"), _project(cloud, "other")
    secret = _key_of_application(cloud, mine, "VPCFullAccess")["secret_key"]
    foreign = cloud.make(VPCS, {"name": "foreign", "project_id": other})["id"]

    # When the key makes a network in each, and reads
    here = cloud.ask("POST", VPCS, {"name": "here", "project_id": mine}, secret=secret)
    there = cloud.ask("POST", VPCS, {"name": "there", "project_id": other}, secret=secret)
    listed = cloud.ask("GET", VPCS, secret=secret).body["vpcs"]

    # Then only its own project answers
    assert here.status == 200
    assert (there.status, there.body["type"]) == (403, "permissions_denied")
    assert [vpc["name"] for vpc in listed] == ["here"]
    assert cloud.ask("GET", f"{VPCS}/{foreign}", secret=secret).status == 403


def test_a_reading_permission_does_not_write(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    secret = _key_of_application(cloud, project, "VPCReadOnly")["secret_key"]

    assert cloud.ask("GET", VPCS, secret=secret).status == 200
    assert cloud.ask("POST", VPCS, {"name": "x", "project_id": project}, secret=secret).status == 403


def test_a_permission_for_one_product_says_nothing_of_another(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    secret = _key_of_application(cloud, project, "ObjectStorageFullAccess")["secret_key"]

    assert cloud.ask("POST", VPCS, {"name": "x", "project_id": project}, secret=secret).status == 403


def test_a_key_stops_at_its_expiry(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    soon = stamp(cloud.world.clock.now() + 60)
    secret = _key_of_application(cloud, project, "VPCFullAccess", expires_at=soon)["secret_key"]
    assert cloud.ask("GET", VPCS, secret=secret).status == 200

    cloud.pass_time(61)

    answer = cloud.ask("GET", VPCS, secret=secret)
    assert (answer.status, answer.body["reason"]) == (401, "expired")


def test_a_key_cannot_expire_in_the_past(cloud: FakeCloud) -> None:
    application = cloud.make(f"{IAM}/applications", {"name": "app"})["id"]
    body = {"application_id": application, "expires_at": "2001-01-01T00:00:00Z"}

    answer = cloud.ask("POST", f"{IAM}/api-keys", body)

    assert answer.status == 400
    assert answer.body["details"][0]["argument_name"] == "expires_at"


def test_the_secret_of_a_key_is_shown_once(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    key = _key_of_application(cloud, project, "VPCFullAccess")

    assert key["secret_key"]
    assert cloud.ask("GET", f"{IAM}/api-keys/{key['access_key']}").body["secret_key"] is None


def test_a_deleted_application_takes_its_keys_along(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    key = _key_of_application(cloud, project, "VPCFullAccess")

    cloud.ask("DELETE", f"{IAM}/applications/{key['application_id']}")

    assert cloud.ask("GET", VPCS, secret=key["secret_key"]).status == 401
    assert cloud.ask("GET", f"{IAM}/api-keys/{key['access_key']}").body["resource"] == "access_key"


def test_one_project_too_many_exceeds_the_quota(cloud: FakeCloud) -> None:
    for number in range(25):
        _project(cloud, f"project-{number}")

    answer = cloud.ask("POST", "/account/v3/projects", {"name": "one more"})

    assert (answer.status, answer.body["type"]) == (403, "quotas_exceeded")
    assert answer.body["details"] == [{"resource": "project", "quota": 25, "current": 25}]


def test_a_project_that_holds_something_is_not_deleted(cloud: FakeCloud) -> None:
    project = _project(cloud, "mine")
    vpc = cloud.make(VPCS, {"name": "here", "project_id": project})["id"]
    assert cloud.ask("DELETE", f"/account/v3/projects/{project}").status == 412

    cloud.ask("DELETE", f"{VPCS}/{vpc}")

    assert cloud.ask("DELETE", f"/account/v3/projects/{project}").status == 204
