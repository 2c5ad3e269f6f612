"""Object storage as a whole: which request is which operation, who signed it, and the life of buckets."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from apps.workspaces.fake_scaleway import errors as api_errors
from apps.workspaces.fake_scaleway.access import NOBODY, Principal, allows, bearer
from apps.workspaces.fake_scaleway.s3 import configurations, listing, multipart, objects, sigv4
from apps.workspaces.fake_scaleway.s3.acl import asked_acl
from apps.workspaces.fake_scaleway.s3.buckets import bucket_of, is_empty
from apps.workspaces.fake_scaleway.s3.errors import S3Error, access_denied
from apps.workspaces.fake_scaleway.s3.policy import authorize
from apps.workspaces.fake_scaleway.s3.request import S3Reply, S3Request
from apps.workspaces.fake_scaleway.store import Record
from apps.workspaces.fake_scaleway.world import World

Operation = Callable[[S3Request], S3Reply]
REGIONS = ("fr-par", "nl-ams", "pl-waw", "it-mil")
HOST = re.compile(r"(?:(?P<bucket>[a-z0-9.-]+)\.)?s3\.(?P<region>[a-z]{2}-[a-z]{3})\.scw\.cloud")
LEGAL_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def split(world: World, host: str, raw_path: str, claimed_region: str | None) -> tuple[str, str, str]:
    """Region, bucket and key of a request, by host name (bucket.s3.region…) or by path.

    On a host that names no region, the signature's region counts, else that of the bucket.
    """
    named = HOST.fullmatch(host.partition(":")[0])
    path = unquote(raw_path).lstrip("/")
    bucket, _, key = (named["bucket"], "", path) if named and named["bucket"] else path.partition("/")
    known = world.store.get("bucket", bucket)
    region = named["region"] if named else claimed_region or (known.place if known else REGIONS[0])
    return region, bucket, key


def handle(
    world: World,
    method: str,
    host: str,
    raw_path: str,
    query: list[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> tuple[str, Principal, Callable[[], S3Reply]]:
    """The operation's name, the caller, and what performs it; S3Error when the signature is refused."""
    plain = {name.lower(): value for name, value in headers.items()}
    try:
        credential = sigv4.credential_of(plain, query)
        region, bucket, key = split(world, host, raw_path, credential.region if credential else None)
        request = S3Request(world, method, raw_path, query, plain, body, region, bucket, key)
        if credential is not None:
            request.principal = _signer(request, credential)
    except sigv4.SignatureError as refusal:
        raise S3Error(403, str(refusal), "The request signature cannot be accepted", raw_path) from None
    if plain.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        request.body = sigv4.unchunked(body)
    name, operation = operation_of(request)
    return f"s3.{name}", request.principal, lambda: operation(request)


def _signer(request: S3Request, credential: sigv4.Credential) -> Principal:
    """The bearer of the key that signed; `KEY@project` chooses the project that new buckets go to."""
    access_key, _, project = credential.access_key.partition("@")
    key = request.world.store.get("api_key", access_key)
    if key is None:
        raise S3Error(403, "InvalidAccessKeyId", "The access key does not exist", request.path)
    try:
        principal = bearer(request.world, key)
    except api_errors.ApiError:
        raise S3Error(403, "InvalidAccessKeyId", "The access key is not valid any more", request.path) from None
    sigv4.check(
        credential,
        key.hidden["secret_key"],
        method=request.method,
        raw_path=request.raw_path,
        query=request.query,
        headers=request.headers,
        body=request.body,
        now=request.world.clock.now(),
    )
    if project:
        return Principal(**{**vars(principal), "default_project": project})
    return principal


# ---- buckets ------------------------------------------------------------------------------------------------------


def create_bucket(request: S3Request) -> S3Reply:
    world, principal = request.world, request.principal
    project = principal.default_project
    if principal == NOBODY or not allows(world, principal, "s3", "write", project):
        raise access_denied(request.path)
    if not LEGAL_NAME.fullmatch(request.bucket):
        raise S3Error(400, "InvalidBucketName", "The specified bucket is not valid.", request.path)
    known = world.store.get("bucket", request.bucket)
    if known is not None:
        mine = known.organization == principal.organization
        code = "BucketAlreadyOwnedByYou" if mine else "BucketAlreadyExists"
        raise S3Error(409, code, "The requested bucket name is not available.", request.path)
    try:
        world.limits.check(world, "bucket")
    except api_errors.ApiError:
        raise S3Error(400, "TooManyBuckets", "You have attempted to create too many buckets", request.path) from None
    record = Record("bucket", request.bucket, request.region, {}, project, principal.organization)
    record.hidden.update(
        objects={}, uploads={}, configurations={}, versioning="", policy=None, grants="", created=world.clock.now()
    )
    record.hidden["acl"] = asked_acl(S3Request(**{**vars(request), "body": b""}))[0]
    if request.header("x-amz-bucket-object-lock-enabled").lower() == "true":
        record.hidden["configurations"]["object-lock"] = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"
        record.hidden["versioning"] = "Enabled"
    world.store.add(record)
    return S3Reply(200, b"", {"Location": f"/{request.bucket}"})


