"""A new key for the objects: each is copied onto itself within object storage, from the old key of the client's to the
new one, some at a time; large ones in parts. Content never leaves the storage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.workspaces.providers.base import Made, NotYet
from apps.workspaces.providers.scaleway.buckets import PURPOSES, bucket_name
from apps.workspaces.providers.scaleway.errors import Absent, Denied, Invalid, Throttled
from apps.workspaces.providers.scaleway.secrets import DataKey
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.storage import sse
from apps.workspaces.providers.scaleway.things import SOON
from apps.workspaces.providers.scaleway.vault import (
    data_key,
    is_renewed,
    known_data_keys,
    next_object_key,
    note_resealed,
    resealed_up_to,
    swap_object_key,
)

JSON = Any
LARGEST_COPY = 5 * 1024**3
"""Bytes that object storage copies in one request; what is larger is copied in parts."""
PART = 512 * 1024**2
MOST_PARTS = 1000
_AT_ONCE = 100
_PARTS_AT_ONCE = 4
_GOES_ON = "objects are being sealed with the new key"


@dataclass(frozen=True)
class _Object:
    bucket: str
    name: str
    size: int

    @property
    def named(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.name}

    @property
    def place(self) -> tuple[str, str]:
        return (self.bucket, self.name)


@dataclass(frozen=True)
class _Keys:
    """From the old one to the new one, as arguments of a copy."""

    old: DataKey
    new: DataKey

    def of_copy(self, source: _Object) -> dict[str, JSON]:
        return {
            "CopySource": source.named,
            "CopySourceSSECustomerAlgorithm": "AES256",
            "CopySourceSSECustomerKey": self.old.raw(),
            **sse(self.new),
        }


def renew_object_key(site: Site) -> Made | NotYet:
    """Seal every object with a new key, then make the new key the key."""
    generation = str(site.job.generation)
    if is_renewed(site, generation):
        return Made()
    next_object_key(site, generation)
    return _reseal_all(site)


def finish_renewal(site: Site) -> Made | NotYet:
    """Complete a renewal that another operation cut short: until then some objects are under one key and some under the
    other."""
    return _reseal_all(site) if "_next" in known_data_keys(site).facts else Made()


def _reseal_all(site: Site) -> Made | NotYet:
    keys = _Keys(data_key(site, "objects"), data_key(site, "next"))
    done, last = 0, resealed_up_to(site)
    for one in (each for each in _objects(site) if each.place > last):
        try:
            whole = _opens(site, one, keys.new) or _reseal(site, one, keys)
        except Throttled as throttled:
            note_resealed(site, last)
            return NotYet(throttled.after or SOON, _GOES_ON)
        if not whole:
            note_resealed(site, last)
            return NotYet(why=_GOES_ON)
        done, last = done + 1, one.place
        if done >= _AT_ONCE:
            note_resealed(site, last)
            return NotYet(why=_GOES_ON)
    swap_object_key(site)
    return Made()


def _objects(site: Site) -> Iterator[_Object]:
    for purpose in sorted(PURPOSES):
        bucket = bucket_name(site, purpose)
        sizes = site.cloud.storage.sizes(bucket, key=site.cloud.account.key)
        yield from (_Object(bucket, name, size) for name, size in sizes.items())


def _opens(site: Site, one: _Object, key: DataKey) -> bool:
    try:
        _ask(site, "head_object", one, **sse(key))
    except (Denied, Invalid):
        return False
    return True


def _reseal(site: Site, one: _Object, keys: _Keys) -> bool:
    """Copy it onto itself, or as much of it as one step copies; says whether it is whole."""
    if one.size > LARGEST_COPY:
        return _reseal_in_parts(site, one, keys)
    _ask(site, "copy_object", one, **keys.of_copy(one))
    return True


def _ask(site: Site, operation: str, one: _Object, **arguments: JSON) -> JSON:
    return site.cloud.storage.call(operation, key=site.cloud.account.key, **one.named, **arguments)


# ---- in parts -------------------------------------------------------------------------------------------------------


def _reseal_in_parts(site: Site, one: _Object, keys: _Keys) -> bool:
    """The object stays as it is until its last part is copied; then all of it is under the new key at once."""
    head = _ask(site, "head_object", one, **sse(keys.old))
    upload = _upload_of(site, one, keys, head)
    there = {int(part["PartNumber"]): str(part["ETag"]) for part in _parts(site, one, upload)}
    ranges = _ranges(one.size)
    for number in [number for number in ranges if number not in there][:_PARTS_AT_ONCE]:
        there[number] = _copy_part(site, one, keys, upload, number, ranges[number], head["ETag"])
    if len(there) < len(ranges):
        return False
    parts = [{"PartNumber": number, "ETag": there[number]} for number in ranges]
    _ask(site, "complete_multipart_upload", one, UploadId=upload, MultipartUpload={"Parts": parts})
    return True


def _copy_part(site: Site, one: _Object, keys: _Keys, upload: str, number: int, stretch: str, etag: str) -> str:
    """Copied only from the very object that was looked at."""
    part = {"UploadId": upload, "PartNumber": number, "CopySourceRange": stretch, "CopySourceIfMatch": etag}
    return str(_ask(site, "upload_part_copy", one, **part, **keys.of_copy(one))["CopyPartResult"]["ETag"])


def _ranges(size: int) -> dict[int, str]:
    """Stretch of each part by its number: as many as are needed, at most a thousand."""
    step = max(PART, -(-size // MOST_PARTS))
    starts = range(0, size, step)
    return {number: f"bytes={at}-{min(at + step, size) - 1}" for number, at in enumerate(starts, start=1)}


def _upload_of(site: Site, one: _Object, keys: _Keys, head: JSON) -> str:
    """The upload that an earlier step began for this object with this key; anything else that was begun is given up."""
    known, found = known_data_keys(site), ""
    listed = site.cloud.storage.call(
        "list_multipart_uploads", key=site.cloud.account.key, Bucket=one.bucket, Prefix=one.name
    )
    for upload in [each["UploadId"] for each in listed.get("Uploads", []) if each["Key"] == one.name]:
        if upload == known.facts.get("upload") and known.facts.get("upload_etag") == head["ETag"]:
            found = upload
        else:
            _ask(site, "abort_multipart_upload", one, UploadId=upload)
    if found:
        return found
    kept = {"Metadata": head.get("Metadata", {}), "ContentType": head.get("ContentType", "binary/octet-stream")}
    made = str(_ask(site, "create_multipart_upload", one, **kept, **sse(keys.new))["UploadId"])
    site.keep("data_keys", known.external_id, {**known.facts, "upload": made, "upload_etag": head["ETag"]})
    return made


def _parts(site: Site, one: _Object, upload: str) -> list[JSON]:
    try:
        return list(_ask(site, "list_parts", one, UploadId=upload).get("Parts", []))
    except Absent:
        return []
