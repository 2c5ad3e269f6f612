"""Reading a request's JSON object: types, required keys and defaults, refused in the API's own words."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.workspaces.fake_scaleway import errors

JSON = Any
Detail = tuple[str, str, str]


@dataclass(frozen=True)
class Take:
    """How one key is read. `kind`: text, id, number, flag, list, object or any. A null counts as absent."""

    kind: str = "text"
    default: JSON = None
    required: bool = False
    one_of: tuple[str, ...] = ()


TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "id": (str,),
    "number": (int, float),
    "flag": (bool,),
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}


def read(body: Mapping[str, JSON], shape: Mapping[str, Take]) -> dict[str, JSON]:
    """The values of `shape` in `body`; raises 400 naming every argument that does not fit."""
    problems = [problem for name, take in shape.items() if (problem := _problem(body.get(name), name, take))]
    if problems:
        raise errors.invalid_arguments(*problems)
    return {name: _value(body.get(name), take) for name, take in shape.items()}


def read_changes(body: Mapping[str, JSON], shape: Mapping[str, Take]) -> dict[str, JSON]:
    """Only the keys of `shape` that the request gives (a null leaves the value alone)."""
    given = {name: take for name, take in shape.items() if body.get(name) is not None}
    return read(body, given)


def is_uuid(value: JSON) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _value(value: JSON, take: Take) -> JSON:
    if value is None:
        return list(take.default) if isinstance(take.default, list) else take.default
    return value


def _problem(value: JSON, name: str, take: Take) -> Detail | None:
    if value is None:
        return (name, "required", "required key not provided") if take.required else None
    if not isinstance(value, TYPES[take.kind]) or (take.kind == "number" and isinstance(value, bool)):
        return (name, "format", f"value must be of type {take.kind}")
    if take.kind == "id" and not is_uuid(value):
        return (name, "format", "value must be a valid UUID")
    if take.one_of and value not in take.one_of:
        return (name, "constraint", "value must be one of " + ", ".join(take.one_of))
    return None
