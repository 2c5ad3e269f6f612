"""Who is calling, and whether the policies let them: what the real IAM evaluates on every request."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.workspaces.fake_scaleway import errors
from apps.workspaces.fake_scaleway.clock import parse_stamp

if TYPE_CHECKING:
    from apps.workspaces.fake_scaleway.store import Record
    from apps.workspaces.fake_scaleway.world import World

# Permission set names begin with the family of the product they open.
FAMILIES: dict[str, tuple[str, ...]] = {
    "account": ("Project",),
    "iam": ("IAM",),
    "vpc": ("VPC", "PrivateNetworks"),
    "ipam": ("IPAM", "VPC"),
    "vpcgw": ("VPCGateway",),
    "instance": ("Instances",),
    "marketplace": ("",),
    "block": ("BlockStorage",),
    "key_manager": ("KeyManager",),
    "secret": ("SecretManager",),
    "s3": ("ObjectStorage",),
    "file": ("FileStorage",),
    "audit": ("AuditTrail",),
    "domain": ("DomainsDNS",),
    "lb": ("LoadBalancers",),
    "rdb": ("RelationalDatabases",),
}
# What each ending of a permission set allows beyond reading.
READING_ENDINGS = ("ReadOnly", "Read", "ObjectsRead", "BucketsRead", "SecretAccess", "KeysRead")
WRITING_ENDINGS = ("FullAccess", "Manager", "ObjectsWrite", "ObjectsDelete", "BucketsWrite", "BucketsDelete", "Write")


@dataclass(frozen=True)
class Principal:
    """The bearer of an API key: a user, an application, or nobody."""

    kind: str
    id: str
    organization: str
    default_project: str
    owner: bool = False
    access_key: str = ""


NOBODY = Principal("anonymous", "", "", "")


def principal_by_secret(world: "World", secret: str | None) -> Principal:
    """The bearer of this secret key; raises 401 when it is missing, unknown or expired."""
    for key in world.store.all("api_key"):
        if secret and key.hidden.get("secret_key") == secret:
            return bearer(world, key)
    raise errors.denied_authentication("not_found")


def bearer(world: "World", key: "Record") -> Principal:
    """The principal behind an API key; raises 401 once it is expired or its bearer is gone."""
    expires = key.body["expires_at"]
    if expires and parse_stamp(expires) <= world.clock.now():
        raise errors.denied_authentication("expired")
    application, user = key.body.get("application_id"), key.body.get("user_id")
    found = world.store.get("application", application) if application else world.store.get("user", user or "")
    if found is None:
        raise errors.denied_authentication("not_found")
    return Principal(
        kind="application" if application else "user",
        id=found.id,
        organization=found.organization,
        default_project=key.body["default_project_id"],
        owner=found.body.get("type") == "owner",
        access_key=key.id,
    )


def allows(world: "World", principal: Principal, product: str, access: str, project: str | None) -> bool:
    """Whether a policy of the principal (or of its groups) grants `access` (read or write) to the product.

    `project` None asks for the organization's scope; owners may do everything in their own organization.
    """
    if principal.owner:
        return True
    for rule in _rules_of(world, principal):
        scope = rule.get("project_ids")
        in_scope = scope is None or (project is not None and project in scope)
        if in_scope and any(_grants(name, product, access) for name in rule["permission_set_names"]):
            return True
    return False


def require(world: "World", principal: Principal, product: str, access: str, project: str | None, word: str) -> None:
    if not allows(world, principal, product, access, project):
        raise errors.permissions_denied(word, access)


def _rules_of(world: "World", principal: Principal) -> Iterable[dict[str, list[str]]]:
    groups = {g.id for g in world.store.all("group") if principal.id in g.body["user_ids"] + g.body["application_ids"]}
    for policy in world.store.all("policy"):
        body = policy.body
        theirs = principal.id in (body.get("application_id"), body.get("user_id")) or body.get("group_id") in groups
        if theirs:
            yield from policy.hidden["rules"]


def _grants(permission_set: str, product: str, access: str) -> bool:
    endings = WRITING_ENDINGS if access == "write" else WRITING_ENDINGS + READING_ENDINGS
    families = (*FAMILIES.get(product, ()), "AllProducts", "Organization")
    return any(permission_set.startswith(family) and permission_set.endswith(endings) for family in families)
