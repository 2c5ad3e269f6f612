"""Who the workspace is for the cloud: an application that may touch objects of its own project, and nothing else."""

import base64
import json
from datetime import datetime, timedelta

from scaleway.iam.v1alpha1 import APIKey, Application, Policy, RuleSpecs

from apps.workspaces.providers.base import Made, NotYet
from apps.workspaces.providers.scaleway.errors import Absent, Away, Told
from apps.workspaces.providers.scaleway.secrets import Hidden, Key
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import SOON, Drift, Seen, Thing

PERMISSIONS = ["ObjectStorageObjectsRead", "ObjectStorageObjectsWrite", "ObjectStorageObjectsDelete"]
KEY_LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=14)


class App(Thing):
    kind = "application"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.iam.list_applications_all(name=site.name(self.kind))
        return [_application(one) for one in found if one.name == site.name(self.kind)]

    def get(self, site: Site, part_id: str) -> Seen:
        return _application(site.cloud.iam.get_application(application_id=part_id))

    def create(self, site: Site) -> Seen:
        return _application(
            site.cloud.iam.create_application(
                description="Health Data Hub workspace", name=site.name(self.kind), tags=site.tags(self.kind)
            )
        )

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.iam.delete_application(application_id=seen.id)


def _application(one: Application) -> Seen:
    return Seen(one.id, {"name": one.name}, made=str(one.created_at), raw=one)


class Rights(Thing):
    kind = "policy"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.iam.list_policies_all(policy_name=site.name(self.kind))
        return [_policy(one) for one in found if one.name == site.name(self.kind)]

    def get(self, site: Site, part_id: str) -> Seen:
        return _policy(site.cloud.iam.get_policy(policy_id=part_id))

    def create(self, site: Site) -> Seen:
        return _policy(
            site.cloud.iam.create_policy(
                description="Objects of its own project",
                name=site.name(self.kind),
                rules=[self._rule(site)],
                tags=site.tags(self.kind),
                application_id=site.id_of("application"),
            )
        )

    def _rule(self, site: Site) -> RuleSpecs:
        return RuleSpecs(permission_set_names=PERMISSIONS, condition="", project_ids=[site.id_of("project")])

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        rules = site.cloud.iam.list_rules_all(policy_id=seen.id)
        wanted = [(sorted(PERMISSIONS), [site.id_of("project")])]
        is_right = [(sorted(one.permission_set_names or []), one.project_ids) for one in rules] == wanted
        holder = seen.raw.application_id == site.id_of("application")
        return [] if is_right and holder else [Drift("it grants other rights than those of a workspace", opens=True)]

    def repair(self, site: Site, seen: Seen) -> None:
        if seen.raw.application_id != site.id_of("application"):
            site.cloud.iam.update_policy(policy_id=seen.id, application_id=site.id_of("application"))
        site.cloud.iam.set_rules(policy_id=seen.id, rules=[self._rule(site)])

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.iam.delete_policy(policy_id=seen.id)


def _policy(one: Policy) -> Seen:
    return Seen(one.id, {"name": one.name}, made=str(one.created_at), raw=one)


# ---- the API key: delete all, then create ---------------------------------------------------------------------------


def keys_of(site: Site) -> list[APIKey]:
    """Every API key of the workspace's application, whoever made it."""
    known = site.known("application")
    ids = [known.external_id] if known else [one.id for one in App().find(site)]
    return [key for one in ids for key in site.cloud.iam.list_api_keys_all(bearer_id=one)]


def key_in_vault(site: Site) -> Key:
    """The workspace's API key, from the secret. Raises Absent when there is none."""
    answer = site.cloud.secrets.access_secret_version(secret_id=site.id_of("secret"), revision="latest_enabled")
    try:
        value = json.loads(base64.b64decode(answer.data))
        return Key(str(value["access_key"]), Hidden(str(value["secret_key"])))
    except (ValueError, KeyError, TypeError):
        raise Away(Told("secret", 200, "unreadable_content")) from None


def api_key(site: Site, *, generation: str = "") -> Made | NotYet:
    """One key, known to the vault, that does not end soon; with `generation`, one made for this very operation."""
    known = site.known("api_key")
    present = keys_of(site)
    if known and [one.access_key for one in present] == [known.external_id] and _serves(site, present[0], generation):
        return Made((("api_key", known.external_id, known.facts),))
    if present:
        _delete(site, present)
        return NotYet(SOON, "former API keys deleted")
    if site.is_settling("api_key"):
        return NotYet(timedelta(seconds=2), "api_key: an answer was lost, looking whether it was made")
    _make(site, generation)
    return NotYet(SOON, "API key made, read back next")


def _serves(site: Site, key: APIKey, generation: str) -> bool:
    known = site.known("api_key")
    if known is None or (generation and known.facts.get("generation") != generation):
        return False
    ends = key.expires_at
    if ends is None or ends - site.cloud.now() < RENEW_BEFORE:
        return False
    try:
        return key_in_vault(site).access == str(key.access_key)
    except Absent:
        return False


def _make(site: Site, generation: str) -> None:
    ends: datetime = site.cloud.now() + KEY_LIFE
    site.job.notebook.about_to("api_key", site.cloud.now())
    key = site.cloud.iam.create_api_key(
        description=site.name(),
        application_id=site.id_of("application"),
        expires_at=ends,
        default_project_id=site.id_of("project"),
    )
    content = json.dumps({"access_key": key.access_key, "secret_key": key.secret_key}).encode()
    site.cloud.secrets.create_secret_version(
        secret_id=site.id_of("secret"), data=base64.b64encode(content).decode(), disable_previous=True
    )
    site.keep("api_key", key.access_key, {"expires_at": ends.isoformat(), "generation": generation})


def _delete(site: Site, keys: list[APIKey]) -> None:
    for one in keys:
        site.cloud.iam.delete_api_key(access_key=one.access_key)


def remove_api_keys(site: Site) -> Made | NotYet:
    """None is left, and the one of the ledger answers 404."""
    present = keys_of(site)
    if present:
        _delete(site, present)
        return NotYet(SOON, "API keys deleted, looking whether they are gone")
    if site.is_settling("api_key"):
        return NotYet(timedelta(seconds=2), "api_key: an answer was lost, looking whether it was made")
    known = site.known("api_key")
    if known is not None:
        try:
            site.cloud.iam.get_api_key(access_key=known.external_id)
            return NotYet(SOON, "the API key still answers")
        except Absent:
            site.job.notebook.forget("api_key")
    return Made()


def strange_keys(site: Site) -> list[Drift]:
    """Keys of the application that the portal did not make."""
    known = site.known("api_key")
    mine = known.external_id if known else ""
    return [
        Drift(f"API key {one.access_key} is not the portal's", opens=True)
        for one in keys_of(site)
        if one.access_key != mine
    ]
