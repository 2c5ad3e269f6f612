"""What arrives in a workspace from outside: objects put into its bucket of work, under its own key, and read back."""

import base64
import hashlib
from typing import Any

from apps.workspaces.providers.base import Job
from apps.workspaces.providers.scaleway.buckets import bucket_name
from apps.workspaces.providers.scaleway.errors import Absent
from apps.workspaces.providers.scaleway.site import Cloud, Site
from apps.workspaces.providers.scaleway.storage import sse
from apps.workspaces.providers.scaleway.vault import data_key


class Arrivals:
    """One workspace's bucket of work as the portal writes to it. Raises ProviderRefused for one that is not prepared,
    and the types of `errors`."""

    def __init__(self, cloud: Cloud, job: Job) -> None:
        site = Site(cloud, job)
        self.bucket = bucket_name(site, "work")
        self._storage, self._key, self._sealed = cloud.storage, cloud.account.key, data_key(site, "objects")

    def put(self, name: str, content: bytes) -> str:
        """Store a whole object; the service checks what it gets against its MD5. Gives the ETag."""
        return str(self._call("put_object", name, Body=content, ContentMD5=_md5(content), **sse(self._sealed))["ETag"])

    def begin(self, name: str) -> str:
        """Begin an object of several blocks; what an earlier beginning left behind is given up. Gives the upload's
        identifier."""
        self.give_up(name)
        return str(self._call("create_multipart_upload", name, **sse(self._sealed))["UploadId"])

    def add(self, name: str, upload: str, number: int, content: bytes) -> str:
        """Store a block; the service checks it against its MD5. Gives its ETag."""
        part = {"UploadId": upload, "PartNumber": number, "Body": content, "ContentMD5": _md5(content)}
        return str(self._call("upload_part", name, **part, **sse(self._sealed))["ETag"])

    def finish(self, name: str, upload: str, etags: list[str]) -> None:
        """Make the object of its blocks."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        self._call("complete_multipart_upload", name, UploadId=upload, MultipartUpload={"Parts": parts})

    def give_up(self, name: str) -> None:
        """Forget the blocks of every upload of this name that was begun and not finished."""
        found = self._storage.call("list_multipart_uploads", key=self._key, Bucket=self.bucket, Prefix=name)
        for upload in found.get("Uploads", []):
            if upload["Key"] == name:
                self._call("abort_multipart_upload", name, UploadId=upload["UploadId"])

    def size_of(self, name: str) -> int | None:
        """The size of an object in bytes; None when there is none."""
        try:
            return int(self._call("head_object", name, **sse(self._sealed))["ContentLength"])
        except Absent:
            return None

    def read(self, name: str, first: int, length: int) -> bytes:
        """A stretch of an object as it lies here."""
        stretch = f"bytes={first}-{first + length - 1}"
        return bytes(self._call("get_object", name, Range=stretch, **sse(self._sealed))["Body"])

    def _call(self, operation: str, name: str, **arguments: Any) -> Any:
        return self._storage.call(operation, key=self._key, Bucket=self.bucket, Key=name, **arguments)


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