def delete_bucket(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:DeleteBucket")
    if not is_empty(bucket):
        raise S3Error(409, "BucketNotEmpty", "The bucket that you tried to delete is not empty.", request.path)
    request.world.store.remove(bucket)
    return S3Reply(204)


def head_bucket(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:ListBucket", listing.is_public(bucket))
    return S3Reply(200, b"", {"x-amz-bucket-region": bucket.place})


def not_implemented(request: S3Request) -> S3Reply:
    raise S3Error(
        501, "NotImplemented", "A header you provided implies functionality that is not implemented", request.path
    )


# ---- which request is which ---------------------------------------------------------------------------------------


def _stored(name: str, verb: str) -> Operation:
    return lambda request: getattr(configurations.STORED[name], verb)(request, name)


BUCKET: dict[tuple[str, str], tuple[str, Operation]] = {
    ("PUT", ""): ("create_bucket", create_bucket),
    ("DELETE", ""): ("delete_bucket", delete_bucket),
    ("HEAD", ""): ("head_bucket", head_bucket),
    ("GET", ""): ("list_objects", listing.list_objects),
    ("GET", "list-type"): ("list_objects_v2", listing.list_objects),
    ("GET", "versions"): ("list_object_versions", listing.list_versions),
    ("GET", "uploads"): ("list_multipart_uploads", multipart.list_uploads),
    ("GET", "location"): ("get_bucket_location", configurations.get_location),
    ("POST", "delete"): ("delete_objects", objects.delete_objects),
    ("GET", "versioning"): ("get_bucket_versioning", configurations.get_versioning),
    ("PUT", "versioning"): ("put_bucket_versioning", configurations.put_versioning),
    ("GET", "policy"): ("get_bucket_policy", configurations.get_policy),
    ("PUT", "policy"): ("put_bucket_policy", configurations.put_policy),
    ("DELETE", "policy"): ("delete_bucket_policy", configurations.delete_policy),
    ("GET", "acl"): ("get_bucket_acl", configurations.get_acl),
    ("PUT", "acl"): ("put_bucket_acl", configurations.put_acl),
    **{
        (method, name): (f"{verb}_bucket_{name.replace('-', '_')}", _stored(name, verb))
        for name in configurations.STORED
        for method, verb in (("PUT", "put"), ("GET", "get"), ("DELETE", "delete"))
    },
}
OBJECT: dict[tuple[str, str], tuple[str, Operation]] = {
    ("PUT", ""): ("put_object", objects.put_object),
    ("GET", ""): ("get_object", objects.get_object),
    ("HEAD", ""): ("head_object", objects.get_object),
    ("DELETE", ""): ("delete_object", objects.delete_object),
    ("GET", "tagging"): ("get_object_tagging", objects.get_object_tagging),
    ("PUT", "tagging"): ("put_object_tagging", objects.put_object_tagging),
    ("DELETE", "tagging"): ("delete_object_tagging", objects.delete_object_tagging),
    ("GET", "acl"): ("get_object_acl", objects.get_object_acl),
    ("PUT", "acl"): ("put_object_acl", objects.put_object_acl),
    ("POST", "uploads"): ("create_multipart_upload", multipart.create),
    ("PUT", "uploadId"): ("upload_part", multipart.put_part),
    ("POST", "uploadId"): ("complete_multipart_upload", multipart.complete),
    ("DELETE", "uploadId"): ("abort_multipart_upload", multipart.abort),
    ("GET", "uploadId"): ("list_parts", multipart.list_parts),
}


# Sub-resources that are not imitated: asked for, they are refused, never taken for the bucket or the object itself.
MISSING = {
    "accelerate", "analytics", "attributes", "intelligent-tiering", "inventory", "legal-hold", "logging", "metrics",
    "notification", "ownershipControls", "policyStatus", "publicAccessBlock", "replication", "requestPayment",
    "restore", "retention", "select", "torrent",
}  # fmt: skip


def operation_of(request: S3Request) -> tuple[str, Operation]:
    """The sub-resource named in the query decides; without any it is the bucket or the object itself."""
    if not request.bucket:
        return "list_buckets", _list_buckets
    table = OBJECT if request.key else BUCKET
    if any(name in MISSING for name, _ in request.query):
        return "not_implemented", not_implemented
    names = {name for _, name in table if name}
    sub = next((name for name, _ in request.query if name in names), "")
    return table.get((request.method, sub), ("not_implemented", not_implemented))


def _list_buckets(request: S3Request) -> S3Reply:
    if request.principal == NOBODY:
        raise access_denied("/")
    return listing.list_buckets(request)
