"""Objects: written, read, copied, deleted, tagged; encrypted with a key of the client where asked."""

import base64
import binascii
import hashlib
import zlib
from email.utils import formatdate
from urllib.parse import unquote
from xml.sax.saxutils import escape

from apps.workspaces.fake_scaleway.s3.acl import acl_reply, asked_acl
from apps.workspaces.fake_scaleway.s3.buckets import Version, bucket_of, current, put, versions
from apps.workspaces.fake_scaleway.s3.configurations import default_retention
from apps.workspaces.fake_scaleway.s3.errors import S3Error, access_denied, invalid_argument, no_such_bucket
from apps.workspaces.fake_scaleway.s3.listing import element, is_public, moment
from apps.workspaces.fake_scaleway.s3.policy import EVERYBODY, authorize
from apps.workspaces.fake_scaleway.s3.request import NAMESPACE, S3Reply, S3Request, xml_reply
from apps.workspaces.fake_scaleway.s3.xmltree import parse, text, texts
from apps.workspaces.fake_scaleway.store import Record

CLIENT_KEY = "x-amz-server-side-encryption-customer"
COPY_CLIENT_KEY = "x-amz-copy-source-server-side-encryption-customer"
LOCK_BYPASS = "x-amz-bypass-governance-retention"


def etag_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324 - what an ETag is, not a protection


