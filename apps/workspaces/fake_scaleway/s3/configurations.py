"""The sub-resources of a bucket that are kept as they were sent: tags, CORS, lifecycle, encryption, locks, website."""

import json
from collections.abc import Callable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from apps.workspaces.fake_scaleway.s3.acl import acl_reply, asked_acl
from apps.workspaces.fake_scaleway.s3.buckets import bucket_of
from apps.workspaces.fake_scaleway.s3.errors import S3Error, invalid_argument, malformed
from apps.workspaces.fake_scaleway.s3.policy import authorize, parse_policy
from apps.workspaces.fake_scaleway.s3.request import NAMESPACE, S3Reply, S3Request, xml_reply
from apps.workspaces.fake_scaleway.s3.xmltree import inner, parse, text, texts
from apps.workspaces.fake_scaleway.store import Record

Check = Callable[[S3Request, Element], None]


class Stored:
    """One sub-resource: its element, its action names, the refusal when it is absent, and a check of what is sent."""

    def __init__(
        self, element: str, action: str, missing: tuple[str, str], check: Check, *, names_bucket: bool = False
    ) -> None:
        self.element = element
        self.action = action
        self.missing = missing
        self.check = check
        self.names_bucket = names_bucket

    def put(self, request: S3Request, name: str) -> S3Reply:
        bucket = bucket_of(request)
        authorize(request, bucket, f"s3:Put{self.action}")
        tree = parse(request)
        self.check(request, tree)
        bucket.hidden["configurations"][name] = inner(tree)
        return S3Reply()

    def get(self, request: S3Request, name: str) -> S3Reply:
        bucket = bucket_of(request)
        authorize(request, bucket, f"s3:Get{self.action}")
        content = bucket.hidden["configurations"].get(name)
        if content is None:
            extra = {"BucketName": bucket.id} if self.names_bucket else {}
            raise S3Error(404, self.missing[0], self.missing[1], request.path, **extra)
        return xml_reply(f"<{self.element}>{content}</{self.element}>")

    def delete(self, request: S3Request, name: str) -> S3Reply:
        bucket = bucket_of(request)
        authorize(request, bucket, f"s3:Put{self.action}")
        bucket.hidden["configurations"].pop(name, None)
        return S3Reply(204)


def _check_tags(request: S3Request, tree: Element) -> None:
    keys = texts(tree, "Key")
    if len(set(keys)) != len(keys) or len(keys) > 50:
        raise S3Error(400, "InvalidTag", "Tag keys must be unique, and at most 50", request.path)


def _check_cors(request: S3Request, tree: Element) -> None:
    if not texts(tree, "AllowedMethod") or not texts(tree, "AllowedOrigin"):
        raise malformed("A CORS rule needs methods and origins", request.path)


def _check_lifecycle(request: S3Request, tree: Element) -> None:
    rules = list(tree.iter("Rule"))
    if not rules:
        raise malformed("Lifecycle configuration cannot be empty", request.path)
    if any(text(rule, "Status") not in ("Enabled", "Disabled") for rule in rules):
        raise malformed("The status of a rule is Enabled or Disabled", request.path)


def _check_encryption(request: S3Request, tree: Element) -> None:
    """AES256 takes no key; KMS needs the bucket key to be on."""
    algorithm, key_id = text(tree, "SSEAlgorithm"), text(tree, "KMSMasterKeyID")
    if algorithm not in ("AES256", "aws:kms"):
        raise malformed("The algorithm is AES256 or aws:kms", request.path)
    if algorithm == "AES256" and key_id:
        raise invalid_argument(
            "KMS master key id is only supported when using Server Side Encryption with KMS managed keys.", request.path
        )
    if algorithm == "aws:kms" and text(tree, "BucketKeyEnabled") != "true":
        raise invalid_argument("Bucket key is mandatory when using Server Side Encryption with KMS.", request.path)
    if not texts(tree, "BucketKeyEnabled"):
        for rule in tree.iter("Rule"):
            switch = Element("BucketKeyEnabled")
            switch.text = "false"
            rule.append(switch)


def _check_lock(request: S3Request, tree: Element) -> None:
    if text(tree, "ObjectLockEnabled") != "Enabled":
        raise malformed("Object lock can only be enabled", request.path)


def _check_website(request: S3Request, tree: Element) -> None:
    if not text(tree, "Suffix"):
        raise malformed("An index document is needed", request.path)


STORED: dict[str, Stored] = {
    "tagging": Stored(
        "Tagging", "BucketTagging", ("NoSuchTagSet", "The TagSet does not exist"), _check_tags, names_bucket=True
    ),
    "cors": Stored(
        "CORSConfiguration",
        "BucketCORS",
        ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
        _check_cors,
    ),
    "lifecycle": Stored(
        "Configuration",
        "LifecycleConfiguration",
        ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        _check_lifecycle,
        names_bucket=True,
    ),
    "encryption": Stored(
        "ServerSideEncryptionConfiguration",
        "EncryptionConfiguration",
        (
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
        ),
        _check_encryption,
    ),
    "object-lock": Stored(
        "ObjectLockConfiguration",
        "BucketObjectLockConfiguration",
        (
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
        ),
        _check_lock,
    ),
    "website": Stored(
        "WebsiteConfiguration",
        "BucketWebsite",
        ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
        _check_website,
    ),
}

# ---- the sub-resources with a life of their own -------------------------------------------------------------------


def get_versioning(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:GetBucketVersioning")
    return xml_reply(
        f"<VersioningConfiguration><Status>{bucket.hidden['versioning']}</Status></VersioningConfiguration>"
    )


def put_versioning(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutBucketVersioning")
    status = text(parse(request), "Status")
    if status not in ("Enabled", "Suspended"):
        raise malformed("The status is Enabled or Suspended", request.path)
    bucket.hidden["versioning"] = status
    return S3Reply()


def get_policy(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:GetBucketPolicy")
    if bucket.hidden["policy"] is None:
        raise S3Error(404, "NoSuchBucketPolicy", "The bucket policy does not exist", request.path)
    content = json.dumps(bucket.hidden["policy"], separators=(",", ":")).encode()
    return S3Reply(200, content, {"Content-Type": "application/json"})


def put_policy(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutBucketPolicy")
    bucket.hidden["policy"] = parse_policy(request.body, bucket.id, request.path)
    return S3Reply()


def delete_policy(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:DeleteBucketPolicy")
    bucket.hidden["policy"] = None
    return S3Reply(204)


def get_acl(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:GetBucketAcl")
    return acl_reply(bucket, bucket.hidden["acl"], bucket.hidden["grants"])


def put_acl(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:PutBucketAcl")
    bucket.hidden["acl"], bucket.hidden["grants"] = asked_acl(request)
    return S3Reply()


def get_location(request: S3Request) -> S3Reply:
    bucket = bucket_of(request)
    authorize(request, bucket, "s3:GetBucketLocation")
    return xml_reply(f'<LocationConstraint xmlns="{NAMESPACE}">{escape(bucket.place)}</LocationConstraint>')


def default_retention(bucket: Record) -> tuple[str, int]:
    """Mode and seconds of the lock that new objects get; ("", 0) without one."""
    content = bucket.hidden["configurations"].get("object-lock")
    if not content or "DefaultRetention" not in content:
        return "", 0

    tree = ElementTree.fromstring(f"<a>{content}</a>")  # noqa: S314 - it was parsed and checked when it was stored
    days = int(text(tree, "Days") or 0) + 365 * int(text(tree, "Years") or 0)
    return text(tree, "Mode"), days * 86400
