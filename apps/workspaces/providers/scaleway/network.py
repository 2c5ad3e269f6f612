"""The workspace's network: a VPC with one private network, no way out, and a connector to the hub.

Security groups filter public traffic only and access lists cannot filter inside a private network: hence one network
per workspace, no default route, no public address.
"""

from scaleway.instance.v1 import SecurityGroup as CloudGroup
from scaleway.instance.v1 import SecurityGroupPolicy
from scaleway.vpc.v2 import VPC, PrivateNetwork, VPCConnector

from apps.workspaces.providers.scaleway.errors import lost
from apps.workspaces.providers.scaleway.site import Site
from apps.workspaces.providers.scaleway.things import Drift, Seen, Thing


class Vpc(Thing):
    kind = "vpc"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.vpc.list_vp_cs_all(project_id=site.id_of("project"), tags=site.tags(self.kind))
        return [_vpc(one) for one in found]

    def to_remove(self, site: Site) -> list[Seen]:
        return self.find(site) if site.known("project") else []

    def get(self, site: Site, part_id: str) -> Seen:
        return _vpc(site.cloud.vpc.get_vpc(vpc_id=part_id))

    def create(self, site: Site) -> Seen:
        return _vpc(
            site.cloud.vpc.create_vpc(
                enable_routing=True,
                enable_transitivity=False,
                name=site.name(self.kind),
                project_id=site.id_of("project"),
                tags=site.tags(self.kind),
            )
        )

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.vpc.delete_vpc(vpc_id=seen.id)


def _vpc(one: VPC) -> Seen:
    return Seen(one.id, {"name": one.name, "region": str(one.region)}, made=str(one.created_at), raw=one)


class Network(Thing):
    kind = "private_network"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.vpc.list_private_networks_all(project_id=site.id_of("project"), tags=site.tags(self.kind))
        return [_network(one) for one in found]

    def to_remove(self, site: Site) -> list[Seen]:
        if not site.known("project"):
            return []
        return [_network(one) for one in site.cloud.vpc.list_private_networks_all(project_id=site.id_of("project"))]

    def get(self, site: Site, part_id: str) -> Seen:
        return _network(site.cloud.vpc.get_private_network(private_network_id=part_id))

    def create(self, site: Site) -> Seen:
        return _network(
            site.cloud.vpc.create_private_network(
                default_route_propagation_enabled=False,
                name=site.name(self.kind),
                project_id=site.id_of("project"),
                tags=site.tags(self.kind),
                vpc_id=site.id_of("vpc"),
            )
        )

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        gateways = site.cloud.gateways.list_gateway_networks_all(private_network_ids=[seen.id])
        found = [Drift(f"the gateway {one.gateway_id} serves the network", opens=True) for one in gateways]
        if seen.raw.default_route_propagation_enabled:
            found.append(Drift("a default route is announced in the network", opens=True))
        return found

    def repair(self, site: Site, seen: Seen) -> None:
        if not seen.raw.default_route_propagation_enabled:
            super().repair(site, seen)
        site.cloud.vpc.update_private_network(private_network_id=seen.id, default_route_propagation_enabled=False)

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.vpc.delete_private_network(private_network_id=seen.id)


def _network(one: PrivateNetwork) -> Seen:
    subnet = next((str(each.subnet) for each in one.subnets if ":" not in str(each.subnet)), "")
    return Seen(one.id, {"name": one.name, "subnet": subnet}, made=str(one.created_at), raw=one)


class Connector(Thing):
    """One half of the link between two VPCs; it carries nothing until the other half points back."""

    def __init__(self, kind: str) -> None:
        self.kind = kind  # type: ignore[misc]

    def _ends(self, site: Site) -> tuple[str, str]:
        ends = (site.id_of("vpc"), site.cloud.account.hub_vpc)
        return ends if self.kind == "connector" else (ends[1], ends[0])

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.vpc.list_vpc_connectors_all(tags=site.tags(self.kind))
        return [_connector(one) for one in found]

    def get(self, site: Site, part_id: str) -> Seen:
        return _connector(site.cloud.vpc.get_vpc_connector(vpc_connector_id=part_id))

    def create(self, site: Site) -> Seen:
        vpc_id, target = self._ends(site)
        return _connector(
            site.cloud.vpc.create_vpc_connector(
                vpc_id=vpc_id, target_vpc_id=target, name=site.name(self.kind), tags=site.tags(self.kind)
            )
        )

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        wanted = self._ends(site)
        return [] if (seen.raw.vpc_id, seen.raw.target_vpc_id) == wanted else [Drift("it leads elsewhere", opens=True)]

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.vpc.delete_vpc_connector(vpc_connector_id=seen.id)


def _connector(one: VPCConnector) -> Seen:
    facts = {"name": one.name, "state": str(one.status), "to": one.target_vpc_id}
    return Seen(one.id, facts, made=str(one.created_at), raw=one)


class SecurityGroup(Thing):
    kind = "security_group"

    def find(self, site: Site) -> list[Seen]:
        found = site.cloud.instance.list_security_groups_all(
            project=site.id_of("project"), tags=[",".join(site.tags(self.kind))]
        )
        return [_group(one) for one in found if set(site.tags(self.kind)) <= set(one.tags)]

    def to_remove(self, site: Site) -> list[Seen]:
        return self.find(site) if site.known("project") else []

    def get(self, site: Site, part_id: str) -> Seen:
        answer = site.cloud.instance.get_security_group(security_group_id=part_id)
        if answer.security_group is None:
            raise _hollow(part_id)
        return _group(answer.security_group)

    def create(self, site: Site) -> Seen:
        answer = site.cloud.instance.create_security_group(
            description="Nothing in, nothing out",
            stateful=True,
            name=site.name(self.kind),
            project=site.id_of("project"),
            tags=site.tags(self.kind),
            inbound_default_policy=SecurityGroupPolicy.DROP,
            outbound_default_policy=SecurityGroupPolicy.DROP,
            enable_default_security=True,
        )
        if answer.security_group is None:
            raise _hollow(self.kind)
        return _group(answer.security_group)

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        policies = (seen.raw.inbound_default_policy, seen.raw.outbound_default_policy)
        found = [Drift("traffic passes by default", opens=True)] if set(map(str, policies)) != {"drop"} else []
        rules = site.cloud.instance.list_security_group_rules_all(security_group_id=seen.id)
        own = [rule for rule in rules if rule.editable]
        return found + ([Drift(f"{len(own)} rule(s) let traffic pass", opens=True)] if own else [])

    def repair(self, site: Site, seen: Seen) -> None:
        site.cloud.instance.update_security_group(
            security_group_id=seen.id,
            inbound_default_policy=SecurityGroupPolicy.DROP,
            outbound_default_policy=SecurityGroupPolicy.DROP,
        )
        for rule in site.cloud.instance.list_security_group_rules_all(security_group_id=seen.id):
            if rule.editable:
                site.cloud.instance.delete_security_group_rule(
                    security_group_id=seen.id, security_group_rule_id=rule.id
                )

    def delete(self, site: Site, seen: Seen) -> None:
        site.cloud.instance.delete_security_group(security_group_id=seen.id)


def _group(one: CloudGroup) -> Seen:
    facts = {"name": one.name, "state": str(one.state)}
    return Seen(one.id, facts, ready=str(one.state) == "available", made=str(one.creation_date), raw=one)


def _hollow(what: str) -> Exception:
    return lost(what, "unreadable_body", changes=True)
