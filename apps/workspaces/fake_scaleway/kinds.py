"""One resource engine for every product: a kind says what differs, the functions here do what is common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.workspaces.fake_scaleway import access, errors
from apps.workspaces.fake_scaleway.call import Call, Reply
from apps.workspaces.fake_scaleway.clock import stamp, stamp_with_offset
from apps.workspaces.fake_scaleway.paging import in_order, page_with_links, page_with_total
from apps.workspaces.fake_scaleway.shapes import Take, read_changes
from apps.workspaces.fake_scaleway.store import Record

JSON = Any
View = Callable[[Call, Record], dict[str, JSON]]
Filter = Callable[[Record, list[str]], bool]


def body_as_is(call: Call, record: Record) -> dict[str, JSON]:
    return dict(record.body)


@dataclass(frozen=True)
class Kind:
    """What distinguishes one resource of the API.

    `word` is its name in refusals, `many` the key of its lists, `one` the wrapper of a single one (Instance v1 only),
    `changes` the keys that PATCH accepts, `filters` the query parameters that are not a plain equality.
    """

    name: str
    product: str
    word: str
    many: str
    one: str | None = None
    view: View = body_as_is
    changes: Mapping[str, Take] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    dates: tuple[str, str] = ("created_at", "updated_at")
    denied_word: str = ""
    lag: float = 0.0


def now_as(kind: Kind, call: Call) -> str:
    write = stamp_with_offset if kind.dates[0] == "creation_date" else stamp
    return write(call.world.clock.now())


def make(call: Call, kind: Kind, body: dict[str, JSON], *, project: str | None = None, **hidden: JSON) -> Record:
    """Store a new resource: its id and dates are given here; the caller must be allowed to write in its project."""
    world = call.world
    owner_project = call.project() if project is None else project
    access.require(world, call.principal, kind.product, "write", owner_project or None, kind.denied_word or kind.word)
    world.limits.check(world, kind.name)
    now = now_as(kind, call)
    record = Record(
        kind=kind.name,
        id=str(body.get("id") or world.new_id()),
        place=call.place,
        body={**body, kind.dates[0]: now, kind.dates[1]: now},
        project=owner_project,
        organization=call.principal.organization,
        hidden=dict(hidden),
    )
    record.body["id"] = record.id
    record.hidden["visible_at"] = world.clock.now() + world.lag_of(kind.name)
    return world.store.add(record)


def find(call: Call, kind: Kind, record_id: str, access_needed: str | None = None) -> Record:
    """The resource of this id in the place of the call; 404 when absent, 403 when it is somebody else's."""
    record = call.world.store.get(kind.name, record_id)
    if record is None or record.place not in ("", call.place, call.region) or not visible(call, record):
        raise errors.not_found(kind.word, "" if kind.word == "unknown" else record_id)
    needed = access_needed or call.access
    mine = record.organization == call.principal.organization
    shared = needed == "read" and record.hidden.get("public")
    if not shared and not (mine and _allowed(call, kind, record, needed)):
        raise errors.permissions_denied(kind.denied_word or kind.word, needed)
    return record


def visible(call: Call, record: Record) -> bool:
    """A new resource may stay unseen for a while: reads lag behind writes."""
    return bool(record.hidden.get("visible_at", 0) <= call.world.clock.now())


def _allowed(call: Call, kind: Kind, record: Record, needed: str) -> bool:
    return access.allows(call.world, call.principal, kind.product, needed, record.project or None)


def shown(call: Call, kind: Kind, record: Record) -> dict[str, JSON]:
    return kind.view(call, record)


def one(call: Call, kind: Kind, record: Record, status: int = 200) -> Reply:
    value = shown(call, kind, record)
    return Reply(status, {kind.one: value} if kind.one else value)


def listed(call: Call, kind: Kind) -> Reply:
    """The resources of this place that the caller may read, filtered, ordered and cut into pages."""
    records = [
        record
        for record in call.world.store.all(kind.name)
        if record.place in ("", call.place, call.region)
        and (record.organization == call.principal.organization or record.hidden.get("public"))
        and _allowed(call, kind, record, "read")
        and visible(call, record)
        and _matches(call, kind, record)
    ]
    items = in_order([shown(call, kind, record) for record in records], call.asked("order_by") or call.asked("order"))
    return page_with_links(call, kind.many, items) if kind.one else page_with_total(call, kind.many, items)


NOT_FILTERS = {"page", "page_size", "per_page", "order_by", "order"}
PLURALS = {"ids": "id", "tag": "tags", "project": "project", "organization": "organization"}


def _matches(call: Call, kind: Kind, record: Record) -> bool:
    names = {name for name, value in call.query if value != "" and name not in NOT_FILTERS}
    return all(_passes(kind, record, name, call.asked_all(name)) for name in names)


def _passes(kind: Kind, record: Record, name: str, wanted: list[str]) -> bool:
    special = kind.filters.get(name)
    if special is not None:
        return special(record, wanted)
    if wanted[-1].startswith("unknown_"):
        return True
    body = {**record.body, "project_id": record.project, "organization_id": record.organization}
    field_name = _field_of(body, kind, name)
    return True if field_name is None else _holds(body[field_name], wanted, name)


def _field_of(body: dict[str, JSON], kind: Kind, name: str) -> str | None:
    singular = name[:-1] if name.endswith("s") else name
    candidates = (
        name,
        PLURALS.get(name, name),
        singular,
        "id" if singular == f"{kind.name}_id" else name,
        f"{name}_id",
    )
    return next((candidate for candidate in candidates if candidate in body), None)


def _holds(value: JSON, wanted: list[str], name: str) -> bool:
    if isinstance(value, list):
        return all(item in value for item in ",".join(wanted).split(","))
    if isinstance(value, bool):
        return str(value).lower() == wanted[-1]
    if name == "name":
        return wanted[-1] in str(value)
    return str(value) in wanted


def changed(call: Call, kind: Kind, record: Record) -> dict[str, JSON]:
    """Apply the PATCH body to the record; what it gave, checked, is returned."""
    changes = read_changes(call.body, kind.changes)
    record.body.update({name: value for name, value in changes.items() if name in record.body})
    touch(call, kind, record)
    return changes


def touch(call: Call, kind: Kind, record: Record) -> None:
    record.body[kind.dates[1]] = now_as(kind, call)


def gone(call: Call, record: Record) -> Reply:
    call.world.store.remove(record)
    return Reply(204)
