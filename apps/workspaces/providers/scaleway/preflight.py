"""Before anything is made: is there room, is there stock, is it paid for. Catalogue and prices are the cloud's."""

from collections.abc import Callable

from apps.workspaces.providers.base import Made, NotYet, Offer, ProviderRefused, ProviderWaits
from apps.workspaces.providers.scaleway.machines import Machine, type_of
from apps.workspaces.providers.scaleway.site import PREFIX, Cloud, Site
from apps.workspaces.providers.scaleway.things import look

# Quotas that one workspace uses up, with how many of each (buckets are counted as buckets).
_NEEDED = {"project": 1, "policy": 1, "api_key": 1, "bucket": 3}
_SIZES = ("PRO2-", "POP2-", "POP2-HM-", "L4-", "L40S-", "H100-")
_SHORT = "shortage"


def preflight(site: Site) -> Made | NotYet:
    """Raises ProviderWaits, saying what is missing; ProviderRefused for a size that does not exist."""
    if not site.known("project"):
        _quotas(site.cloud)
    if not site.known("server") or not _runs(site):
        _stock(site)
    budget = site.job.spec.budget_left
    if budget is not None and budget <= 0:
        raise ProviderWaits("The budget of the workspace is used up: an operator can raise it.")
    return Made()


def _quotas(cloud: Cloud) -> None:
    limits = {one.name: one.limit for one in cloud.iam.list_quota_all()}
    used: dict[str, Callable[[], int]] = {
        "project": lambda: cloud.projects.list_projects().total_count,
        "policy": lambda: cloud.iam.list_policies().total_count,
        "api_key": lambda: cloud.iam.list_api_keys().total_count,
        "bucket": lambda: _buckets_in_use(cloud),
    }
    for name, needed in _NEEDED.items():
        limit = limits.get(name)
        if limit is not None and used[name]() + needed > limit:
            raise ProviderWaits(f"The organisation's quota of {limit} {name}s is reached: ask Scaleway for more.")


def _buckets_in_use(cloud: Cloud) -> int:
    """Those of the portal's own project, and those that every workspace's project has or is about to have: object
    storage lists one project at a time, and says no total."""
    workspaces = int(cloud.projects.list_projects(name=PREFIX).total_count)
    return len(cloud.storage.buckets(key=cloud.account.key)) + _NEEDED["bucket"] * workspaces


def _runs(site: Site) -> bool:
    seen = look(Machine(), site, site.id_of("server"))
    return seen is not None and seen.facts["state"] != "stopped"


def _stock(site: Site) -> None:
    wanted = type_of(site)
    offer = next((one for one in offers(site.cloud, every=True) if one.code == wanted), None)
    if offer is None:
        raise ProviderRefused(f"There is no machine {wanted} in {site.cloud.account.zone}: choose another size.")
    if offer.hourly > site.cloud.account.hourly_limit:
        raise ProviderRefused(f"{wanted} costs {offer.hourly} EUR an hour, more than HDH_SCALEWAY_HOURLY_LIMIT allows.")
    if offer.available == _SHORT:
        raise ProviderWaits(f"No {wanted} is left in {site.cloud.account.zone}: the workspace waits for one.")


def offers(cloud: Cloud, *, every: bool = False) -> tuple[Offer, ...]:
    """Machines of the zone with prices and stock; those meant for workspaces, or all."""
    types = cloud.instance.list_servers_types(per_page=100)
    stock = cloud.instance.get_server_types_availability(per_page=100)
    words = {name: str(one.availability) for name, one in stock.servers.items()}
    return tuple(
        Offer(
            code=name,
            processors=one.ncpus,
            memory=one.ram,
            gpu=one.gpu_info.gpu_name if one.gpu_info else "",
            gpus=one.gpu or 0,
            hourly=float(one.hourly_price),
            available=words.get(name, _SHORT),
        )
        for name, one in sorted(types.servers.items())
        if every or (name.startswith(_SIZES) and str(one.arch) == "x86_64" and not name.endswith("-WIN"))
    )
