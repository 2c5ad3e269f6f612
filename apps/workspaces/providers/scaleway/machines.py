"""Volume, server and network interface, and what is set on them."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from scaleway.block.v1 import CreateVolumeRequestFromEmpty
from scaleway.block.v1 import Volume as CloudVolume
from scaleway.instance.v1 import (
    AttachServerVolumeRequestVolumeType,
    PrivateNIC,
    SecurityGroupTemplate,
    VolumeServerTemplate,
    VolumeVolumeType,
)
from scaleway.instance.v1 import Server as CloudServer
from scaleway.marketplace.v2 import LocalImageType

from apps.workspaces.providers.base import Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.agent import Server as Address
from apps.workspaces.providers.scaleway.errors import Absent, Told, lost
from apps.workspaces.providers.scaleway.site import SETTLE, Site
from apps.workspaces.providers.scaleway.things import SOON, Drift, Seen, Thing, look

JSON = Any
GIGABYTE = 10**9
DATA_SIZE = 100 * GIGABYTE
ROOT_SIZE = 20 * GIGABYTE
DEFAULT_TYPE = "PRO2-S"


def type_of(site: Site) -> str:
    """The commercial type that this workspace should have."""
    return site.job.spec.size or DEFAULT_TYPE


class Volume(Thing):
    """The volume for the work, encrypted inside (LUKS) with a key that only the workspace's key of keys unwraps."""

    kind = "volume"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.block.list_volumes_all(
            include_deleted=False, project_id=site.id_of("project"), tags=site.tags(self.kind)
        )
        return [_volume(one) for one in found]

    def to_remove(self, site: Site) -> list[Seen]:
        """Every volume of the project: the server's first disk too."""
        return [_volume(one) for one in self._of_project(site)]

    def unused(self, site: Site) -> list[Seen]:
        """Free first disks: deleting a server leaves its disk behind."""
        if not site.known("server") or site.is_settling("server"):
            return []
        old_enough = site.cloud.now() - SETTLE
        found = (one for one in self._of_project(site) if not one.tags and not one.references)
        return [_volume(one) for one in found if str(one.status) == "available" and _before(one.created_at, old_enough)]

    def _of_project(self, site: Site) -> list[CloudVolume]:
        if not site.known("project"):
            return []
        project = site.id_of("project")
        found: list[CloudVolume] = site.cloud.block.list_volumes_all(include_deleted=False, project_id=project)
        return found

    def get(self, site: Site, part_id: str) -> Seen:
        return _volume(site.cloud.block.get_volume(volume_id=part_id))

    def create(self, site: Site) -> Seen:
        return _volume(
            site.cloud.block.create_volume(
                name=site.name(self.kind),
                perf_iops=5000,
                project_id=site.id_of("project"),
                from_empty=CreateVolumeRequestFromEmpty(size=DATA_SIZE),
                tags=site.tags(self.kind),
            )
        )

    def delete(self, site: Site, seen: Seen) -> None:
        """Only once it is free: a detachment takes minutes, and the removal looks again by itself."""
        if seen.facts["state"] == "available":
            site.cloud.block.delete_volume(volume_id=seen.id)


def _before(moment: datetime | None, limit: datetime) -> bool:
    return moment is not None and moment < limit


def _volume(one: CloudVolume) -> Seen:
    facts = {"name": one.name, "state": str(one.status), "size": str(one.size)}
    ready = str(one.status) in {"available", "in_use"}
    return Seen(one.id, facts, ready=ready, made=str(one.created_at), raw=one)


