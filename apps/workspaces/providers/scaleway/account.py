"""The organisation as the portal knows it: addresses, keys, and what was created once for all workspaces."""

from dataclasses import dataclass, field
from pathlib import Path

from apps.workspaces.providers.base import ProviderRefused
from apps.workspaces.providers.scaleway.place import REGION, is_allowed
from apps.workspaces.providers.scaleway.secrets import Hidden, Key


@dataclass(frozen=True)
class Account:
    """Read from the environment of the zone `provision` alone.

    `hub_network` is that of the workers, `gateway_network` that of the gateway (empty: the same): each reaches one port
    of a server. `hub_project` holds the keys and secrets of every workspace and `hub_vpc` the gateway; `stranger` is a
    key with full rights on objects that no policy names: buckets must refuse it. `agent` is the address of the agent
    inside a server, with `{server}` and `{address}` to be filled in; `application` where the gateway finds JupyterLab,
    with `{address}` and, for trials, the `{port}` that the agent names; `gateway_certificates` is the file of the
    certificates by which the servers know the gateway, read anew at each use. `rate` is this process's share of
    requests a second.
    """

    key: Key
    stranger: Key
    organisation: str
    hub_project: str
    hub_vpc: str
    hub_network: str = "10.96.0.0/24"
    gateway_network: str = ""
    api: str = "https://api.scaleway.com"
    storage: str = "https://s3.fr-par.scw.cloud"
    agent: str = "https://{address}:8443"
    agent_authority: Path | None = None
    gateway_certificates: Path | None = None
    application: str = "{address}:8888"
    zone: str = "fr-par-2"
    image: str = "debian_bookworm"
    rate: float = 10.0
    burst: int = 60
    patience: float = 20.0
    hourly_limit: float = field(default=30.0)

    def __post_init__(self) -> None:
        if not is_allowed(self.zone):
            raise ProviderRefused(f"HDH_SCALEWAY_ZONE is {self.zone}: workspaces live in {REGION} only.")


def account_from(values: dict[str, str]) -> Account:
    """The account from HDH_SCALEWAY_… values (without the prefix, lower case). Raises ProviderRefused naming what is
    missing."""
    needed: tuple[str, ...] = (
        "access_key",
        "secret_key",
        "stranger_access_key",
        "stranger_secret_key",
        "organisation",
        "hub_project",
    )
    needed += ("hub_vpc", "gateway_certificates")
    missing = [f"HDH_SCALEWAY_{name.upper()}" for name in needed if not values.get(name)]
    if missing:
        raise ProviderRefused(f"Set {', '.join(missing)} for this process: see docs/scaleway.md.")
    named = ("hub_network", "gateway_network", "api", "storage", "agent", "application", "zone", "image")
    texts = {name: values[name] for name in named if values.get(name)}
    numbers = {name: float(values[name]) for name in ("rate", "hourly_limit") if values.get(name)}
    authority = values.get("agent_authority")
    return Account(
        key=Key(values["access_key"], Hidden(values["secret_key"])),
        stranger=Key(values["stranger_access_key"], Hidden(values["stranger_secret_key"])),
        organisation=values["organisation"],
        hub_project=values["hub_project"],
        hub_vpc=values["hub_vpc"],
        agent_authority=Path(authority) if authority else None,
        gateway_certificates=Path(values["gateway_certificates"]),
        **texts,  # type: ignore[arg-type]
        **numbers,  # type: ignore[arg-type]
    )
