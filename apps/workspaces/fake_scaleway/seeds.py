"""What an account holds on its first day: its owner, its default project, a key, and the marketplace's images."""

from collections.abc import Mapping

from apps.workspaces.fake_scaleway.clock import stamp, stamp_with_offset
from apps.workspaces.fake_scaleway.products.catalog import ZONES
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

MARKETPLACE = "51b656e3-4865-41e8-adbc-0c45bdd780db"
# Label, name, architectures.
IMAGES = (
    ("ubuntu_jammy", "Ubuntu 22.04 Jammy Jellyfish", ("x86_64", "arm64")),
    ("ubuntu_focal", "Ubuntu 20.04 Focal Fossa", ("x86_64",)),
    ("ubuntu_noble", "Ubuntu 24.04 Noble Numbat", ("x86_64", "arm64")),
    ("ubuntu_resolute", "Ubuntu 26.04 Resolute Raccoon", ("x86_64", "arm64")),
    ("ubuntu_jammy_gpu_os_12", "Ubuntu Jammy GPU OS 12 passthrough", ("x86_64",)),
    ("ubuntu_noble_gpu_os_13_nvidia", "Ubuntu Noble GPU OS 13 passthrough", ("x86_64",)),
    ("debian_bookworm", "Debian 12 (Bookworm)", ("x86_64", "arm64")),
    ("debian_trixie", "Debian 13 (Trixie)", ("x86_64", "arm64")),
    ("debian_bullseye", "Debian 11 (Bullseye)", ("x86_64",)),
    ("rockylinux_8", "Rocky Linux 8", ("x86_64",)),
    ("rockylinux_9", "Rocky Linux 9", ("x86_64",)),
    ("almalinux_9", "AlmaLinux 9", ("x86_64",)),
    ("centos_stream_9", "CentOS Stream 9", ("x86_64",)),
    ("fedora_42", "Fedora 42", ("x86_64",)),
    ("windows_server_2022", "Windows Server 2022", ("x86_64",)),
)
REGIONS = ("fr-par", "nl-ams", "pl-waw", "it-mil")
ROOT_SIZE = 10_000_000_000


def seed(world: World, *, access_key: str | None = None, secret_key: str | None = None) -> World:
    """Fill an empty world; the owner's API key is kept in `world.access_key` and `world.secret_key`."""
    world.organization = world.default_project = world.new_id()
    world.access_key = access_key or "SCW00000000000000000"
    world.secret_key = secret_key or world.new_id()
    _account(world)
    for region in REGIONS:
        _default_vpc(world, region)
    for label, name, architectures in IMAGES:
        _marketplace_image(world, label, name)
        for zone in ZONES:
            for arch in architectures:
                _local_image(world, label, name, arch, zone, block=False)
                _local_image(world, label, name, arch, zone, block=True)
    return world


def _add(world: World, kind: str, body: Mapping[str, object], *, id: str, place: str = "", **hidden: object) -> Record:
    organization = MARKETPLACE if hidden.get("public") or hidden.get("foreign") else world.organization
    project = MARKETPLACE if organization == MARKETPLACE else world.default_project
    record = Record(kind, id, place, {**body, "id": id}, project, organization, {"seeded": True, **hidden})
    return world.store.add(record)


def _account(world: World) -> None:
    now = world.now_text()
    dates = {"created_at": now, "updated_at": now}
    qualification = {"architecture_type": "unknown_architecture_type"}
    project = {"name": "default", "organization_id": world.organization, "description": "", **dates}
    _add(world, "project", {**project, "qualification": qualification}, id=world.default_project)
    user = seed_user(world, "owner")
    seed_user(world, "member")
    seed_user(world, "member", signed_in=False)
    key = {
        "access_key": world.access_key,
        "secret_key": None,
        "description": "key of the owner",
        "expires_at": None,
        "default_project_id": world.default_project,
        "editable": True,
        "deletable": True,
        "managed": False,
        "creation_ip": "203.0.113.10",
        "user_id": user.id,
        **dates,
    }
    record = _add(world, "api_key", key, id=world.access_key)
    record.hidden["secret_key"] = world.secret_key
    record.project = ""


def _default_vpc(world: World, region: str) -> None:
    now = world.now_text()
    body = {
        "name": "default",
        "tags": ["default"],
        "organization_id": world.organization,
        "project_id": world.default_project,
        "is_default": True,
        "routing_enabled": False,
        "custom_routes_propagation_enabled": False,
        "transitivity_enabled": False,
        "s3_integration_enabled": False,
        "region": region,
        "created_at": now,
        "updated_at": now,
    }
    acl = {family: {"default_policy": "accept", "rules": []} for family in (False, True)}
    _add(world, "vpc", body, id=world.new_id(), place=region, acl=acl)


