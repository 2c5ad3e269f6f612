"""What the cloud may answer other than yes, as types: the engine decides by them, never by reading texts.

Shapes as recorded: JSON with `type` (invalid_arguments, denied_authentication, permissions_denied, not_found,
transient_state, precondition_failed, quotas_exceeded, out_of_stock, resource_expired…), XML with `Code` from object
storage, an empty 429 without Retry-After, an empty 403 or 404 to HEAD, and what gateways in between make of it: HTML,
nothing at all, half a body.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.workspaces.providers.base import ProviderRefused, ProviderUnavailable, ProviderWaits

JSON = Any
_LONGEST = 200
# The only fields of a refusal that are kept: none of them ever holds what was sent.
_KEPT = ("type", "resource", "current_state", "precondition", "reason", "method")


class Told:
    """What is known of an answer: operation, status, the API's own word for it, and fields that hold no content."""

    def __init__(self, operation: str, status: int | None, code: str, fields: Mapping[str, str] | None = None) -> None:
        self.operation, self.status, self.code, self.fields = operation, status, code, dict(fields or {})

    def __str__(self) -> str:
        more = "".join(f", {name} {value}" for name, value in self.fields.items() if name != "type")
        return f"{self.operation} answered {self.status or 'nothing'} ({self.code}{more})"


class Absent(ProviderUnavailable):
    """404. Nothing is concluded from one such answer: new resources stay unseen for a while."""


class NotMade(Absent):
    """The ledger holds no part of this kind: nothing was asked of the cloud."""


class Busy(ProviderUnavailable):
    """409, or 412 because something still uses the resource: a passing state."""


class Throttled(ProviderUnavailable):
    """429, or our own budget of requests is used up."""


def over_budget(operation: str, seconds: float) -> Throttled:
    """Our own budget of requests is used up for this long."""
    error = Throttled(Told(operation, None, "own_budget"))
    error.after = timedelta(seconds=seconds)
    return error


class Away(ProviderUnavailable):
    """A read failed: 5xx, no connection, timeout, or a body that is not what was announced."""


class Unknown(ProviderUnavailable):
    """A change may or may not have happened: the answer was lost, late or unreadable. Look before trying again."""


class Full(ProviderWaits):
    """No machine of this type is left, or a quota is reached: an ordinary answer, waited out."""


class Denied(ProviderRefused):
    """401 or 403: the portal's key may not do this."""


class Invalid(ProviderRefused):
    """400 or another refusal that asking again will not change."""


class Exists(ProviderUnavailable):
    """The name is taken: by us (adopt it) or by somebody else (the caller looks)."""


_BY_TYPE: Mapping[str, type[Exception]] = {
    "quotas_exceeded": Full,
    "out_of_stock": Full,
    "transient_state": Busy,
    "resource_still_in_use": Busy,
    "BucketNotEmpty": Busy,
    "BucketAlreadyOwnedByYou": Exists,
    "BucketAlreadyExists": Exists,
    "TooManyBuckets": Full,
    "SlowDown": Throttled,
}
_BY_STATUS: Mapping[int, type[Exception]] = {401: Denied, 403: Denied, 404: Absent, 409: Busy, 429: Throttled}


def refusal(operation: str, status: int, body: bytes, *, changes: bool) -> Exception:
    """The exception for an answer of 400 or more. `changes`: whether the request was to change something."""
    fields = _fields(body)
    code = fields.get("type") or f"http_{status}"
    kind = kind_of(status, fields, changes=changes)
    return kind(Told(operation, status, code, fields))


def kind_of(status: int, fields: Mapping[str, str], *, changes: bool) -> type[Exception]:
    """The type of exception for a status and the API's own words for it."""
    by_type = _BY_TYPE.get(fields.get("precondition", "")) or _BY_TYPE.get(fields.get("type", ""))
    if by_type is not None:
        return by_type
    if status < 300 or status >= 500 or status == 408:
        return Unknown if changes else Away
    if status == 412:
        return Busy if fields.get("precondition") == "resource_not_usable" else Invalid
    return _BY_STATUS.get(status, Invalid)


def _fields(body: bytes) -> dict[str, str]:
    """The kept fields of a JSON refusal, with the names of refused arguments; nothing from HTML, text or ruins."""
    try:
        value: JSON = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(value, dict):
        return {}
    kept = {name: str(value[name])[:_LONGEST] for name in _KEPT if isinstance(value.get(name), str)}
    details = value.get("details")
    names = [
        str(one.get("argument_name") or one.get("resource") or "") for one in details or [] if isinstance(one, dict)
    ]
    if any(names):
        kept["about"] = ", ".join(filter(None, names))[:_LONGEST]
    return kept


def lost(operation: str, why: str, *, changes: bool) -> Exception:
    """The exception for a request without a readable answer: `why` is our own word (timeout, reset, unreadable…)."""
    return (Unknown if changes else Away)(Told(operation, None, why))
