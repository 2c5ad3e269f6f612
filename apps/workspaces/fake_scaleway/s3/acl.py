"""Access control lists: canned names, and the grants that they stand for."""

from xml.sax.saxutils import escape

from apps.workspaces.fake_scaleway.s3.errors import invalid_argument, malformed
from apps.workspaces.fake_scaleway.s3.request import NAMESPACE, S3Reply, S3Request, xml_reply
from apps.workspaces.fake_scaleway.s3.xmltree import parse, texts
from apps.workspaces.fake_scaleway.store import Record

XSI = "http://www.w3.org/2001/XMLSchema-instance"
GROUPS = "http://acs.amazonaws.com/groups/global"
CANNED: dict[str, tuple[tuple[str, str], ...]] = {
    "private": (),
    "public-read": (("AllUsers", "READ"),),
    "public-read-write": (("AllUsers", "READ"), ("AllUsers", "WRITE")),
    "authenticated-read": (("AuthenticatedUsers", "READ"),),
}


def owner_of(bucket: Record) -> str:
    return f"{bucket.project}:{bucket.project}"


def acl_reply(bucket: Record, canned: str, grants: str) -> S3Reply:
    """The list as XML: grants that were set one by one, else those of the canned name."""
    owner = escape(owner_of(bucket))
    inner = grants or "".join(_group(name, right) for name, right in CANNED[canned]) + _user(owner, "FULL_CONTROL")
    return xml_reply(
        f'<AccessControlPolicy xmlns="{NAMESPACE}"><Owner><DisplayName>{owner}</DisplayName><ID>{owner}</ID></Owner>'
        f"<AccessControlList>{inner}</AccessControlList></AccessControlPolicy>"
    )


def _group(name: str, right: str) -> str:
    return (
        f'<Grant><Grantee xmlns:xsi="{XSI}" xsi:type="Group"><URI>{GROUPS}/{name}</URI></Grantee>'
        f"<Permission>{right}</Permission></Grant>"
    )


def _user(owner: str, right: str) -> str:
    return (
        f'<Grant><Grantee xmlns:xsi="{XSI}" xsi:type="CanonicalUser"><ID>{owner}</ID><DisplayName>{owner}</DisplayName>'
        f"</Grantee><Permission>{right}</Permission></Grant>"
    )


def asked_acl(request: S3Request) -> tuple[str, str]:
    """The canned name and the explicit grants of a request that sets an ACL."""
    canned = request.header("x-amz-acl", "private")
    if canned not in CANNED:
        raise invalid_argument("Unknown ACL", request.path)
    return canned, _grants(request) if request.body.strip() else ""


def _grants(request: S3Request) -> str:
    tree = parse(request)
    found = []
    for grant in tree.iter("Grant"):
        right = next(iter(texts(grant, "Permission")), "")
        if right not in ("READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"):
            raise malformed("The permission of a grant is unknown", request.path)
        uris, ids = texts(grant, "URI"), texts(grant, "ID")
        found.append(_group(uris[0].rpartition("/")[2], right) if uris else _user(escape(ids[0]), right))
    return "".join(found)
