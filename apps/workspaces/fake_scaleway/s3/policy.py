"""Who may do what in a bucket: IAM, the bucket's policy, and the two canned ACLs that open to everybody."""

import fnmatch
import json
from typing import Any

from apps.workspaces.fake_scaleway.access import Principal, allows
from apps.workspaces.fake_scaleway.s3.errors import S3Error, access_denied
from apps.workspaces.fake_scaleway.s3.request import S3Request
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
READING = ("s3:Get", "s3:List", "s3:Head")
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"


def as_list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else [value]


def parse_policy(text: bytes, bucket: str, path: str) -> dict[str, JSON]:
    """The policy document; refused unless every statement has an effect and names resources of this bucket."""
    try:
        document = json.loads(text)
        statements = as_list(document["Statement"])
        valid = all(_is_valid(statement, bucket) for statement in statements) and statements
    except (ValueError, KeyError, TypeError):
        valid = False
    if not valid:
        raise S3Error(400, "MalformedPolicy", "Policy is not a valid policy document", path)
    return {**document, "Statement": [_condensed(statement) for statement in statements]}


def _condensed(statement: dict[str, JSON]) -> dict[str, JSON]:
    """As the service gives it back: a list of one is written without its brackets."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in statement.items()
    }


def _is_valid(statement: dict[str, JSON], bucket: str) -> bool:
    names = [str(item).removeprefix("arn:aws:s3:::") for item in as_list(statement["Resource"])]
    return (
        statement["Effect"] in ("Allow", "Deny")
        and bool(statement.get("Principal"))
        and bool(statement.get("Action"))
        and all(name in ("*", bucket) or name.startswith(f"{bucket}/") for name in names)
    )


def authorize(request: S3Request, bucket: Record, action: str, public_read: bool = False) -> None:
    """Raise AccessDenied unless the caller may do `action` (such as s3:GetObject) on the request's path.

    A Deny always wins. The organization's owner needs no Allow; everybody else needs IAM and, where the bucket has
    a policy, an Allow in it. Anonymous callers need an Allow for `*`, or a public ACL for reading.
    """
    verdict = _policy_verdict(request, bucket, action)
    if verdict == "Deny":
        raise access_denied(request.path)
    principal = request.principal
    if principal.kind == "anonymous" or principal.organization != bucket.organization:
        allowed = verdict == "Allow" or public_read
    elif principal.owner:
        allowed = True
    else:
        needed = "read" if action.startswith(READING) else "write"
        by_iam = allows(request.world, principal, "s3", needed, bucket.project)
        allowed = by_iam and (bucket.hidden["policy"] is None or verdict == "Allow")
    if not allowed:
        raise access_denied(request.path)


def _policy_verdict(request: S3Request, bucket: Record, action: str) -> str | None:
    document = bucket.hidden["policy"]
    effects = {
        statement["Effect"]
        for statement in (as_list(document["Statement"]) if document else [])
        if _names(statement["Principal"], request.principal)
        and _covers(statement["Action"], action, "s3:")
        and _covers(statement["Resource"], request.path[1:], "arn:aws:s3:::")
    }
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else None


def _names(asked: JSON, principal: Principal) -> bool:
    wanted = as_list(asked.get("SCW", asked.get("AWS", [])) if isinstance(asked, dict) else asked)
    identity = f"{principal.kind}_id:{principal.id}"
    return any(item == "*" or (principal.id and item == identity) for item in wanted)


def _covers(patterns: JSON, value: str, prefix: str) -> bool:
    plain = value.removeprefix(prefix)
    return any(fnmatch.fnmatchcase(plain, str(pattern).removeprefix(prefix)) for pattern in as_list(patterns))