class Machine(Thing):
    """The server: made stopped, without an address, from the hardened image."""

    kind = "server"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.instance.list_servers_all(
            project=site.id_of("project"), tags=[",".join(site.tags(self.kind))]
        )
        return [_server(one) for one in found if set(site.tags(self.kind)) <= set(one.tags)]

    def to_remove(self, site: Site) -> list[Seen]:
        if not site.known("project"):
            return []
        return [_server(one) for one in site.cloud.instance.list_servers_all(project=site.id_of("project"))]

    def get(self, site: Site, part_id: str) -> Seen:
        return _server(server(site, part_id))

    def create(self, site: Site) -> Seen:
        answer = site.cloud.instance._create_server(
            commercial_type=type_of(site),
            protected=False,
            name=site.name(self.kind),
            dynamic_ip_required=False,
            image=image_id(site),
            volumes={"0": VolumeServerTemplate(boot=True, size=ROOT_SIZE, volume_type=VolumeVolumeType.SBS_VOLUME)},
            project=site.id_of("project"),
            tags=site.tags(self.kind),
            security_group=site.id_of("security_group"),
        )
        if answer.server is None:
            raise lost("create server", "unreadable_body", changes=True)
        return _server(answer.server)

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        one, found = seen.raw, []
        if one.public_ips or one.public_ip or one.dynamic_ip_required:
            found.append(Drift("the server has a public address, or asks for one", opens=True))
        if one.security_group is None or one.security_group.id != site.id_of("security_group"):
            found.append(Drift("the server is in another security group", opens=True))
        if one.commercial_type != type_of(site) and str(one.state) == "stopped":
            found.append(Drift(f"the server is a {one.commercial_type}"))
        return found

    def repair(self, site: Site, seen: Seen) -> None:
        wanted = site.id_of("security_group")
        site.cloud.instance._update_server(
            server_id=seen.id,
            dynamic_ip_required=False,
            public_ips=[],
            security_group=SecurityGroupTemplate(id=wanted, name=site.name("security_group")),
            commercial_type=type_of(site) if str(seen.raw.state) == "stopped" else None,
        )

    def delete(self, site: Site, seen: Seen) -> None:
        if seen.facts["state"] == "stopped":
            site.cloud.instance.delete_server(server_id=seen.id)
        elif seen.facts["state"] in {"running", "stopped in place"}:
            _act(site, seen.id, "poweroff")


def _server(one: CloudServer) -> Seen:
    facts = {"name": one.name, "state": str(one.state), "type": one.commercial_type}
    return Seen(one.id, facts, made=str(one.creation_date), raw=one)


def server(site: Site, server_id: str) -> CloudServer:
    """The server as it is now. Raises Absent."""
    answer = site.cloud.instance.get_server(server_id=server_id)
    if answer.server is None:
        raise lost("get server", "unreadable_body", changes=False)
    return answer.server


def image_id(site: Site) -> str:
    """The image named in the settings: an identifier of our own, or the zone's copy of a marketplace image."""
    wanted = site.cloud.account.image
    try:
        return str(UUID(wanted))
    except ValueError:
        found = site.cloud.marketplace.list_local_images_all(
            image_label=wanted, zone=site.cloud.account.zone, type_=LocalImageType.INSTANCE_SBS
        )
    images = [one.id for one in found if one.arch == "x86_64" and str(one.type_) == "instance_sbs"]
    if not images:
        raise ProviderRefused(f"There is no image {wanted} in {site.cloud.account.zone}: see HDH_SCALEWAY_IMAGE.")
    return str(images[0])


class Nic(Thing):
    """The only interface of the server, on the workspace's own network."""

    kind = "private_nic"

    def _all(self, site: Site) -> list[PrivateNIC]:
        known = site.known("server")
        try:
            return site.cloud.instance.list_private_ni_cs_all(server_id=known.external_id) if known else []
        except Absent:
            return []

    def find(self, site: Site) -> list[Seen]:
        return [_nic(one) for one in self._all(site) if one.private_network_id == site.id_of("private_network")]

    def to_remove(self, site: Site) -> list[Seen]:
        return [_nic(one) for one in self._all(site)]

    def get(self, site: Site, part_id: str) -> Seen:
        answer = site.cloud.instance.get_private_nic(server_id=site.id_of("server"), private_nic_id=part_id)
        if answer.private_nic is None:
            raise lost("get private nic", "unreadable_body", changes=False)
        return _nic(answer.private_nic)

    def create(self, site: Site) -> Seen:
        answer = site.cloud.instance.create_private_nic(
            server_id=site.id_of("server"), private_network_id=site.id_of("private_network"), tags=site.tags(self.kind)
        )
        if answer.private_nic is None:
            raise lost("create private nic", "unreadable_body", changes=True)
        return _nic(answer.private_nic)

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        others = [one for one in self._all(site) if one.private_network_id != seen.raw.private_network_id]
        found = [
            Drift(f"the server is on another network too ({one.private_network_id})", opens=True) for one in others
        ]
        if seen.raw.private_network_id != site.id_of("private_network"):
            found.append(Drift("the interface is on another network", opens=True))
        return found

    def delete(self, site: Site, seen: Seen) -> None:
        known = site.known("server")
        if known is not None:
            site.cloud.instance.delete_private_nic(server_id=known.external_id, private_nic_id=seen.id)


