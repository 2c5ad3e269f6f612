"""Asking a workspace's application whether it is there, over its socket. It may be hostile: nothing it says is
kept, and what it claims can do no more than keep it running."""

import http.client
import json
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

from apps.workspaces.providers.base import ProviderRefused

_PATIENCE = 1.0
_PATH_LIMIT = 108
_LONGEST = 256 * 1024


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
    return _asked(path, "/api/status") is not None


def idle_seconds(path: Path, now: datetime) -> float | None:
    """For how long nothing has been computed or typed: 0 while a kernel is busy or a terminal is open, in which
    anything may run. None when JupyterLab does not say. Asking is no activity itself."""
    said = [_read(_asked(path, f"/api/{name}?no_track_activity=1")) for name in ("status", "kernels", "terminals")]
    status, kernels, terminals = said
    if kernels is None or terminals is None:
        return None
    try:
        if terminals or any(one["execution_state"] != "idle" for one in kernels):
            return 0.0
        return max(0.0, (now - datetime.fromisoformat(status["last_activity"])).total_seconds())
    except (TypeError, KeyError, ValueError):
        return None


def _read(body: bytes | None) -> Any:
    try:
        return json.loads(body) if body is not None else None
    except ValueError:
        return None


def _asked(path: Path, what: str) -> bytes | None:
    """The beginning of a good answer, within a second; None for any other."""
    if len(str(path)) >= _PATH_LIMIT:
        raise ProviderRefused(f"The sockets' directory has too long a path: at most {_PATH_LIMIT - 40} characters.")
    connection = _Connection(path)
    try:
        connection.request("GET", what)
        answer = connection.getresponse()
        return answer.read(_LONGEST) if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
