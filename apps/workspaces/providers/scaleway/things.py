"""How any part of a workspace comes to be and goes: find → adopt or create → verify, and remove → until it is gone.

Each kind of part says in one class what is particular to it; the two functions here are all the control flow there is.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from apps.workspaces.providers.base import Made, NotYet, ProviderRefused
from apps.workspaces.providers.scaleway.errors import Absent, Busy, Exists
from apps.workspaces.providers.scaleway.site import Site

JSON = Any
SOON = timedelta(seconds=1)


@dataclass(frozen=True)
class Seen:
    """One part as the cloud shows it. `made` orders copies; `raw` is the SDK's own object."""

    id: str
    facts: Mapping[str, str] = field(default_factory=dict)
    ready: bool = True
    made: str = ""
    raw: JSON = None


@dataclass(frozen=True)
class Drift:
    """A difference from what a part should be; `opens` when it weakens the isolation."""

    detail: str
    opens: bool = False


class Thing(ABC):
    """A kind of part. What a class leaves out does not apply to it."""

    kind: ClassVar[str]
    poll: ClassVar[timedelta] = timedelta(seconds=2)

    @abstractmethod
    def find(self, site: Site) -> list[Seen]:
        """Every part of this kind of the workspace, by tag or name."""

    @abstractmethod
    def get(self, site: Site, part_id: str) -> Seen:
        """The part as it is now. Raises Absent."""

    @abstractmethod
    def create(self, site: Site) -> Seen:
        """Ask for it, once. Raises the types of `errors`."""

    def drift(self, site: Site, seen: Seen) -> list[Drift]:
        """How it differs from what it should be."""
        return []

    def repair(self, site: Site, seen: Seen) -> None:
        """Make it what it should be. Raises ProviderRefused where only a person can."""
        raise ProviderRefused(f"The {self.kind} {seen.id} is not as it should be.")

    @abstractmethod
    def delete(self, site: Site, seen: Seen) -> None: ...

    def is_gone(self, seen: Seen) -> bool:
        """Whether a part that still answers counts as removed (keys and secrets answer for days)."""
        return False

    def unused(self, site: Site) -> list[Seen]:
        """What belongs to the workspace without being a part of it: left over from a copy that was removed."""
        return []

    def to_remove(self, site: Site) -> list[Seen]:
        """What a removal removes: everything found, whoever made it."""
        return self.find(site)


def look(thing: Thing, site: Site, part_id: str) -> Seen | None:
    """The part, or None when the cloud says that it does not exist."""
    try:
        seen = thing.get(site, part_id)
    except Absent:
        return None
    return None if thing.is_gone(seen) else seen


def ensure(thing: Thing, site: Site) -> Made | NotYet:
    """The part stands, once, and is as it should be; or as much of that as needs no waiting."""
    seen = _standing(thing, site)
    if isinstance(seen, NotYet):
        return seen
    if not seen.ready:
        return NotYet(thing.poll, f"{thing.kind} is {seen.facts.get('state', 'on its way')}")
    if thing.drift(site, seen):
        thing.repair(site, seen)
        return NotYet(SOON, f"{thing.kind} repaired, read again next")
    return Made(((thing.kind, seen.id, seen.facts),))


def _standing(thing: Thing, site: Site) -> Seen | NotYet:
    known = site.known(thing.kind)
    if known is not None:
        seen = look(thing, site, known.external_id)
        if seen is not None:
            return seen
        if site.cloud.now() - known.since < timedelta(seconds=30):
            return NotYet(thing.poll, f"{thing.kind} is not visible yet")
    return _found(thing, site) or _created(thing, site)


def _found(thing: Thing, site: Site) -> Seen | None:
    """Adopt what is there; of several, the oldest stays and the others, which nobody ever used, go."""
    found = sorted((one for one in thing.find(site) if not thing.is_gone(one)), key=lambda one: (one.made, one.id))
    if not found:
        return None
    site.keep(thing.kind, found[0].id, dict(found[0].facts))
    for copy in found[1:]:
        thing.delete(site, copy)
    return found[0]


def _created(thing: Thing, site: Site) -> Seen | NotYet:
    if site.is_settling(thing.kind):
        return NotYet(thing.poll, f"{thing.kind}: an answer was lost, looking whether it was made")
    site.job.notebook.about_to(thing.kind, site.cloud.now())
    try:
        seen = thing.create(site)
    except Exists:
        return NotYet(thing.poll, f"{thing.kind} exists already")
    site.keep(thing.kind, seen.id, dict(seen.facts))
    return seen


def remove(thing: Thing, site: Site) -> Made | NotYet:
    """Nothing of this kind is left; or as much of that as needs no waiting."""
    known = site.known(thing.kind)
    present = {one.id: one for one in thing.to_remove(site) if not thing.is_gone(one)}
    by_ledger = look(thing, site, known.external_id) if known and known.external_id not in present else None
    if by_ledger is not None:
        present[by_ledger.id] = by_ledger
    if not present:
        if site.is_settling(thing.kind):
            return NotYet(thing.poll, f"{thing.kind}: an answer was lost, looking whether it was made")
        site.job.notebook.forget(thing.kind)
        return Made()
    for one in present.values():
        try:
            thing.delete(site, one)
        except Absent:
            continue
        except Busy as busy:
            return NotYet(thing.poll, f"{thing.kind} is still in use: {busy}")
    return NotYet(thing.poll, f"{thing.kind} is going")
