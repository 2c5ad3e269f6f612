"""Project, key and secret: what a workspace stands on.

Key and secret live in the hub's project: after a deletion they answer for days more, which would hold the workspace's
own project back; and so no permission inside the workspace reaches what unlocks it.
"""

from scaleway.key_manager.v1alpha1 import Key as CloudKey
from scaleway.key_manager.v1alpha1 import KeyOrigin, KeyUsage
from scaleway.secret.v1beta1 import Secret

from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import Drift, Seen, Thing


class Project(Thing):
    kind = "project"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.projects.list_projects_all(name=site.name())
        return [_project(one.id, one.name, str(one.created_at)) for one in found if one.name == site.name()]

    def get(self, site: Site, part_id: str) -> Seen:
        one = site.cloud.projects.get_project(project_id=part_id)
        return _project(one.id, one.name, str(one.created_at))

    def create(self, site: Site) -> Seen:
        one = site.cloud.projects.create_project(name=site.name(), description="Health Data Hub workspace")
        return _project(one.id, one.name, str(one.created_at))

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.projects.delete_project(project_id=seen.id)


def _project(part_id: str, name: str, made: str) -> Seen:
    return Seen(part_id, {"name": name}, made=made)


NEXT, FORMER = "next_key", "former_key"
"""Where the ledger holds the two other keys that there may be while the key is renewed."""
WITHOUT_MATERIAL = "pending_key_material"


class Key(Thing):
    """The key of keys: external origin, so that its material can be destroyed at once and for good."""

    kind = "key"

    def find(self, site: Site) -> list[Seen]:
        """Those of this kind, without the ones that a renewal has given another part."""
        others = {
            known.external_id for kind in ("key", NEXT, FORMER) if kind != self.kind and (known := site.known(kind))
        }
        return [one for one in _listed(site, site.tags(self.kind)) if one.id not in others]

    def unused(self, site: Site) -> list[Seen]:
        """Keys that never had any material and have no part: a worker that was overtaken made another next key."""
        parts = {known.external_id for kind in (self.kind, NEXT, FORMER) if (known := site.known(kind))}
        if site.is_settling(NEXT):
            return []
        empty = (one for one in keys_of_workspace(site) if one.facts["state"] == WITHOUT_MATERIAL)
        return [one for one in empty if one.id not in parts]

    def to_remove(self, site: Site) -> list[Seen]:
        return keys_of_workspace(site)

    def get(self, site: Site, part_id: str) -> Seen:
        return _key(site.cloud.keys.get_key(key_id=part_id))

    def create(self, site: Site) -> Seen:
        return _key(
            site.cloud.keys.create_key(
                unprotected=True,
                project_id=site.cloud.account.hub_project,
                name=site.name(self.kind),
                usage=KeyUsage(symmetric_encryption="aes_256_gcm"),
                tags=site.tags(self.kind),
                origin=KeyOrigin.EXTERNAL,
            )
        )

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        return [Drift("the key is disabled")] if seen.facts["state"] == "disabled" else []

    def repair(self, site: Site, seen: Seen) -> None:
        site.cloud.keys.enable_key(key_id=seen.id)

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.keys.delete_key(key_id=seen.id)

    def is_gone(self, seen: Seen) -> bool:
        return bool(seen.facts.get("deletion_requested_at"))


class NextKey(Key):
    """The key that takes the place of the key."""

    kind = NEXT


def keys_of_workspace(site: Site) -> list[Seen]:
    """Every key of the workspace, whatever its part."""
    return _listed(site, site.tags("key")[:2])


def _listed(site: Site, tags: list[str]) -> list[Seen]:
    hub = site.cloud.account.hub_project
    found = site.cloud.keys.list_keys_all(scheduled_for_deletion=False, project_id=hub, tags=tags)
    return [_key(one) for one in found]


def _key(one: CloudKey) -> Seen:
    asked = str(one.deletion_requested_at) if one.deletion_requested_at else ""
    facts = {"name": one.name, "state": str(one.state), "deletion_requested_at": asked}
    return Seen(one.id, facts, made=str(one.created_at), raw=one)


class Vault(Thing):
    """The secret in which the workspace's API key waits for the portal: its secret half is shown only once."""

    kind = "secret"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.secrets.list_secrets_all(
            scheduled_for_deletion=False, project_id=site.cloud.account.hub_project, name=site.name(self.kind)
        )
        return [_secret(one) for one in found]

    def get(self, site: Site, part_id: str) -> Seen:
        return _secret(site.cloud.secrets.get_secret(secret_id=part_id))

    def create(self, site: Site) -> Seen:
        return _secret(
            site.cloud.secrets.create_secret(
                name=site.name(self.kind),
                protected=False,
                project_id=site.cloud.account.hub_project,
                tags=site.tags(self.kind),
                description="API key of a workspace",
            )
        )

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.secrets.delete_secret(secret_id=seen.id)

    def is_gone(self, seen: Seen) -> bool:
        return bool(seen.facts.get("deletion_requested_at"))


def _secret(one: Secret) -> Seen:
    asked = str(one.deletion_requested_at) if one.deletion_requested_at else ""
    facts = {"name": one.name, "state": str(one.status), "deletion_requested_at": asked}
    return Seen(one.id, facts, made=str(one.created_at), raw=one)
