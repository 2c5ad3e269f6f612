"""Where other products meet object storage: snapshots written to it and read from it."""

import hashlib

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.call import Call
from apps.workspaces.fake_scaleway.s3.buckets import Version, current, put
from apps.workspaces.fake_scaleway.s3.errors import S3Error
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

# A disk image of the fake is a short text: its size is told, not stored.
CONTENT = b"exported by the fake"
SMALLEST_DISK = 1_073_741_824


def _bucket(call: Call, name: str) -> Record:
    bucket = call.world.store.get("bucket", name)
    if bucket is None or bucket.organization != call.principal.organization:
        raise errors.invalid_arguments(("bucket", "constraint", "the bucket does not exist"))
    return bucket


def check_export(call: Call, bucket_name: str) -> None:
    """400 unless the bucket exists and is the caller's."""
    _bucket(call, bucket_name)


def export_object(world: World, bucket_name: str, key: str, *, checksum: bool) -> None:
    """Write the object, with or without a recorded checksum; nothing when the bucket is gone meanwhile."""
    bucket = world.store.get("bucket", bucket_name)
    if bucket is None:
        return
    etag = hashlib.md5(CONTENT).hexdigest()  # noqa: S324 - an ETag, not a protection
    version = Version(key, CONTENT, etag, world.clock.now())
    version.checksum = ("CRC32", "AAAAAA==") if checksum else ("", "")
    put(bucket, version, world.clock.now())


def size_of_export(call: Call, bucket_name: str, key: str) -> int:
    """Bytes of the disk in this object; 400 when there is none."""
    try:
        current(_bucket(call, bucket_name), key)
    except S3Error:
        raise errors.invalid_arguments(("key", "constraint", "the object does not exist")) from None
    return SMALLEST_DISK
