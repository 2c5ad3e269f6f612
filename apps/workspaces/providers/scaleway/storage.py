"""Object storage through boto3, under the same rules as the rest of the transport."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from apps.workspaces.providers.base import Exchange, ProviderRefused
from apps.workspaces.providers.scaleway.account import Account
from apps.workspaces.providers.scaleway.errors import Denied, Told, kind_of, lost, over_budget
from apps.workspaces.providers.scaleway.exchange import Guard, Listener
from apps.workspaces.providers.scaleway.place import REGION
from apps.workspaces.providers.scaleway.secrets import DataKey, Key
from apps.workspaces.providers.scaleway.throttle import TokenBucket

JSON = Any
_READING = ("get_", "head_", "list_")
_PAGE = 1000
_PART = 256 * 1024**2
Prepare = Callable[[BaseClient], None]


class Storage:
    """Buckets and objects as the portal, as a workspace's own key, as a stranger, or as nobody.

    `prepare` is called with every client made: tests answer its requests without a socket.
    """

    def __init__(self, account: Account, *, budget: TokenBucket, prepare: Prepare = lambda client: None) -> None:
        if REGION not in account.storage and "127.0.0.1" not in account.storage and "localhost" not in account.storage:
            raise ProviderRefused(f"HDH_SCALEWAY_STORAGE is not in {REGION}.")
        self.account, self._budget, self._prepare = account, budget, prepare
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str, str], BaseClient] = {}
        self.listener: Listener = lambda exchange: None
        self.guard: Guard = lambda: None

    def _client(self, key: Key | None, project: str, region: str) -> BaseClient:
        """One client per key, project and region: `KEY@project` says which project a new bucket goes to, and whose are
        listed. None: unsigned."""
        name = (key.access if key else "", project, region)
        if name not in self._clients:
            if len(self._clients) > 32:
                self._clients.clear()
            signed: dict[str, JSON] = {} if key else {"signature_version": UNSIGNED}
            config = Config(
                connect_timeout=5,
                read_timeout=self.account.patience,
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                **signed,
            )
            client = self._session.client(
                "s3",
                region_name=region,
                endpoint_url=self.account.storage.replace(REGION, region),
                aws_access_key_id=f"{key.access}@{project}" if key and project else key.access if key else None,
                aws_secret_access_key=key.secret.reveal() if key else None,
                config=config,
            )
            self._prepare(client)
            self._clients[name] = client
        return self._clients[name]

    def call(self, name: str, *, key: Key | None, project: str = "", region: str = REGION, **arguments: JSON) -> JSON:
        """One operation of boto3's, asked once. Another region is read only. Raises the types of `errors`."""
        operation = f"{name} {arguments.get('Bucket', '')}"
        changes = not name.startswith(_READING)
        if changes and region != REGION:
            raise ProviderRefused(f"{region} is not {REGION}: nothing was sent.")
        wait = self._budget.take()
        if wait:
            raise over_budget(operation, wait)
        if changes:
            self.guard()
        begin = time.monotonic()
        try:
            answer = getattr(self._client(key, project, region), name)(**arguments)
            if "Body" in answer:
                answer["Body"] = answer["Body"].read()
        except ClientError as error:
            told = _told(operation, error)
            self._tell(operation, told, begin, changes=changes)
            raise kind_of(told.status or 0, {"type": told.code}, changes=changes)(told) from None
        except (BotoCoreError, OSError) as error:
            told = Told(operation, None, type(error).__name__)
            self._tell(operation, told, begin, changes=changes)
            raise lost(operation, type(error).__name__, changes=changes) from None
        self._tell(operation, Told(operation, answer["ResponseMetadata"]["HTTPStatusCode"], ""), begin, changes=changes)
        return answer

    def _tell(self, operation: str, told: Told, begin: float, *, changes: bool) -> None:
        method, _, bucket = operation.partition(" ")
        milliseconds = round((time.monotonic() - begin) * 1000)
        self.listener(Exchange("s3", method, f"/{bucket}", told.status, told.code, "", milliseconds, changes))

    # ---- what the provider needs --------------------------------------------------------------------------------

    def put(self, bucket: str, name: str, content: bytes, *, key: Key, data_key: DataKey) -> None:
        """Store an object under the client's key, with its SHA-256 beside it."""
        digest = hashlib.sha256(content).hexdigest()
        self.call(
            "put_object", key=key, Bucket=bucket, Key=name, Body=content, Metadata={"sha256": digest}, **sse(data_key)
        )

    def put_file(self, bucket: str, name: str, path: Path, digest: str, *, key: Key, data_key: DataKey) -> None:
        """Store a file under the client's key, without holding it in memory; a large one in parts."""
        named = {"Bucket": bucket, "Key": name, **sse(data_key)}
        with path.open("rb") as file:
            if path.stat().st_size <= _PART:
                self.call("put_object", key=key, Body=file, Metadata={"sha256": digest}, **named)
                return
            upload = self.call("create_multipart_upload", key=key, Metadata={"sha256": digest}, **named)["UploadId"]
            parts: list[dict[str, JSON]] = []
            while block := file.read(_PART):
                number = len(parts) + 1
                made = self.call("upload_part", key=key, UploadId=upload, PartNumber=number, Body=block, **named)
                parts.append({"PartNumber": number, "ETag": made["ETag"]})
        whole = {"MultipartUpload": {"Parts": parts}, "UploadId": upload, "Bucket": bucket, "Key": name}
        self.call("complete_multipart_upload", key=key, **whole)

    def get(self, bucket: str, name: str, *, key: Key | None, data_key: DataKey | None) -> bytes:
        """The content of an object."""
        customer = sse(data_key) if data_key else {}
        return bytes(self.call("get_object", key=key, Bucket=bucket, Key=name, **customer)["Body"])

    def digest_of(self, bucket: str, name: str, *, key: Key, data_key: DataKey) -> tuple[int, str]:
        """Size and the SHA-256 kept with an object."""
        head = self.call("head_object", key=key, Bucket=bucket, Key=name, **sse(data_key))
        return int(head["ContentLength"]), str(head["Metadata"].get("sha256", ""))

    def buckets(self, *, key: Key, project: str = "", region: str = REGION) -> list[str]:
        """Names of the buckets of a project (empty: the key's own) in a region."""
        answer = self.call("list_buckets", key=key, project=project, region=region)
        return [str(one["Name"]) for one in answer.get("Buckets", [])]

    def names(self, bucket: str, *, key: Key) -> Iterator[str]:
        """Names of the objects, in order."""
        return iter(self.sizes(bucket, key=key))

    def sizes(self, bucket: str, *, key: Key) -> dict[str, int]:
        """Size of each object by name, in order of names."""
        return {str(one["Key"]): int(one["Size"]) for one in self._listed(bucket, key)}

    def _listed(self, bucket: str, key: Key) -> Iterator[dict[str, JSON]]:
        more: dict[str, JSON] = {}
        while True:
            page = self.call("list_objects_v2", key=key, Bucket=bucket, MaxKeys=_PAGE, **more)
            yield from page.get("Contents", [])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def is_refused(self, name: str, *, key: Key | None, **arguments: JSON) -> bool:
        """Whether an operation is denied (403): what a canary hopes for."""
        try:
            self.call(name, key=key, **arguments)
        except Denied:
            return True
        return False


def sse(data_key: DataKey) -> Mapping[str, JSON]:
    """The arguments of SSE-C: boto3 adds the digest of the key."""
    return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": data_key.raw()}


def _told(operation: str, error: ClientError) -> Told:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    code = str(error.response.get("Error", {}).get("Code", ""))[:60]
    return Told(operation, status, code or f"http_{status}")
