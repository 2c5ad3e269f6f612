"""Multipart uploads: parts kept aside until they are completed into one object, or aborted."""

import hashlib
import re
from dataclasses import dataclass, field

from apps.workspaces.fake_scaleway.s3.buckets import bucket_of, put
from apps.workspaces.fake_scaleway.s3.errors import S3Error
from apps.workspaces.fake_scaleway.s3.listing import element, moment
from apps.workspaces.fake_scaleway.s3.objects import (
    CLIENT_KEY,
    check_digests,
    client_key,
    copy_source,
    etag_of,
    headers_of,
    new_version,
)
from apps.workspaces.fake_scaleway.s3.policy import authorize
from apps.workspaces.fake_scaleway.s3.request import NAMESPACE, S3Reply, S3Request, xml_reply
from apps.workspaces.fake_scaleway.s3.xmltree import parse, text
from apps.workspaces.fake_scaleway.store import Record

MOST_PARTS = 1000
SMALLEST_PART = 5 * 2**20


@dataclass
class Upload:
    """An upload under way; its headers are those the object will have."""

    id: str
    key: str
    moment: float
    headers: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


def _upload(request: S3Request) -> tuple[Record, Upload]:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutObject")
    upload = bucket.hidden["uploads"].get(request.asked("uploadId"))
    if upload is None or upload.key != request.key:
        raise S3Error(404, "NoSuchUpload", "The specified upload does not exist.", request.path)
    return bucket, upload


def create(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutObject")
    client_key(request)
    upload = Upload(request.world.new_id(), request.key, request.world.clock.now(), dict(request.headers))
    bucket.hidden["uploads"][upload.id] = upload
    return xml_reply(
        f'<InitiateMultipartUploadResult xmlns="{NAMESPACE}">{element("Bucket", bucket.id)}'
        f"{element('Key', request.key)}{element('UploadId', upload.id)}</InitiateMultipartUploadResult>"
    )


def put_part(request: S3Request) -> S3Reply:
    _, upload = _upload(request)
    number = request.number("partNumber", 0)
    if not 1 <= number <= MOST_PARTS:
        raise S3Error(400, "InvalidArgument", f"Part number must be between 1 and {MOST_PARTS}", request.path)
    if request.header(f"{CLIENT_KEY}-key-md5") != upload.headers.get(f"{CLIENT_KEY}-key-md5", ""):
        raise S3Error(400, "InvalidRequest", "Every part takes the key of the upload", request.path)
    if request.header("x-amz-copy-source"):
        return _copy_part(request, upload, number)
    check_digests(request)
    upload.parts[number] = request.body
    return S3Reply(200, b"", {"ETag": f'"{etag_of(request.body)}"'})


def _copy_part(request: S3Request, upload: Upload, number: int) -> S3Reply:
    """A part that is a stretch of an object which is here already."""
    original = copy_source(request)
    stretch = request.header("x-amz-copy-source-range") or f"bytes=0-{len(original.content) - 1}"
    found = re.fullmatch(r"bytes=(\d+)-(\d+)", stretch)
    if found is None or not int(found[1]) <= int(found[2]) < len(original.content):
        raise S3Error(416, "InvalidRange", "The requested range is not satisfiable", request.path)
    content = original.content[int(found[1]) : int(found[2]) + 1]
    if len(content) > request.world.limits.largest_copy:
        raise S3Error(400, "InvalidRequest", "The range is larger than one request copies", request.path)
    upload.parts[number] = content
    return xml_reply(
        f'<CopyPartResult xmlns="{NAMESPACE}"><ETag>&#34;{etag_of(content)}&#34;</ETag>'
        f"{element('LastModified', moment(request.world.clock.now()))}</CopyPartResult>"
    )


def complete(request: S3Request) -> S3Reply:
    """The named parts, in order, become the object; every part but the last holds at least 5 MiB."""
    bucket, upload = _upload(request)
    named = [(int(text(p, "PartNumber")), text(p, "ETag").strip('"')) for p in parse(request).iter("Part")]
    if not named or any(n not in upload.parts or etag_of(upload.parts[n]) != tag for n, tag in named):
        raise S3Error(400, "InvalidPart", "One or more of the specified parts could not be found.", request.path)
    if [n for n, _ in named] != sorted({n for n, _ in named}):
        raise S3Error(400, "InvalidPartOrder", "The list of parts was not in ascending order.", request.path)
    contents = [upload.parts[number] for number, _ in named]
    if any(len(content) < SMALLEST_PART for content in contents[:-1]):
        raise S3Error(400, "EntityTooSmall", "A part is smaller than the minimum allowed size", request.path)
    asking = S3Request(**{**vars(request), "headers": upload.headers, "body": b""})
    version = new_version(asking, bucket, b"".join(contents))
    digests = b"".join(hashlib.md5(content).digest() for content in contents)  # noqa: S324 - what an ETag is
    version.etag = f"{hashlib.md5(digests).hexdigest()}-{len(contents)}"  # noqa: S324 - as above
    put(bucket, version, request.world.clock.now())
    del bucket.hidden["uploads"][upload.id]
    reply = xml_reply(
        f'<CompleteMultipartUploadResult xmlns="{NAMESPACE}">{element("Location", request.path)}'
        f"{element('Bucket', bucket.id)}{element('Key', request.key)}<ETag>&#34;{version.etag}&#34;</ETag>"
        f"</CompleteMultipartUploadResult>"
    )
    reply.headers.update({k: v for k, v in headers_of(asking, bucket, version).items() if k != "ETag"})
    return reply


def abort(request: S3Request) -> S3Reply:
    bucket, upload = _upload(request)
    del bucket.hidden["uploads"][upload.id]
    return S3Reply(204)


def list_parts(request: S3Request) -> S3Reply:
    bucket, upload = _upload(request)
    parts = "".join(
        f"<Part>{element('PartNumber', number)}<ETag>&#34;{etag_of(content)}&#34;</ETag>"
        f"{element('Size', len(content))}{element('LastModified', moment(upload.moment))}</Part>"
        for number, content in sorted(upload.parts.items())
    )
    return xml_reply(
        f'<ListPartsResult xmlns="{NAMESPACE}">{element("Bucket", bucket.id)}{element("Key", upload.key)}'
        f"{element('UploadId', upload.id)}{element('MaxParts', MOST_PARTS)}{element('IsTruncated', 'false')}{parts}"
        f"</ListPartsResult>"
    )


def list_uploads(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:ListBucketMultipartUploads")
    uploads = "".join(
        f"<Upload>{element('Key', u.key)}{element('UploadId', u.id)}{element('Initiated', moment(u.moment))}</Upload>"
        for u in sorted(bucket.hidden["uploads"].values(), key=lambda u: (u.key, u.moment))
    )
    empty = "".join(
        element(name, "") for name in ("KeyMarker", "UploadIdMarker", "NextKeyMarker", "NextUploadIdMarker")
    )
    return xml_reply(
        f'<ListMultipartUploadsResult xmlns="{NAMESPACE}">{element("Bucket", bucket.id)}{empty}'
        f"{element('MaxUploads', 1000)}{element('IsTruncated', 'false')}{uploads}</ListMultipartUploadsResult>"
    )
