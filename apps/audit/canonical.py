"""The bytes of an event that are hashed, exported and proved. Pure.

Format version 1 (docs/auditor.md): a JSON object with these keys in this order and no spaces, UTF-8, only the escapes
that JSON requires; times in UTC with six digits of seconds; encrypted personal fields in base64; numbers are integers
between -(2^53 - 1) and 2^53 - 1, which every reader of JSON understands alike.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from json.encoder import JSONEncoder, encode_basestring
from typing import Any, NamedTuple

LARGEST_INTEGER = 2**53 - 1
_encode_data = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


class Content(NamedTuple):
    """What an event says, its time as `utc_text` writes it. Its place, leaf and transaction are not part of it."""

    action: str
    actor: str
    at: str
    data: Mapping[str, Any]
    dossier_id: str | None
    object_id: str
    object_kind: str
    personal: bytes | None
    reading: bool
    request_id: str
    subject: str
    uid: str


def event_bytes(content: Content) -> bytes:
    """The canonical bytes of an event. Raises ValueError for text that is no Unicode."""
    text = encode_basestring
    dossier = "null" if content.dossier_id is None else text(content.dossier_id)
    personal = "null" if content.personal is None else f'"{b64encode(content.personal).decode()}"'
    return (
        f'{{"action":{text(content.action)},"actor":{text(content.actor)},"at":"{content.at}",'
        f'"data":{_encode_data(content.data) if content.data else "{}"},"dossier_id":{dossier},'
        f'"object_id":{text(content.object_id)},"object_kind":{text(content.object_kind)},"personal":{personal},'
        f'"reading":{"true" if content.reading else "false"},"request_id":{text(content.request_id)},'
        f'"subject":{text(content.subject)},"uid":{text(content.uid)},"v":1}}'
    ).encode()


def utc_text(at: datetime) -> str:
    """A moment as 2027-01-31T23:59:59.000001Z. Raises ValueError for a moment without time zone."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def checked(value: Any) -> Any:
    """The value in plain JSON parts. Raises ValueError for fractions, large integers and keys that are no text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("audit data hold integers up to 2^53 - 1: write a larger one as text")
        return int(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("keys of audit data are text")
        return {key: checked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [checked(part) for part in value]
    raise ValueError(f"audit data cannot hold a {type(value).__name__}: write it as text or as an integer")
