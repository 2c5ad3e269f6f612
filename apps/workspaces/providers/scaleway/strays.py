"""What of ours exists where no workspace that lives has it: every kind that the account can hold, place by place.

Ours is what bears our mark in name, tag or description, and what lies in the project of a workspace, whatever it is
called. Nothing is changed here: what is found is a person's to judge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any
from uuid import UUID

from apps.workspaces.providers.base import (
    Difference,
    Look,
    Looked,
    ProviderRefused,
    ProviderUnavailable,
    What,
)
from apps.workspaces.providers.scaleway.errors import Throttled
from apps.workspaces.providers.scaleway.place import ELSEWHERE, REGION, REGIONS_ELSEWHERE, ZONES
from apps.workspaces.providers.scaleway.site import MARK, Cloud, workspace_of

JSON = Any
_PAGE = 100
PROJECTS_AT_ONCE = 20
"""Projects without a workspace whose buckets one look lists: object storage lists one project at a time."""


@dataclass(frozen=True)
class Trace:
    """One thing of the account: what it is called by, and the project it lies in."""

    id: str
    names: tuple[str, ...]
    tags: tuple[str, ...] = ()
    project: str = ""


class Scope(Enum):
    """Where a kind of thing may be."""

    ACCOUNT = auto()
    REGION = auto()
    ZONE = auto()


@dataclass(frozen=True)
class Ours:
    """Which workspace a project belongs to, and which workspaces live."""

    projects: Mapping[str, UUID]
    living: frozenset[UUID]

    def owner(self, trace: Trace) -> UUID | None:
        named = (workspace_of(text) for text in (*trace.names, *trace.tags))
        return next((one for one in named if one is not None), None) or self.projects.get(trace.project)

    def without_workspace(self) -> list[str]:
        """Projects of workspaces that do not live."""
        return sorted(project for project, workspace in self.projects.items() if workspace not in self.living)


@dataclass(frozen=True)
class Sort:
    """A kind of thing: where it may be, by which method of which product it is listed, and whether a plan makes it."""

    scope: Scope
    product: str
    method: str
    more: Mapping[str, JSON] = field(default_factory=dict)
    is_planned: bool = True

    def listed(self, cloud: Cloud, place: str) -> Iterable[JSON]:
        """All there are in this place, in the largest pages that the product gives."""
        where = {Scope.ACCOUNT: {}, Scope.REGION: {"region": place}, Scope.ZONE: {"zone": place}}[self.scope]
        pages = {"per_page" if self.product == "instance" else "page_size": _PAGE}
        values = {name: value(cloud) if callable(value) else value for name, value in self.more.items()}
        found: Iterable[JSON] = getattr(getattr(cloud, self.product), self.method)(**where, **pages, **values)
        return found


def _hub(cloud: Cloud) -> str:
    return cloud.account.hub_project


def _organisation(cloud: Cloud) -> str:
    return cloud.account.organisation


_A, _R, _Z = Scope.ACCOUNT, Scope.REGION, Scope.ZONE
_LIVING = {"scheduled_for_deletion": False, "project_id": _hub}
_NOT_PUBLIC = {"organization": _organisation}
BUCKET = "bucket"
SORTS: Mapping[str, Sort] = {
    "project": Sort(_A, "projects", "list_projects_all"),
    "application": Sort(_A, "iam", "list_applications_all"),
    "policy": Sort(_A, "iam", "list_policies_all"),
    "api_key": Sort(_A, "iam", "list_api_keys_all"),
    "ssh_key": Sort(_A, "iam", "list_ssh_keys_all", is_planned=False),
    "key": Sort(_R, "keys", "list_keys_all", _LIVING),
    "secret": Sort(_R, "secrets", "list_secrets_all", _LIVING),
    BUCKET: Sort(_R, "storage", "buckets"),
    "vpc": Sort(_R, "vpc", "list_vp_cs_all"),
    "private_network": Sort(_R, "vpc", "list_private_networks_all"),
    "connector": Sort(_R, "vpc", "list_vpc_connectors_all"),
    "address": Sort(_R, "ipam", "list_i_ps_all"),
    "server": Sort(_Z, "instance", "list_servers_all"),
    "volume": Sort(_Z, "block", "list_volumes_all", {"include_deleted": False}),
    "local_volume": Sort(_Z, "instance", "list_volumes_all"),
    "security_group": Sort(_Z, "instance", "list_security_groups_all"),
    "snapshot": Sort(_Z, "block", "list_snapshots_all", {"include_deleted": False}, is_planned=False),
    "local_snapshot": Sort(_Z, "instance", "list_snapshots_all", _NOT_PUBLIC, is_planned=False),
    "image": Sort(_Z, "instance", "list_images_all", _NOT_PUBLIC, is_planned=False),
    "public_address": Sort(_Z, "instance", "list_ips_all", is_planned=False),
    "placement_group": Sort(_Z, "instance", "list_placement_groups_all", is_planned=False),
    "gateway": Sort(_Z, "gateways", "list_gateways_all", {"include_legacy": True}, is_planned=False),
    "gateway_address": Sort(_Z, "gateways", "list_i_ps_all", is_planned=False),
}
"""Every kind of thing that the account may hold for a workspace, those of no plan included: a copy of a disk, an
address, a way out."""

_PLACES: Mapping[Scope, Callable[[str], tuple[str, ...]]] = {
    Scope.ACCOUNT: lambda home: ("",),
    Scope.REGION: lambda home: (REGION, *REGIONS_ELSEWHERE),
    Scope.ZONE: lambda home: (home, *(one for one in ZONES if one != home), *ELSEWHERE),
}


def looks(cloud: Cloud) -> tuple[Look, ...]:
    """Every kind in every place where it may be, one question each; home before elsewhere."""
    found = [
        (number, Look(kind, place))
        for kind, sort in SORTS.items()
        for number, place in enumerate(_PLACES[sort.scope](cloud.account.zone))
    ]
    return tuple(look for _, look in sorted(found, key=lambda one: one[0]))


def strays(cloud: Cloud, known: Iterable[UUID], asked: Iterable[Look]) -> Iterator[Looked]:
    """What each look finds. A place that refuses or does not answer is said to, and holds up no other; a cloud that
    asks for less ends the run. Raises ProviderUnavailable, ProviderRefused when not even projects are listed."""
    projects = {one.id: owner for one in cloud.projects.list_projects_all() if (owner := workspace_of(one.name))}
    ours = Ours(projects, frozenset(known))
    for look in asked:
        try:
            yield Looked(look, tuple(_found(cloud, look, ours)))
        except Throttled as error:
            yield Looked(look, (), str(error))
            return
        except (ProviderUnavailable, ProviderRefused) as error:
            yield Looked(look, (), str(error))


def _found(cloud: Cloud, look: Look, ours: Ours) -> Iterator[Difference]:
    for trace in _traces(cloud, look, ours):
        judged = _judged(cloud, look, ours, trace)
        if judged is not None:
            yield judged


def _traces(cloud: Cloud, look: Look, ours: Ours) -> Iterator[Trace]:
    if look.kind != BUCKET:
        listed = SORTS[look.kind].listed(cloud, look.place)
        yield from (_trace(one) for one in listed if not _comes_by_itself(one))
        return
    for project in ("", *ours.without_workspace()[:PROJECTS_AT_ONCE]):
        for name in cloud.storage.buckets(key=cloud.account.key, project=project, region=look.place):
            yield Trace(name, (name,), project=project)


def _comes_by_itself(one: JSON) -> bool:
    """The cloud gives every project a VPC in each region, and a security group in each zone."""
    return bool(getattr(one, "is_default", False) or getattr(one, "project_default", False))


def _trace(one: JSON) -> Trace:
    texts = (str(getattr(one, name, None) or "") for name in ("name", "description"))
    projects = (getattr(one, name, None) for name in ("project_id", "project", "default_project_id"))
    return Trace(
        id=str(getattr(one, "id", None) or one.access_key),
        names=tuple(filter(None, texts)),
        tags=tuple(map(str, getattr(one, "tags", None) or ())),
        project=str(next(filter(None, projects), "")),
    )


def _judged(cloud: Cloud, look: Look, ours: Ours, trace: Trace) -> Difference | None:
    owner = ours.owner(trace)
    if owner is None and MARK not in trace.tags:
        return None
    if look.place not in {"", REGION, cloud.account.zone}:
        home = cloud.account.zone if SORTS[look.kind].scope is Scope.ZONE else REGION
        return _difference(What.STRAY, look, trace, f"ours, outside of {home}", owner)
    if owner is None:
        return None
    if owner not in ours.living:
        return _difference(What.ORPHAN, look, trace, f"{_called(trace)} belongs to no living workspace", owner)
    if not SORTS[look.kind].is_planned:
        return _difference(What.STRAY, look, trace, "it is a workspace's, and no plan makes such a thing", owner)
    return None


def _called(trace: Trace) -> str:
    return next((one for one in (*trace.names, *trace.tags) if workspace_of(one)), trace.id)


def _difference(what: What, look: Look, trace: Trace, detail: str, owner: UUID | None) -> Difference:
    opens = what is What.STRAY
    return Difference(what, look.kind, trace.id, look.place, detail, opens=opens, workspace_id=owner)
