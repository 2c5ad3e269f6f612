"""The three buckets of a workspace: the extract (read), the work (read and write), the airlock (write: exports are read
out by the portal alone). Objects are under a key of the client's (SSE-C); a policy names who may come; canaries prove
both. No lifecycle rules: our workers expire objects.
"""

import json
import secrets
from typing import Any

from apps.workspaces.providers.base import Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.errors import Absent, Denied, Invalid
from apps.workspaces.providers.scaleway.identity import api_key, key_in_vault
from apps.workspaces.providers.scaleway.place import REGION, REGIONS_ELSEWHERE
from apps.workspaces.providers.scaleway.secrets import DataKey
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.storage import sse
from apps.workspaces.providers.scaleway.things import SOON, Drift, Seen, Thing
from apps.workspaces.providers.scaleway.vault import data_key

JSON = Any
PURPOSES = ("extract", "work", "airlock")
_MAY = {
    "extract": ["s3:GetObject", "s3:ListBucket"],
    "work": ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"],
    "airlock": ["s3:ListBucket", "s3:PutObject"],
}
_AT_ONCE = 500
CANARY = "canary"


def bucket_name(site: Site, purpose: str) -> str:
    return f"hdh-{site.hex}-{purpose}"


class Bucket(Thing):
    """Created in the workspace's project; its name tells it from all others in the world."""

    def __init__(self, purpose: str) -> None:
        self.kind = f"bucket_{purpose}"  # type: ignore[misc]
        self.purpose = purpose

    def _seen(self, site: Site) -> Seen:
        return Seen(bucket_name(site, self.purpose), {"name": bucket_name(site, self.purpose)})

    def find(self, site: Site) -> list[Seen]:
        try:
            return [self.get(site, bucket_name(site, self.purpose))]
        except Absent:
            return []
        except Denied:
            raise ProviderRefused(f"The bucket {bucket_name(site, self.purpose)} belongs to somebody else.") from None

    def get(self, site: Site, part_id: str) -> Seen:
        site.cloud.storage.call("head_bucket", key=site.cloud.account.key, Bucket=part_id)
        return self._seen(site)

    def create(self, site: Site) -> Seen:
        name = bucket_name(site, self.purpose)
        site.cloud.storage.call(
            "create_bucket", key=site.cloud.account.key, project=site.id_of("project"), Bucket=name, ACL="private"
        )
        return self._seen(site)

    def delete(self, site: Site, seen: Seen) -> None:
        """Some of its objects while it has any, then the bucket itself."""
        storage, key = site.cloud.storage, site.cloud.account.key
        page = storage.call("list_objects_v2", key=key, Bucket=seen.id, MaxKeys=_AT_ONCE)
        names = [{"Key": one["Key"]} for one in page.get("Contents", [])]
        if names:
            storage.call("delete_objects", key=key, Bucket=seen.id, Delete={"Objects": names, "Quiet": True})
            return
        for upload in storage.call("list_multipart_uploads", key=key, Bucket=seen.id).get("Uploads", []):
            storage.call(
                "abort_multipart_upload", key=key, Bucket=seen.id, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        storage.call("delete_bucket", key=key, Bucket=seen.id)


# ---- policies -------------------------------------------------------------------------------------------------------


def wanted_policy(site: Site, purpose: str) -> dict[str, JSON]:
    name = bucket_name(site, purpose)
    both = [name, f"{name}/*"]
    application = f"application_id:{site.id_of('application')}"
    return {
        "Version": "2023-04-17",
        "Id": "hdh",
        "Statement": [
            _allowed("portal", site.cloud.myself, ["s3:*"], both),
            _allowed("workspace", application, _MAY[purpose], both),
        ],
    }


def _allowed(name: str, principal: str, actions: list[str], resources: list[str]) -> dict[str, JSON]:
    who = {"SCW": [principal]}
    return {"Sid": name, "Effect": "Allow", "Principal": who, "Action": actions, "Resource": resources}


def _plain(value: JSON) -> JSON:
    """A policy in one form: the service writes lists of one without brackets."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in sorted(value.items())}
    if isinstance(value, list):
        return _plain(value[0]) if len(value) == 1 else sorted((_plain(one) for one in value), key=json.dumps)
    return value


def policy_drift(site: Site, purpose: str) -> list[Drift]:
    """How policy, lifecycle and grants of a bucket differ from what they should be."""
    storage, key, name = site.cloud.storage, site.cloud.account.key, bucket_name(site, purpose)
    found = []
    try:
        policy = json.loads(storage.call("get_bucket_policy", key=key, Bucket=name)["Policy"])
    except (Absent, ValueError):
        policy = {}
    if _plain(policy.get("Statement")) != _plain(wanted_policy(site, purpose)["Statement"]):
        found.append(Drift(f"the policy of the bucket {purpose} is not the portal's", opens=True))
    grants = storage.call("get_bucket_acl", key=key, Bucket=name).get("Grants", [])
    if any("AllUsers" in str(one.get("Grantee", {}).get("URI", "")) for one in grants):
        found.append(Drift(f"the bucket {purpose} is open to everybody", opens=True))
    try:
        storage.call("get_bucket_lifecycle_configuration", key=key, Bucket=name)
        found.append(Drift(f"the bucket {purpose} has lifecycle rules"))
    except Absent:
        return found
    return found


def bucket_policies(site: Site) -> Made | NotYet:
    """Each bucket names who may come, and nobody else may."""
    storage, key = site.cloud.storage, site.cloud.account.key
    wrong = [purpose for purpose in PURPOSES if policy_drift(site, purpose)]
    for purpose in wrong:
        name = bucket_name(site, purpose)
        storage.call("put_bucket_acl", key=key, Bucket=name, ACL="private")
        storage.call("delete_bucket_lifecycle", key=key, Bucket=name)
        storage.call("put_bucket_policy", key=key, Bucket=name, Policy=json.dumps(wanted_policy(site, purpose)))
    return NotYet(SOON, "bucket policies set, read back next") if wrong else Made()


# ---- canaries -------------------------------------------------------------------------------------------------------


def bucket_canaries(site: Site) -> Made | NotYet:
    """An object in each bucket: its own key reads it where it may, nobody else, and nobody without the client's key.

    The key in the vault is made sure of first: a worker that was overtaken may have left another one there."""
    only_key = api_key(site)
    if isinstance(only_key, NotYet):
        return only_key
    sealed = data_key(site, "objects")
    for purpose in PURPOSES:
        name, content = bucket_name(site, purpose), secrets.token_bytes(32)
        site.cloud.storage.put(name, CANARY, content, key=site.cloud.account.key, data_key=sealed)
        problem = _problem(site, purpose, content, sealed)
        site.cloud.storage.call("delete_object", key=site.cloud.account.key, Bucket=name, Key=CANARY)
        if problem:
            raise ProviderRefused(f"The bucket {purpose} is not closed: {problem}.")
    if not _own_key_reads(site, sealed):
        return NotYet(SOON * 5, "the API key is not known to object storage yet")
    return Made((("canaries", site.hex, {"buckets": str(len(PURPOSES)), "refused": "anonymous, stranger, no key"}),))


def _problem(site: Site, purpose: str, content: bytes, sealed: DataKey) -> str:
    storage, name = site.cloud.storage, bucket_name(site, purpose)
    reading = {"Bucket": name, "Key": CANARY, **sse(sealed)}
    if not storage.is_refused("get_object", key=None, **reading):
        return "anybody reads it"
    if not storage.is_refused("get_object", key=site.cloud.account.stranger, **reading):
        return "the key of a stranger reads it"
    if not storage.is_refused("put_object", key=site.cloud.account.stranger, Body=b"x", **reading):
        return "the key of a stranger writes to it"
    try:
        plain = storage.get(name, CANARY, key=site.cloud.account.key, data_key=None)
    except (Invalid, Denied):
        return ""
    return "objects are readable without their key" if content in plain else ""


def _own_key_reads(site: Site, sealed: DataKey) -> bool:
    """The workspace's own key lists and reads what it may. New keys take a moment to be known everywhere."""
    key = key_in_vault(site)
    storage, name = site.cloud.storage, bucket_name(site, "extract")
    content = secrets.token_bytes(32)
    storage.put(name, CANARY, content, key=site.cloud.account.key, data_key=sealed)
    try:
        return storage.get(name, CANARY, key=key, data_key=sealed) == content
    except Denied:
        return False
    finally:
        storage.call("delete_object", key=site.cloud.account.key, Bucket=name, Key=CANARY)


def strange_buckets(site: Site) -> list[Drift]:
    """Buckets of the workspace's project beyond its three, in any region: the key inside may write to every bucket of
    the project, and no policy of ours says who may read these."""
    mine = {bucket_name(site, purpose) for purpose in PURPOSES}
    storage, key, project = site.cloud.storage, site.cloud.account.key, site.id_of("project")
    return [
        Drift(f"the bucket {name} in {region} is none of its three", opens=True)
        for region in (REGION, *REGIONS_ELSEWHERE)
        for name in storage.buckets(key=key, project=project, region=region)
        if name not in mine or region != REGION
    ]
