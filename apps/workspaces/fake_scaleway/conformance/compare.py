"""Comparing two answers: keys, JSON types and states, not values."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

JSON = Any
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
# Keys whose values are states: these must agree, not only their type.
STATES = {"status", "state", "state_detail", "current_state", "type_of_error"}
# Keys that recordings of one operation have or lack, depending on when they were made or on nothing visible: the real
# service added them over time, or shows them now and then. Missing or additional, they are no difference.
COMING_AND_GOING: dict[str, set[str]] = {
    "account": {"qualification"},
    "iam": {"deletable", "managed"},
    "vpc": {"has_s3_integration", "s3_integration_enabled", "transitivity_enabled", "subnets[].region"},
    "vpcgw": {"version"},
    "block": {"kms_key_id"},
    "instance": {"admin_password_encryption_ssh_key_id", "admin_password_encrypted_value", "dns", "export_uri"},
    "secret": {"used_by", "deletion_requested_at", "key_id", "deleted_at", "region", "type"},
    "file": {"filesystem_type_id"},
    "s3": {"BucketName", "ChecksumAlgorithm", "ChecksumType"},
}


@dataclass(frozen=True)
class Difference:
    """`kind`: status, missing, additional, type, state or list; `where` is the path of the key inside the answer."""

    kind: str
    where: str
    recorded: str
    answered: str


Pair = Callable[[str, list[JSON], list[JSON]], list[tuple[JSON, JSON]]]


def type_name(value: JSON) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def is_optional(operation: str, where: str) -> bool:
    """Whether the key at this place may come and go in the answers of this operation."""
    keys = COMING_AND_GOING.get(operation.partition(".")[0], set())
    return any(where == key or where.endswith(f".{key}") for key in keys)


def differences(recorded: JSON, answered: JSON, pair: Pair, where: str = "") -> Iterator[Difference]:
    """What distinguishes the answers. `pair` says which elements of two lists are to be compared with each other."""
    if type_name(recorded) != type_name(answered):
        yield Difference("type", where, type_name(recorded), type_name(answered))
    elif isinstance(recorded, dict):
        yield from _of_objects(recorded, answered, pair, where)
    elif isinstance(recorded, list):
        yield from _of_lists(recorded, answered, pair, where)
    elif where.rpartition(".")[2] in STATES and recorded != answered:
        yield Difference("state", where, str(recorded), str(answered))


def _of_objects(recorded: dict[str, JSON], answered: dict[str, JSON], pair: Pair, where: str) -> Iterator[Difference]:
    for name in sorted(recorded.keys() | answered.keys()):
        path = f"{where}.{name}" if where else name
        if name in recorded and name in answered:
            yield from differences(recorded[name], answered[name], pair, path)
        else:
            kind = "missing" if name in recorded else "additional"
            yield Difference(kind, path, type_name(recorded.get(name)), type_name(answered.get(name)))


def _of_lists(recorded: list[JSON], answered: list[JSON], pair: Pair, where: str) -> Iterator[Difference]:
    for left, right in pair(where, recorded, answered):
        if left is None or right is None:
            yield Difference(
                "list", where, "absent" if left is None else "an element", "absent" if right is None else ""
            )
        else:
            yield from differences(left, right, pair, f"{where}[]")


def xml_shape(text: str) -> JSON:
    """An XML answer as nested objects: element names are keys, repeated elements lists, leaves strings.

    Placeholders that stand for scrubbed values in recordings are read as text; of an answer that was cut, what is
    left is read.
    """
    cleaned = re.sub(r"<(request-id|scrubbed[^>]*)>", "x", text)
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(["start"])
    parser.feed(cleaned)
    with suppress(ElementTree.ParseError):
        parser.close()
    started: list[Any] = list(parser.read_events())
    if not started:
        raise ValueError(f"not XML: {text[:80]!r}")
    return _element(started[0][1])


def is_cut(text: str) -> bool:
    """Whether the recording kept only the beginning of this answer."""
    return "\u2026" in text or not text.rstrip().endswith((">", "}"))


def _element(element: ElementTree.Element) -> JSON:
    children = list(element)
    if not children:
        return element.text or ""
    shape: dict[str, JSON] = {}
    for child in children:
        shape.setdefault(child.tag.rpartition("}")[2], []).append(_element(child))
    return {name: values[0] if len(values) == 1 and name not in REPEATED else values for name, values in shape.items()}


REPEATED = {
    "Contents", "Version", "DeleteMarker", "Tag", "Grant", "Rule", "CORSRule", "AllowedMethod", "AllowedOrigin",
    "AllowedHeader", "ExposeHeader", "Transition", "Bucket", "Upload", "Part", "CommonPrefixes", "Deleted",
}  # fmt: skip
