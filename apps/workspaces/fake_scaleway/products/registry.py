"""Every operation of every imitated product, in one router."""

from apps.workspaces.fake_scaleway.products import (
    account,
    block,
    catalog,
    databases,
    iam,
    iam_federation,
    iam_keys,
    instance_actions,
    instance_network,
    instance_security,
    instance_servers,
    instance_storage,
    instance_templates,
    ipam,
    key_manager,
    key_operations,
    load_balancers,
    marketplace,
    neighbours,
    secret,
    vpc,
    vpc_routes,
    vpcgw,
)
from apps.workspaces.fake_scaleway.routing import Router

MODULES = (
    account, block, catalog, databases, iam, iam_federation, iam_keys, instance_actions, instance_network,
    instance_security, instance_servers, instance_storage, instance_templates, ipam, key_manager, key_operations,
    load_balancers, marketplace, secret, vpc, vpc_routes, vpcgw,
)  # fmt: skip
ROUTES = [route for module in MODULES for route in module.routes.items]
ROUTES += [route for routes in (neighbours.files, neighbours.domains, neighbours.audit) for route in routes.items]
ROUTER = Router(ROUTES)
