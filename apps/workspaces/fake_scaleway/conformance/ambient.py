"""What was in the recorded account before the recording began: found in the fake's first-day account, or made there.

A recording names the default project, the marketplace's images, other people or older secrets without having created
them. Each such identifier is bound once to a resource of the same kind in the fake.
"""

from collections.abc import Iterator
from typing import Any

from apps.workspaces.fake_scaleway.call import Call
from apps.workspaces.fake_scaleway.conformance.scenario import Scenario
from apps.workspaces.fake_scaleway.conformance.translate import likeness
from apps.workspaces.fake_scaleway.kinds import Kind, make
from apps.workspaces.fake_scaleway.products.account import PROJECT
from apps.workspaces.fake_scaleway.products.secret import SECRET
from apps.workspaces.fake_scaleway.seeds import seed_user
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

JSON = Any
# The last word of a key, or the path segment before an identifier, and the kind it names.
KINDS = {
    "organization_id": "organization",
    "organization": "organization",
    "organizations": "organization",
    "project_id": "project",
    "project_ids": "project",
    "default_project_id": "project",
    "project": "project",
    "projects": "project",
    "image": "image",
    "images": "image",
    "users": "user",
    "user_ids": "user",
    "user_id": "user",
    "secrets": "secret",
    "vpcs": "vpc",
}


class Ambient:
    """Binds the unseen identifiers of one scenario; `is_missing` while a step plays that was answered 404."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world = world
        self._scenario = scenario
        self._bound: set[str] = set()
        self._organizations: set[str] = set()
        self.is_missing = False

    def bind(self, recorded: str, role: str) -> str | None:
        """The fake's identifier for a recorded one that nothing has created, None when its kind is not known."""
        kind = KINDS.get(role.rpartition(".")[2])
        if kind == "organization":
            self._organizations.add(recorded)
            return self._world.organization
        if kind == "project":
            return self._project(recorded)
        if self.is_missing:
            return None
        if kind in ("image", "user", "vpc"):
            return self._seeded(kind, recorded)
        return self._secret() if kind == "secret" else None

    def _project(self, recorded: str) -> str:
        """The default project has the organization's own identifier; the first one named is taken for it."""
        default = self._world.default_project
        if recorded in self._organizations or default not in self._bound:
            self._bound.add(default)
            return default
        return self._new(
            PROJECT,
            {
                "name": f"ambient-{len(self._bound)}",
                "description": "",
                "qualification": {"architecture_type": "unknown_architecture_type"},
            },
        ).id

    def _seeded(self, kind: str, recorded: str) -> str | None:
        """The seeded resource that resembles the recorded one most."""
        hint = next(self._seen(recorded), {})
        free = [r for r in self._world.store.all(kind) if r.hidden.get("seeded") and r.id not in self._bound]
        zone = hint.get("zone")
        candidates = [r for r in free if zone in (None, r.place)] or free
        if kind == "user" and not candidates:
            candidates = [seed_user(self._world, str(hint.get("type") or "member"))]
        if not candidates:
            return None
        best = max(candidates, key=lambda record: _resemblance(hint, record.body))
        if kind == "user":
            self._bound.add(best.id)
        return best.id

    def _seen(self, identifier: str) -> Iterator[dict[str, JSON]]:
        """Objects of this identifier anywhere in the recorded answers."""
        for step in self._scenario.steps:
            yield from (item for item in _objects(step.response) if item.get("id") == identifier and len(item) > 2)

    def _secret(self) -> str:
        body: dict[str, JSON] = {
            "name": f"ambient-{len(self._bound)}", "status": "ready", "tags": [], "description": "", "managed": False,
            "type": "opaque", "protected": False, "path": "/", "ephemeral_policy": None, "used_by": [],
            "deletion_requested_at": None, "key_id": None, "region": "fr-par",
            "project_id": self._world.default_project,
        }  # fmt: skip
        record = self._new(SECRET, body, region="fr-par")
        now = self._world.now_text()
        version = {
            "revision": 1, "secret_id": record.id, "status": "enabled", "created_at": now, "updated_at": now,
            "deleted_at": None, "description": "", "latest": True, "ephemeral_properties": None,
            "deletion_requested_at": None, "region": "fr-par", "data": "YW1iaWVudA==",
        }  # fmt: skip
        record.hidden["versions"] = [version]
        return record.id

    def _new(self, kind: Kind, body: dict[str, JSON], **place: str) -> Record:
        call = Call(self._world, "ambient", kind.product, "write", place, [], {}, self._world.owner())
        record = make(call, kind, body, project="" if kind is PROJECT else None)
        record.hidden["seeded"] = True
        if kind is PROJECT:
            record.project = record.id
            record.body["organization_id"] = self._world.organization
        self._bound.add(record.id)
        return record


def _objects(value: JSON) -> Iterator[dict[str, JSON]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _resemblance(hint: dict[str, JSON], body: dict[str, JSON]) -> float:
    """The name counts most, then what the root volume is, then everything else."""
    left, right = hint.get("root_volume") or {}, body.get("root_volume") or {}
    same_root = left.get("volume_type") == right.get("volume_type")
    return 40 * (hint.get("name") == body.get("name")) + 20 * same_root + likeness(hint, body)
