"""The switches of the imitated cloud, for the demonstration: nowhere else is there anything to switch."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from apps.workspaces.fake_scaleway.faults import ANSWERS

JSON = Any
_PATIENCE = 3.0


def is_here() -> bool:
    """Whether this is a demonstration whose workspaces are made in an imitated cloud."""
    return bool(settings.FAKE_CLOUD_URL) and settings.DEMO_MODE


def faults() -> dict[str, JSON] | None:
    """The faults in force and the answers to choose from; None where there is no imitated cloud, or it is away."""
    if not is_here():
        return None
    try:
        return {**_ask("GET", "/_fake/api/faults"), "answers": ANSWERS}
    except (OSError, ValueError, http.client.HTTPException):
        return None


def change(fields: Mapping[str, str]) -> bool:
    """Add a fault (operation, answer, times), or remove one (remove); gives whether the imitated cloud answered. What
    it does not understand it ignores."""
    try:
        _change(fields)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return True


def _change(fields: Mapping[str, str]) -> None:
    number = fields.get("remove", "")
    if number.isdigit():
        _ask("POST", f"/_fake/api/faults/{number}", {"action": "remove"})
    elif fields.get("answer") in ANSWERS:
        wanted = {name: fields.get(name, "") for name in ("operation", "answer", "times")}
        _ask("POST", "/_fake/api/faults", {**wanted, "times": int(wanted["times"]) if wanted["times"].isdigit() else 1})


def _ask(method: str, path: str, body: JSON = None) -> dict[str, JSON]:
    parts = urlsplit(settings.FAKE_CLOUD_URL)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read() or b"{}")
        return answer if isinstance(answer, dict) else {}
    finally:
        connection.close()