def crc32_of(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def client_key(request: S3Request, prefix: str = CLIENT_KEY) -> str:
    """The digest that names the client's encryption key, "" without one; 400 when the headers do not agree."""
    key, digest = request.header(f"{prefix}-key"), request.header(f"{prefix}-key-md5")
    if not key:
        return ""
    try:
        raw = base64.b64decode(key, validate=True)
    except binascii.Error:
        raw = b""
    computed = base64.b64encode(hashlib.md5(raw).digest()).decode()  # noqa: S324 - prescribed by the protocol
    if len(raw) != 32 or request.header(f"{prefix}-algorithm") != "AES256" or (digest and digest != computed):
        raise invalid_argument("The encryption key of the request is not valid", request.path)
    return computed


def check_client_key(request: S3Request, version: Version, prefix: str = CLIENT_KEY) -> None:
    """An object under a client's key is only read with that key."""
    given = client_key(request, prefix)
    if version.sse and not given:
        text_ = "The object was stored using a form of Server Side Encryption. The key must be provided."
        raise S3Error(400, "InvalidRequest", text_, request.path)
    if version.sse != given:
        raise access_denied(request.path)


def check_digests(request: S3Request) -> None:
    content = request.body
    md5 = request.header("content-md5")
    if md5 and base64.b64encode(hashlib.md5(content).digest()).decode() != md5:  # noqa: S324 - as above
        raise S3Error(400, "BadDigest", "The Content-MD5 you specified did not match", request.path)
    crc = request.header("x-amz-checksum-crc32")
    if crc and crc != crc32_of(content):
        raise S3Error(400, "BadDigest", "The CRC32 you specified did not match", request.path)


def parse_tags(request: S3Request, header: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in header.split("&") if item)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def metadata_of(request: S3Request) -> dict[str, str]:
    kept = ("content-type", "content-encoding", "content-disposition", "cache-control")
    own = {name: value for name, value in request.headers.items() if name.startswith("x-amz-meta-") or name in kept}
    if own.get("content-encoding", "").startswith("aws-chunked"):
        own["content-encoding"] = own["content-encoding"].removeprefix("aws-chunked").lstrip(", ")
    return {name: value for name, value in own.items() if value}


def new_version(request: S3Request, bucket: Record, content: bytes) -> Version:
    now = request.world.clock.now()
    mode, seconds = default_retention(bucket)
    canned, grants = asked_acl(request) if request.header("x-amz-acl") and not request.body else ("private", "")
    if request.header("x-amz-acl"):
        canned = request.header("x-amz-acl")
    return Version(
        key=request.key,
        content=content,
        etag=etag_of(content),
        moment=now,
        metadata=metadata_of(request),
        tags=parse_tags(request, request.header("x-amz-tagging")),
        acl=canned,
        grants=grants,
        storage_class=request.header("x-amz-storage-class", "STANDARD"),
        sse=client_key(request),
        checksum=("CRC32", crc32_of(content)),
        locked_until=now + seconds if mode else 0.0,
    )


def headers_of(request: S3Request, bucket: Record, version: Version) -> dict[str, str]:
    headers = {"ETag": f'"{version.etag}"'}
    if bucket.hidden["versioning"]:
        headers["x-amz-version-id"] = version.version_id
    if version.sse:
        headers[f"{CLIENT_KEY}-algorithm"] = "AES256"
        headers[f"{CLIENT_KEY}-key-MD5"] = version.sse
    elif "encryption" in bucket.hidden["configurations"]:
        headers["x-amz-server-side-encryption"] = "AES256"
    if request.header("x-amz-checksum-mode") == "ENABLED" or request.method == "PUT":
        headers["x-amz-checksum-crc32"] = version.checksum[1]
    return headers


def put_object(request: S3Request) -> S3Reply:
    if request.header("x-amz-copy-source"):
        return copy_object(request)
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutObject")
    if request.header("if-none-match") == "*" and any(not v.marker for v in versions(bucket, request.key)[-1:]):
        raise S3Error(412, "PreconditionFailed", "At least one of the preconditions did not hold", request.path)
    check_digests(request)
    version = put(bucket, new_version(request, bucket, request.body), request.world.clock.now())
    return S3Reply(200, b"", headers_of(request, bucket, version))


def copy_source(request: S3Request) -> Version:
    """The object that a request copies from, for whoever may read it and has its key. Raises S3Error, also for one that
    is not what the request expects."""
    source_name, _, rest = unquote(request.header("x-amz-copy-source")).lstrip("/").partition("/")
    key, _, version_id = rest.partition("?versionId=")
    source = request.world.store.get("bucket", source_name)
    if source is None or source.place != request.region:
        raise no_such_bucket(source_name)
    asking = S3Request(**{**vars(request), "bucket": source_name, "key": key})
    authorize(asking, source, "s3:GetObject")
    original = current(source, key, version_id)
    check_client_key(asking, original, COPY_CLIENT_KEY)
    expected = request.header("x-amz-copy-source-if-match").strip('"')
    if expected not in {"", "*", original.etag}:
        raise S3Error(412, "PreconditionFailed", "At least one of the preconditions did not hold", request.path)
    return original


def copy_object(request: S3Request) -> S3Reply:
    target = bucket_of(request)
    authorize(request, target, "s3:PutObject")
    original = copy_source(request)
    if len(original.content) > request.world.limits.largest_copy:
        text = f"The specified copy source is larger than {request.world.limits.largest_copy} bytes"
        raise S3Error(400, "InvalidRequest", text, request.path)
    fresh = new_version(request, target, original.content)
    if request.header("x-amz-metadata-directive", "COPY") == "COPY":
        fresh.metadata = dict(original.metadata)
    if request.header("x-amz-tagging-directive", "COPY") == "COPY":
        fresh.tags = dict(original.tags)
    version = put(target, fresh, request.world.clock.now())
    reply = xml_reply(
        f'<CopyObjectResult xmlns="{NAMESPACE}"><ETag>&#34;{version.etag}&#34;</ETag>'
        f"{element('LastModified', moment(version.moment))}{element('ChecksumCRC32', version.checksum[1])}"
        f"</CopyObjectResult>"
    )
    reply.headers.update({k: v for k, v in headers_of(request, target, version).items() if k != "ETag"})
    return reply


def _readable(request: S3Request, action: str) -> tuple[Record, Version]:
    bucket = bucket_of(request)
    known = versions(bucket, request.key)
    public = bool(known) and (known[-1].acl.startswith("public-read") or EVERYBODY in known[-1].grants)
    authorize(request, bucket, action, public or (is_public(bucket) and action == "s3:ListBucket"))
    return bucket, current(bucket, request.key, request.asked("versionId"))


def get_object(request: S3Request) -> S3Reply:
    bucket, version = _readable(request, "s3:GetObject")
    check_client_key(request, version)
    if request.header("if-none-match").strip('"') == version.etag:
        return S3Reply(304, b"", {"ETag": f'"{version.etag}"'})
    headers = {
        "Last-Modified": _http_date(version.moment),
        "Accept-Ranges": "bytes",
        "Content-Type": "binary/octet-stream",
        **headers_of(request, bucket, version),
        **{_named(name): value for name, value in version.metadata.items()},
    }
    if version.tags:
        headers["x-amz-tagging-count"] = str(len(version.tags))
    if version.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = version.storage_class
    return _ranged(request, version, headers)


def _named(name: str) -> str:
    return name if name.startswith("x-amz-") else name.title()


def _http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def _ranged(request: S3Request, version: Version, headers: dict[str, str]) -> S3Reply:
    asked = request.header("range")
    if not asked.startswith("bytes="):
        return S3Reply(200, version.content, headers)
    first, _, last = asked.removeprefix("bytes=").partition("-")
    size = len(version.content)
    start = int(first) if first else max(0, size - int(last or 0))
    end = min(int(last) if last and first else size - 1, size - 1)
    if start > end:
        raise S3Error(416, "InvalidRange", "The requested range is not satisfiable", request.path)
    headers.pop("x-amz-checksum-crc32", None)
    headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return S3Reply(206, version.content[start : end + 1], headers)


def delete_object(request: S3Request) -> S3Reply:
    """Without a version: gone, or a marker on top where versions are kept. With one: that version only."""
    bucket = bucket_of(request)
    version_id = request.asked("versionId")
    authorize(request, bucket, "s3:DeleteObjectVersion" if version_id else "s3:DeleteObject")
    return S3Reply(204, b"", remove(request, bucket, request.key, version_id))


def remove(request: S3Request, bucket: Record, key: str, version_id: str) -> dict[str, str]:
    known = versions(bucket, key)
    if version_id:
        doomed = [v for v in known if v.version_id == version_id]
        _check_lock(request, doomed)
        known[:] = [v for v in known if v.version_id != version_id]
        return {"x-amz-version-id": version_id}
    if bucket.hidden["versioning"]:
        marker = Version(key, b"", "", request.world.clock.now(), marker=True)
        put(bucket, marker, request.world.clock.now())
        return {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id}
    bucket.hidden["objects"].pop(key, None)
    return {}


def _check_lock(request: S3Request, doomed: list[Version]) -> None:
    now, bypass = request.world.clock.now(), request.header(LOCK_BYPASS) == "true"
    if any(v.legal_hold or (v.locked_until > now and not bypass) for v in doomed):
        raise access_denied(request.path)


def delete_objects(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    tree = parse(request)
    results = []
    for item in tree.iter("Object"):
        key, version_id = text(item, "Key"), text(item, "VersionId")
        asking = S3Request(**{**vars(request), "key": key})
        try:
            authorize(asking, bucket, "s3:DeleteObjectVersion" if version_id else "s3:DeleteObject")
            remove(asking, bucket, key, version_id)
        except S3Error as refusal:
            inner = element("Key", key) + element("Code", refusal.code) + element("Message", refusal.message)
            results.append(f"<Error>{inner}</Error>")
            continue
        if text(tree, "Quiet") != "true":
            results.append(f"<Deleted>{element('Key', key)}</Deleted>")
    return xml_reply(f'<DeleteResult xmlns="{NAMESPACE}">{"".join(results)}</DeleteResult>')


# ---- what hangs on an object --------------------------------------------------------------------------------------


def get_object_tagging(request: S3Request) -> S3Reply:
    _, version = _readable(request, "s3:GetObjectTagging")
    tags = "".join(
        f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>" for key, value in version.tags.items()
    )
    return xml_reply(f"<Tagging><TagSet>{tags}</TagSet></Tagging>")


def put_object_tagging(request: S3Request) -> S3Reply:
    _, version = _readable(request, "s3:PutObjectTagging")
    tree = parse(request)
    version.tags = dict(zip(texts(tree, "Key"), texts(tree, "Value"), strict=True))
    return S3Reply()


def delete_object_tagging(request: S3Request) -> S3Reply:
    _, version = _readable(request, "s3:DeleteObjectTagging")
    version.tags = {}
    return S3Reply(204)


def get_object_acl(request: S3Request) -> S3Reply:
    bucket, version = _readable(request, "s3:GetObjectAcl")
    return acl_reply(bucket, version.acl, version.grants)


def put_object_acl(request: S3Request) -> S3Reply:
    _, version = _readable(request, "s3:PutObjectAcl")
    version.acl, version.grants = asked_acl(request)
    return S3Reply()
