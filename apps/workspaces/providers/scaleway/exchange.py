"""What of an answer an operator may see: no header, no body, only fields known to hold no content."""

import json
from collections.abc import Callable
from typing import Any

from apps.workspaces.providers.base import Exchange

JSON = Any
# Everything else of an answer is left out: a list of what may be shown cannot forget a secret.
_SHOWN = frozenset({
    "id", "name", "state", "state_detail", "status", "type", "resource", "current_state", "precondition", "reason",
    "total_count", "access_key", "commercial_type", "hostname", "size", "region", "zone", "default_policy", "origin",
    "deletion_requested_at", "expires_at", "created_at", "protected", "task", "quota", "current", "argument_name",
    "tags", "vpc_id", "private_network_id", "project_id", "nb_api_keys",
})  # fmt: skip
_LONGEST = 1500


Listener = Callable[[Exchange], None]
Guard = Callable[[], None]


def shown(body: bytes) -> str:
    """The fields of a JSON body that may be shown, as short JSON; empty for anything that is not JSON."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    return json.dumps(_kept(value), ensure_ascii=False, sort_keys=True)[:_LONGEST]


def _kept(value: JSON) -> JSON:
    if isinstance(value, dict):
        inner = {name: _kept(one) for name, one in value.items() if name in _SHOWN or isinstance(one, dict | list)}
        return {name: one for name, one in inner.items() if one not in ({}, [], None, "")}
    if isinstance(value, list):
        return [_kept(one) for one in value[:6]]
    return value if not isinstance(value, str) else value[:120]
