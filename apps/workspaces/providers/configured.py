"""The provider this installation uses, as its settings say."""

from pathlib import Path

from django.conf import settings

from apps.workspaces.providers.base import Provider, ProviderRefused
from apps.workspaces.providers.local import LocalProvider

TOOLS = Path(settings.BASE_DIR) / "docker" / "workspace"


def provider() -> Provider:
    """Raises ProviderRefused in a process that was not given the provider's directories."""
    return local_provider()


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
