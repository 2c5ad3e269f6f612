"""Lists of buckets, objects, versions: prefixes, delimiters, pages."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from apps.workspaces.fake_scaleway.s3.acl import owner_of
from apps.workspaces.fake_scaleway.s3.buckets import Version, bucket_of, live
from apps.workspaces.fake_scaleway.s3.errors import invalid_argument
from apps.workspaces.fake_scaleway.s3.policy import EVERYBODY, authorize
from apps.workspaces.fake_scaleway.s3.request import NAMESPACE, S3Reply, S3Request, xml_reply
from apps.workspaces.fake_scaleway.store import Record

LARGEST = 1000


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def is_public(bucket: Record) -> bool:
    return bucket.hidden["acl"].startswith("public-read") or EVERYBODY in bucket.hidden["grants"]


def list_buckets(request: S3Request) -> S3Reply:
    """Those of the key's preferred project, or of the one it names, in this region: whoever asks, never several."""
    principal = request.principal
    mine = [
        bucket
        for bucket in request.world.store.all("bucket", request.region)
        if bucket.organization == principal.organization and bucket.project == principal.default_project
    ]
    owner = f"{principal.default_project}:{principal.default_project}"
    inner = "".join(
        f"<Bucket>{element('Name', b.id)}{element('CreationDate', moment(b.hidden['created']))}</Bucket>" for b in mine
    )
    return xml_reply(
        f'<ListAllMyBucketsResult xmlns="{NAMESPACE}"><Owner>{element("DisplayName", owner)}{element("ID", owner)}'
        f"</Owner><Buckets>{inner}</Buckets></ListAllMyBucketsResult>"
    )


def _page(request: S3Request, names: Sequence[str], after: str, limit: int) -> tuple[list[str], list[str], bool, str]:
    """Names and common prefixes of one page, whether more follow, and where the next one starts."""
    prefix, delimiter = request.asked("prefix"), request.asked("delimiter")
    kept: list[str] = []
    groups: list[str] = []
    last = ""
    for name in sorted(n for n in names if n.startswith(prefix)):
        rest = name[len(prefix) :]
        group = prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else ""
        if (group or name) <= after or (group and groups[-1:] == [group]):
            continue
        if len(kept) + len(groups) >= limit:
            return kept, groups, True, last
        (groups if group else kept).append(group or name)
        last = group or name
    return kept, groups, False, last


def _coder(request: S3Request) -> Callable[[str], str]:
    return (lambda text: quote(text, safe="/")) if request.asked("encoding-type") == "url" else str


def _contents(request: S3Request, bucket: Record, version: Version, name: str = "Contents", more: str = "") -> str:
    owner = owner_of(bucket)
    with_owner = not request.has("list-type") or request.asked("fetch-owner") == "true"
    shown_owner = f"<Owner>{element('DisplayName', owner)}{element('ID', owner)}</Owner>" if with_owner else ""
    checksum = (
        element("ChecksumAlgorithm", version.checksum[0]) + element("ChecksumType", "FULL_OBJECT")
        if version.checksum[0]
        else ""
    )
    return (
        f"<{name}>{element('Key', _coder(request)(version.key))}{element('LastModified', moment(version.moment))}"
        f"<ETag>&#34;{version.etag}&#34;</ETag>{element('Size', len(version.content))}"
        f"{element('StorageClass', version.storage_class)}{shown_owner}{checksum}{more}</{name}>"
    )


def list_objects(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:ListBucket", is_public(bucket))
    return _second(request, bucket) if request.asked("list-type") == "2" else _first(request, bucket)


def _limit(request: S3Request) -> int:
    return min(request.number("max-keys", LARGEST), LARGEST)


def _listed(request: S3Request, bucket: Record, after: str) -> tuple[str, bool, str, int]:
    by_name = {version.key: version for version in live(bucket)}
    kept, groups, more, last = _page(request, list(by_name), after, _limit(request))
    code = _coder(request)
    contents = "".join(_contents(request, bucket, by_name[name]) for name in kept)
    prefixes = "".join(f"<CommonPrefixes>{element('Prefix', code(g))}</CommonPrefixes>" for g in groups)
    return contents + prefixes, more, last, len(kept) + len(groups)


def _common(request: S3Request) -> str:
    names = {"Delimiter": "delimiter", "EncodingType": "encoding-type"}
    return "".join(element(tag, request.asked(name)) for tag, name in names.items() if request.asked(name))


def _first(request: S3Request, bucket: Record) -> S3Reply:
    inner, more, last, _ = _listed(request, bucket, request.asked("marker"))
    following = element("NextMarker", last) if more else ""
    return xml_reply(
        f'<ListBucketResult xmlns="{NAMESPACE}">{element("Name", bucket.id)}'
        f"{element('Prefix', request.asked('prefix'))}"
        f"{element('Marker', request.asked('marker'))}{element('MaxKeys', _limit(request))}{_common(request)}"
        f"{element('IsTruncated', str(more).lower())}{following}{inner}</ListBucketResult>"
    )


def _second(request: S3Request, bucket: Record) -> S3Reply:
    token = request.asked("continuation-token")
    after = _opened(request, token) if token else request.asked("start-after")
    inner, more, last, count = _listed(request, bucket, after)
    tokens = (element("ContinuationToken", token) if token else "") + (
        element("NextContinuationToken", base64.urlsafe_b64encode(last.encode()).decode()) if more else ""
    )
    return xml_reply(
        f'<ListBucketResult xmlns="{NAMESPACE}">{element("Name", bucket.id)}'
        f"{element('Prefix', request.asked('prefix'))}"
        f"{element('KeyCount', count)}{element('MaxKeys', _limit(request))}{_common(request)}"
        f"{element('IsTruncated', str(more).lower())}{tokens}{inner}</ListBucketResult>"
    )


def _opened(request: S3Request, token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid_argument("The continuation token provided is incorrect", request.path) from None


def list_versions(request: S3Request) -> S3Reply:
    """Every version and delete marker, newest first for each key."""
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:ListBucketVersions")
    names = [key for key, found in bucket.hidden["objects"].items() if found]
    kept, _, more, last = _page(request, names, request.asked("key-marker"), _limit(request))
    inner = "".join(_versions_of(request, bucket, name) for name in kept)
    following = element("NextKeyMarker", last) if more else ""
    return xml_reply(
        f'<ListVersionsResult xmlns="{NAMESPACE}">{element("Name", bucket.id)}'
        f"{element('Prefix', request.asked('prefix'))}{element('IsTruncated', str(more).lower())}"
        f"{element('KeyMarker', request.asked('key-marker'))}{element('MaxKeys', _limit(request))}"
        f"{element('VersionIdMarker', request.asked('version-id-marker'))}{following}{inner}</ListVersionsResult>"
    )


def _versions_of(request: S3Request, bucket: Record, key: str) -> str:
    found = bucket.hidden["objects"][key]
    parts = []
    for version in reversed(found):
        latest = str(version is found[-1]).lower()
        more = element("IsLatest", latest) + element("VersionId", version.version_id)
        if version.marker:
            owner = owner_of(bucket)
            parts.append(
                f"<DeleteMarker>{element('Key', key)}{element('LastModified', moment(version.moment))}"
                f"<Owner>{element('DisplayName', owner)}{element('ID', owner)}</Owner>{more}</DeleteMarker>"
            )
        else:
            parts.append(_contents(request, bucket, version, "Version", more))
    return "".join(parts)
