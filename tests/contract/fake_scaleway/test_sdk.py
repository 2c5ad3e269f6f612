"""The official SDK, unmodified, against the fake."""

import base64

import pytest

from tests.support.fake_cloud import FakeCloud

scaleway = pytest.importorskip("scaleway")

from scaleway import Client  # noqa: E402
from scaleway.account.v3 import AccountV3ProjectAPI  # noqa: E402
from scaleway.block.v1 import BlockV1API  # noqa: E402
from scaleway.block.v1.types import CreateVolumeRequestFromEmpty  # noqa: E402
from scaleway.iam.v1alpha1 import IamV1Alpha1API, RuleSpecs  # noqa: E402
from scaleway.instance.v1 import InstanceV1API, ServerAction  # noqa: E402
from scaleway.key_manager.v1alpha1 import KeyManagerV1Alpha1API, KeyUsage  # noqa: E402
from scaleway.marketplace.v2 import MarketplaceV2API  # noqa: E402
from scaleway.secret.v1beta1 import SecretV1Beta1API  # noqa: E402
from scaleway.vpc.v2 import VpcV2API  # noqa: E402
from scaleway_core.api import ScalewayException  # noqa: E402


def _client(cloud: FakeCloud, **more: str) -> Client:
    settings = {
        "access_key": cloud.world.access_key,
        "secret_key": cloud.world.secret_key,
        "default_project_id": cloud.world.default_project,
        **more,
    }
    return Client(
        api_url=cloud.url,
        default_organization_id=cloud.world.organization,
        default_region="fr-par",
        default_zone="fr-par-1",
        **settings,
    )


def test_a_workspace_is_built_with_the_sdk(cloud: FakeCloud) -> None:
    client = _client(cloud)
    cloud.world.clock.per_request = 1.0  # type: ignore[attr-defined]

    # Given a project, a network, an image
    project = AccountV3ProjectAPI(client).create_project(name="workspace", description="")
    vpc_api = VpcV2API(client)
    vpc = vpc_api.create_vpc(name="v", enable_routing=False, enable_transitivity=False, project_id=project.id)
    network = vpc_api.create_private_network(
        name="n", default_route_propagation_enabled=False, vpc_id=vpc.id, project_id=project.id
    )
    images = MarketplaceV2API(client).list_local_images_all(image_label="ubuntu_jammy", zone="fr-par-1")
    image = next(item for item in images if item.type_ == "instance_sbs" and item.arch == "x86_64")

    # When a server is made, connected and started
    instance = InstanceV1API(client)
    server = instance._create_server(
        commercial_type="DEV1-S", name="s", image=image.id, project=project.id, dynamic_ip_required=False,
        protected=False, volumes={},
    ).server  # fmt: skip
    nic = instance.create_private_nic(server_id=server.id, private_network_id=network.id).private_nic
    instance.server_action(server_id=server.id, action=ServerAction.POWERON)
    states = [str(instance.get_server(server_id=server.id).server.state) for _ in range(15)]

    # Then it runs, and the whole is seen as it is
    assert list(dict.fromkeys(states)) == ["starting", "running"]
    assert nic.private_network_id == network.id
    assert [item.id for item in instance.list_servers_all(project=project.id)] == [server.id]


def test_keys_secrets_and_volumes_through_the_sdk(cloud: FakeCloud) -> None:
    client = _client(cloud)
    cloud.world.clock.per_request = 1.0  # type: ignore[attr-defined]
    keys, secrets, block = KeyManagerV1Alpha1API(client), SecretV1Beta1API(client), BlockV1API(client)

    key = keys.create_key(unprotected=True, origin="external", usage=KeyUsage(symmetric_encryption="aes_256_gcm"))
    keys.import_key_material(key_id=key.id, key_material=base64.b64encode(bytes(32)).decode())
    data_key = keys.generate_data_key(key_id=key.id, without_plaintext=False)
    secret = secrets.create_secret(name="n", protected=False)
    secrets.create_secret_version(secret_id=secret.id, data=base64.b64encode(b"hi").decode())
    volume = block.create_volume(name="v", from_empty=CreateVolumeRequestFromEmpty(size=10**10), perf_iops=5000)

    assert keys.decrypt(key_id=key.id, ciphertext=data_key.ciphertext).plaintext == data_key.plaintext
    assert secrets.access_secret_version(secret_id=secret.id, revision="latest").data == "aGk="
    assert str(block.wait_for_volume(volume_id=volume.id).status) == "available"


def test_a_key_of_a_policy_sees_its_project_only(cloud: FakeCloud) -> None:
    owner = _client(cloud)
    project = AccountV3ProjectAPI(owner).create_project(name="workspace", description="")
    iam = IamV1Alpha1API(owner)
    application = iam.create_application(name="app", description="")
    rule = RuleSpecs(permission_set_names=["SecretManagerFullAccess"], condition="", project_ids=[project.id])
    iam.create_policy(name="p", description="", application_id=application.id, rules=[rule])
    key = iam.create_api_key(application_id=application.id, default_project_id=project.id, description="")
    mine = SecretV1Beta1API(_client(cloud, secret_key=key.secret_key, default_project_id=project.id))

    secret = mine.create_secret(name="own", protected=False)

    assert [item.id for item in mine.list_secrets_all(scheduled_for_deletion=False)] == [secret.id]
    with pytest.raises(ScalewayException) as refused:
        mine.create_secret(name="foreign", protected=False, project_id=cloud.world.default_project)
    assert refused.value.status_code == 403
