"""The providers this installation uses, as its settings say."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from apps.workspaces.providers.base import Limits, Provider, ProviderRefused
from apps.workspaces.providers.local import LocalProvider

TOOLS = Path(settings.BASE_DIR) / "docker" / "workspace"
GIBIBYTE = 1024**3
LOCAL_SIZES: dict[str, Limits] = {
    "": Limits(),
    "local-large": Limits(memory=8 * GIBIBYTE, processes=2048, processors=4.0),
}
"""Sizes of a sandbox on this host."""


def provider(name: str = "") -> Provider:
    """The provider of a workspace, or the one that new workspaces get. Raises ProviderRefused in a process that was not
    given what it needs."""
    return scaleway_provider() if (name or settings.WORKSPACE_PROVIDER) == "scaleway" else local_provider()


def limits_of(name: str, size: str) -> Limits:
    """What one workspace of this size may use on this host; a cloud's machine is its own limit."""
    return LOCAL_SIZES.get(size, Limits()) if name == "local" else Limits()


def local_provider() -> LocalProvider:
    """Raises ProviderRefused in a process that was not given its directories."""
    workspaces: Path | None = settings.WORKSPACES_DIR
    sockets: Path | None = settings.SOCKETS_DIR
    image: Path | None = settings.WORKSPACE_IMAGE
    if workspaces is None or sockets is None or image is None:
        raise ProviderRefused(
            "HDH_WORKSPACES_DIR, HDH_SOCKETS_DIR and HDH_WORKSPACE_IMAGE must be set for this process."
        )
    return LocalProvider(workspaces=workspaces, sockets=sockets, image=image, tools=TOOLS)


@cache
def scaleway_provider() -> Provider:
    """One for the process: its connections and its budget of requests are shared. Raises ProviderRefused where the
    account is not set."""
    from apps.workspaces.providers.scaleway.account import account_from
    from apps.workspaces.providers.scaleway.build import cloud_of
    from apps.workspaces.providers.scaleway.provider import ScalewayProvider

    return ScalewayProvider(cloud_of(account_from(settings.SCALEWAY), now=timezone.now))