def seed_user(world: World, kind: str, *, signed_in: bool = True) -> Record:
    """A person of the organization: its owner, or a member."""
    now, number = world.now_text(), len(world.store.all("user"))
    address = f"{kind}-{number}@example.org"
    owner = kind == "owner"
    body = {
        "email": address,
        "username": address,
        "first_name": "",
        "last_name": "",
        "phone_number": "",
        "locale": "en_US",
        "organization_id": world.organization,
        "deletable": not owner,
        "last_login_at": now if signed_in else None,
        "type": kind,
        "two_factor_enabled": owner,
        "status": "activated",
        "mfa": owner,
        "account_root_user_id": world.new_id() if owner else "",
        "tags": [],
        "locked": False,
        "created_at": now,
        "updated_at": now,
    }
    return _add(world, "user", body, id=world.new_id())


def _marketplace_image(world: World, label: str, name: str) -> None:
    now = stamp(world.clock.now())
    body = {"name": name, "label": label, "created_at": now, "updated_at": now}
    _add(world, "marketplace_image", body, id=world.new_id(), public=True)


def _local_image(world: World, label: str, name: str, arch: str, zone: str, *, block: bool) -> None:
    """The zone's copy; a block image starts from a snapshot that belongs to the marketplace."""
    now = stamp_with_offset(world.clock.now())
    snapshot_id = world.new_id()
    if block:
        root = {"volume_type": "sbs_snapshot", "id": snapshot_id, "size": 0, "name": ""}
        _add(world, "snapshot_sbs", {"name": name, "references": []}, id=snapshot_id, place=zone, foreign=True)
    else:
        root = {"volume_type": "l_ssd", "id": snapshot_id, "size": ROOT_SIZE, "name": name}
    body = {
        "name": name,
        "organization": MARKETPLACE,
        "project": MARKETPLACE,
        "root_volume": root,
        "extra_volumes": {},
        "public": True,
        "arch": arch,
        "creation_date": now,
        "modification_date": now,
        "default_bootscript": None,
        "from_server": "",
        "state": "available",
        "tags": [],
        "zone": zone,
        "label": label,
    }
    _add(world, "image", body, id=world.new_id(), place=zone, public=True)


def seed_hub(world: World) -> dict[str, str]:
    """What the landing zone makes once: the hub's project with its VPC, and a stranger with full rights on objects,
    whom every bucket must refuse. Kept in `world.hub`; making it twice changes nothing."""
    if world.hub:
        return world.hub
    now, project_id = world.now_text(), world.new_id()
    dates = {"created_at": now, "updated_at": now}
    project = {"name": "hub", "organization_id": world.organization, "description": "", **dates}
    hub = _add(world, "project", {**project, "qualification": {}}, id=project_id)
    hub.project = project_id
    vpc = next(one for one in world.store.all("vpc", "fr-par"))
    body = {**vpc.body, "name": "hub", "tags": ["hub"], "project_id": project_id, "is_default": False}
    acl = {family: {"default_policy": "drop", "rules": []} for family in (False, True)}
    hub_vpc = _add(world, "vpc", body, id=world.new_id(), place="fr-par", acl=acl)
    hub_vpc.project = project_id
    world.hub = {"project": project_id, "vpc": hub_vpc.id, **_stranger(world)}
    return world.hub


def _stranger(world: World) -> dict[str, str]:
    now = world.now_text()
    marks = {"created_at": now, "updated_at": now, "editable": True, "deletable": True, "managed": False}
    named = {"name": "stranger", "description": "", "tags": [], "organization_id": world.organization}
    holder = _add(world, "application", {**named, **marks}, id=world.new_id())
    rule = {
        "id": world.new_id(),
        "permission_set_names": ["ObjectStorageFullAccess"],
        "permission_sets_scope_type": "projects",
        "condition": "",
        "organization_id": world.organization,
    }
    _add(world, "policy", {**named, **marks, "application_id": holder.id}, id=world.new_id(), rules=[rule])
    access, secret = "SCW0STRANGER00000000", world.new_id()
    key = {"access_key": access, "secret_key": None, "description": "", "expires_at": None, "creation_ip": ""}
    record = _add(
        world, "api_key", {**key, **marks, "default_project_id": world.default_project, "application_id": holder.id},
        id=access,
    )  # fmt: skip
    record.hidden["secret_key"], record.project = secret, ""
    return {"stranger_access_key": access, "stranger_secret_key": secret}
