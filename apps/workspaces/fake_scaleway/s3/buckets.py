"""Buckets and object versions as the fake keeps them."""

from dataclasses import dataclass, field
from typing import Any

from apps.workspaces.fake_scaleway.s3.errors import S3Error, no_such_bucket, no_such_key
from apps.workspaces.fake_scaleway.s3.request import S3Request
from apps.workspaces.fake_scaleway.store import Record

JSON = Any


@dataclass
class Version:
    """One version of an object; a delete marker has no content.

    `sse` is the digest of the client's encryption key, if any; `kept` says that it was written under versioning.
    """

    key: str
    content: bytes
    etag: str
    moment: float
    version_id: str = "0"
    marker: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    acl: str = "private"
    grants: str = ""
    storage_class: str = "STANDARD"
    sse: str = ""
    checksum: tuple[str, str] = ("", "")
    kept: bool = False
    locked_until: float = 0.0
    legal_hold: bool = False


def bucket_of(request: S3Request) -> Record:
    """The bucket of the request in the region it was sent to."""
    record = request.world.store.get("bucket", request.bucket)
    if record is None or record.place != request.region:
        raise no_such_bucket(request.bucket, request.path)
    return record


def versions(bucket: Record, key: str) -> list[Version]:
    """Oldest first."""
    found: list[Version] = bucket.hidden["objects"].get(key, [])
    return found


def current(bucket: Record, key: str, version_id: str = "") -> Version:
    """The newest version of an object, or the one asked for."""
    known = versions(bucket, key)
    chosen = [v for v in known if v.version_id == version_id] if version_id else known[-1:]
    if not chosen and version_id:
        text = "The specified version does not exist."
        raise S3Error(404, "NoSuchVersion", text, f"/{bucket.id}/{key}")
    if not chosen or chosen[0].marker:
        raise no_such_key(bucket.id, key)
    return chosen[0]


def live(bucket: Record) -> list[Version]:
    """Current versions in the order of their keys."""
    newest = (found[-1] for found in bucket.hidden["objects"].values() if found)
    return sorted((v for v in newest if not v.marker), key=lambda v: v.key)


def put(bucket: Record, version: Version, now: float) -> Version:
    """Store a version: beside the others when versioning is on, else in place of the one that is not kept.

    Every version has a number, even in a bucket without versioning.
    """
    known = bucket.hidden["objects"].setdefault(version.key, [])
    number = max([int(now * 1_000_000), *(int(v.version_id) + 1 for v in known)])
    version.version_id, version.kept = str(number), bucket.hidden["versioning"] == "Enabled"
    if not version.kept:
        known[:] = [v for v in known if v.kept]
    known.append(version)
    return version


def is_empty(bucket: Record) -> bool:
    return not any(bucket.hidden["objects"].values()) and not bucket.hidden["uploads"]
