"""What is set on the network once it stands: the access lists, and the private way to object storage."""

from scaleway.vpc.v2 import AclRule, AclRuleProtocol, Action

from apps.workspaces.providers.base import Made, NotYet
from apps.workspaces.providers.scaleway.errors import Absent
from apps.workspaces.providers.scaleway.network import Network
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import SOON, Drift

_AGENT, _APPLICATION = 8443, 8888


def _rule(source: str, destination: str, *, to: tuple[int, int] = (0, 0), of: tuple[int, int] = (0, 0)) -> AclRule:
    return AclRule(
        protocol=AclRuleProtocol.TCP,
        source=source,
        src_port_low=of[0],
        src_port_high=of[1],
        destination=destination,
        dst_port_low=to[0],
        dst_port_high=to[1],
        action=Action.ACCEPT,
        description="hub",
    )


def wanted_rules(site: Site) -> list[AclRule]:
    """Between the workers' network and the agent, between the gateway's and the application, and back; lists hold no
    state."""
    account, own = site.cloud.account, Network().get(site, site.id_of("private_network")).facts["subnet"]
    ways = ((account.hub_network, _AGENT), (account.gateway_network or account.hub_network, _APPLICATION))
    return [rule for hub, port in ways for rule in (_rule(hub, own, to=(port, port)), _rule(own, hub, of=(port, port)))]


def _bare(rule: AclRule) -> tuple[object, ...]:
    ports = (rule.src_port_low, rule.src_port_high, rule.dst_port_low, rule.dst_port_high)
    return (str(rule.protocol).lower(), rule.source, rule.destination, str(rule.action), *ports)


def acl_drift(site: Site) -> list[Drift]:
    """Whether both lists drop by default and accept what they should and nothing else."""
    found = []
    for is_ipv6, wanted in ((False, wanted_rules(site)), (True, [])):
        is_now = site.cloud.vpc.get_acl(vpc_id=site.id_of("vpc"), is_ipv6=is_ipv6)
        if str(is_now.default_policy) != "drop" or sorted(map(_bare, is_now.rules)) != sorted(map(_bare, wanted)):
            found.append(Drift(f"the access list for IPv{6 if is_ipv6 else 4} is not the portal's", opens=True))
    return found


def acl(site: Site) -> Made | NotYet:
    """Drop by default, both families, with the hub's ports only."""
    if not acl_drift(site):
        return Made()
    for is_ipv6, rules in ((False, wanted_rules(site)), (True, [])):
        site.cloud.vpc.set_acl(vpc_id=site.id_of("vpc"), rules=rules, is_ipv6=is_ipv6, default_policy=Action.DROP)
    return NotYet(SOON, "access lists set, read back next")


def object_access(site: Site) -> Made | NotYet:
    """Objects are reached from the network without leaving it."""
    path = f"/vpc/v2/regions/fr-par/private-networks/{site.id_of('private_network')}"
    if site.cloud.transport.request("GET", path).json().get("has_s3_integration"):
        return Made()
    site.cloud.vpc.enable_object_storage_private_access(
        vpc_id=site.id_of("vpc"), private_network_ids=[site.id_of("private_network")]
    )
    return NotYet(SOON, "private way to object storage opened, read back next")


def strange_routes(site: Site) -> list[Drift]:
    """Routes that lead everywhere, whoever announced them."""
    path = "/vpc/v2/regions/fr-par/routes-with-nexthop"
    try:
        answer = site.cloud.transport.request("GET", path, {"vpc_id": site.id_of("vpc")}).json()
    except Absent:
        return []
    destinations = [str(one.get("route", {}).get("destination", "")) for one in answer.get("routes", [])]
    return [Drift(f"a route to {one} leads out", opens=True) for one in destinations if one in {"0.0.0.0/0", "::/0"}]
