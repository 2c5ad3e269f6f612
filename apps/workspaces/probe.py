"""Asking a workspace's application whether it is there, over its socket. It may be hostile: nothing it says is kept."""

import http.client
import socket
from pathlib import Path

from apps.workspaces.providers.base import ProviderRefused

_PATIENCE = 1.0
_PATH_LIMIT = 108


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("workspace", timeout=_PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE)
        self.sock.connect(str(self.path))


def answers(path: Path) -> bool:
    """Whether JupyterLab answers on the socket within a second. Raises ProviderRefused when the path is too long to
    use."""
    if len(str(path)) >= _PATH_LIMIT:
        raise ProviderRefused(f"The sockets' directory has too long a path: at most {_PATH_LIMIT - 40} characters.")
    connection = _Connection(path)
    try:
        connection.request("GET", "/api/status")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