def _nic(one: PrivateNIC) -> Seen:
    facts = {"state": str(one.state), "network": one.private_network_id}
    return Seen(one.id, facts, ready=str(one.state) == "available", raw=one)


def address_of(site: Site) -> Address:
    """Where the server's agent answers. Raises Absent while the server has no address."""
    server_id = site.id_of("server")
    found = site.cloud.ipam.list_i_ps_all(resource_id=site.id_of("private_nic"), is_ipv6=False)
    if not found:
        raise Absent(Told("address", None, "no_address_yet"))
    return Address(server_id, str(found[0].address).partition("/")[0])


# ---- what is set on the server --------------------------------------------------------------------------------------


def attach(site: Site) -> Made | NotYet:
    """The volume for the work is the server's."""
    one, volume_id = server(site, site.id_of("server")), site.id_of("volume")
    if any(each.id == volume_id for each in one.volumes.values()):
        return Made()
    site.cloud.instance.attach_server_volume(
        server_id=one.id, volume_id=volume_id, volume_type=AttachServerVolumeRequestVolumeType.SBS_VOLUME
    )
    return NotYet(SOON, "volume attached, read back next")


def first_words(site: Site) -> bytes:
    """What the server is told before it has any key: names only. No secret is ever in user data."""
    words = {"workspace": site.hex, "bucket_prefix": site.name(), "region": "fr-par", "volume": site.id_of("volume")}
    return b"#cloud-config\n# " + base64.b64encode(json.dumps(words, sort_keys=True).encode())


def user_data(site: Site) -> Made | NotYet:
    """The first words are there, to the letter."""
    path = f"/instance/v1/zones/{site.cloud.account.zone}/servers/{site.id_of('server')}/user_data/cloud-init"
    wanted = first_words(site)
    try:
        if site.cloud.transport.request("GET", path).content == wanted:
            return Made()
    except Absent:
        pass
    site.cloud.transport.request("PATCH", path, headers={"Content-Type": "text/plain"}, body=wanted)
    return NotYet(SOON, "user data written, read back next")


# ---- power ----------------------------------------------------------------------------------------------------------


def _act(site: Site, server_id: str, action: str) -> None:
    path = f"/instance/v1/zones/{site.cloud.account.zone}/servers/{server_id}/action"
    site.cloud.transport.request("POST", path, body={"action": action})


def power_on(site: Site) -> Made | NotYet:
    """Running; asked for once in each state from which it can be."""
    one = server(site, site.id_of("server"))
    state = str(one.state)
    if state == "running":
        return Made()
    if state in {"stopped", "stopped in place"}:
        _act(site, one.id, "poweron")
    return NotYet(timedelta(seconds=2), f"the server is {state}")


def power_off(site: Site) -> Made | NotYet:
    """Stopped and off its node; a server that never was is off."""
    known = site.known("server")
    seen = look(Machine(), site, known.external_id) if known else None
    if seen is None or seen.facts["state"] == "stopped":
        return Made()
    if seen.facts["state"] in {"running", "stopped in place"}:
        _act(site, seen.id, "poweroff")
    return NotYet(timedelta(seconds=3), f"the server is {seen.facts['state']}")


def change_type(site: Site) -> Made | NotYet:
    """Another commercial type, while it is stopped."""
    one = server(site, site.id_of("server"))
    if one.commercial_type == type_of(site):
        return Made()
    site.cloud.instance._update_server(server_id=one.id, commercial_type=type_of(site))
    return NotYet(SOON, "type changed, read back next")
