"""What exists in the imitated account, and what is about to happen to it."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.workspaces.fake_scaleway.world import World

JSON = Any
Effect = Callable[["World", "Record"], None]


@dataclass
class Record:
    """One resource: `body` is what the API shows, `hidden` what it keeps to itself.

    `place` is a zone, a region or "" for what belongs to no place; `project` and `organization` decide who may see it.
    """

    kind: str
    id: str
    place: str
    body: dict[str, JSON]
    project: str = ""
    organization: str = ""
    hidden: dict[str, JSON] = field(default_factory=dict)


@dataclass(order=True)
class _Due:
    moment: float
    order: int
    kind: str = field(compare=False)
    id: str = field(compare=False)
    effect: Effect = field(compare=False)
    chain: int = field(compare=False)


class Store:
    """Tables of records by kind, in order of creation, and a queue of future effects on them."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Record]] = {}
        self._due: list[_Due] = []
        self._order = 0
        self._chains: dict[tuple[str, str], int] = {}

    def add(self, record: Record) -> Record:
        self._tables.setdefault(record.kind, {})[record.id] = record
        return record

    def get(self, kind: str, record_id: str) -> Record | None:
        return self._tables.get(kind, {}).get(record_id)

    def remove(self, record: Record) -> None:
        self._tables.get(record.kind, {}).pop(record.id, None)

    def all(self, kind: str, place: str | None = None) -> list[Record]:
        return [r for r in self._tables.get(kind, {}).values() if place is None or r.place == place]

    def where(self, kind: str, **values: JSON) -> Iterator[Record]:
        """Records of a kind whose body holds these values."""
        for record in self.all(kind):
            if all(record.body.get(key) == value for key, value in values.items()):
                yield record

    def counts(self) -> dict[str, int]:
        return {kind: len(table) for kind, table in sorted(self._tables.items()) if table}

    def kinds(self) -> Iterable[str]:
        return sorted(self._tables)

    # ---- what will happen ------------------------------------------------------------------------------------------

    def schedule(self, record: Record, moment: float, effect: Effect) -> None:
        """Apply `effect` to the record at `moment`, unless it is gone or its story was cut by `interrupt`."""
        self._order += 1
        chain = self._chains.get((record.kind, record.id), 0)
        heapq.heappush(self._due, _Due(moment, self._order, record.kind, record.id, effect, chain))

    def interrupt(self, record: Record) -> None:
        """Forget everything that was to happen to this record."""
        key = (record.kind, record.id)
        self._chains[key] = self._chains.get(key, 0) + 1

    def settle(self, world: "World", now: float) -> None:
        """Apply, in order, every effect whose moment has come."""
        while self._due and self._due[0].moment <= now:
            due = heapq.heappop(self._due)
            record = self.get(due.kind, due.id)
            if record is not None and self._chains.get((due.kind, due.id), 0) == due.chain:
                due.effect(world, record)

    def next_due(self) -> float | None:
        """The moment of the next effect, or None when nothing is under way."""
        return self._due[0].moment if self._due else None
