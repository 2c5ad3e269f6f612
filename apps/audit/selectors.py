"""Reading the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Count, Max, Min, QuerySet
from django.utils import timezone

from apps.audit.models import Checkpoint, Event, Seal, Verification

MOST_COUNTED = 10_000
WAITING = """
SELECT count(*), min(at) FROM (
    SELECT at FROM audit_event WHERE (xid, id) > (%s::text::xid8, %s) ORDER BY xid, id LIMIT %s) AS waiting
"""


def events_of_dossier(dossier_id: str) -> QuerySet[Event]:
    """Everything that was done to a dossier and to what came out of it, in order. Readings are left out."""
    return Event.objects.filter(dossier_id=dossier_id, reading=False).order_by("id")


@dataclass(frozen=True)
class Search:
    """What an auditor looks for; an empty field asks for nothing. Times are inclusive at the start only."""

    actor: str = ""
    action: str = ""
    object_kind: str = ""
    object_id: str = ""
    dossier_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    reading: bool | None = None

    def lookups(self) -> dict[str, Any]:
        """The conditions as the ORM spells them."""
        exact = ("actor", "action", "object_kind", "object_id", "dossier_id", "reading")
        asked = {name: getattr(self, name) for name in exact}
        times = {"at__gte": self.since, "at__lt": self.until}
        return {name: value for name, value in {**asked, **times}.items() if value not in ("", None)}


def events_found(search: Search) -> QuerySet[Event]:
    """The events that fit, the newest first."""
    return Event.objects.filter(**search.lookups()).order_by("-id")


@dataclass(frozen=True)
class EventPage:
    """A page of events; `older` is where the next page starts, None on the last one."""

    events: list[Event]
    older: int | None


def event_page(search: Search, *, before: int | None, size: int) -> EventPage:
    """A page of what was found, after those of the pages before it: the same work on the first and the thousandth."""
    found = events_found(search)
    if before is not None:
        found = found.filter(id__lt=before)
    events = list(found[: size + 1])
    more = len(events) > size
    return EventPage(events[:size], events[size - 1].pk if more else None)


@dataclass(frozen=True)
class Reader:
    """Somebody who saw an object: when first, when last, and how often."""

    actor: str
    first: datetime
    last: datetime
    times: int


def readers_of(search: Search) -> list[Reader]:
    """Who read what the search describes, the last reader first."""
    reading = Event.objects.filter(**search.lookups(), reading=True)
    rows = reading.values("actor").annotate(first=Min("at"), last=Max("at"), times=Count("id")).order_by("-last")
    return [Reader(**row) for row in rows]


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The names of people by identifier, in one query; systems and people who are gone are left out."""
    people = get_user_model()
    identifiers = {found for actor in actors if (found := _person_id(actor))}
    rows = people._default_manager.filter(pk__in=identifiers)
    return {str(person.pk): person.get_full_name() or str(person) for person in rows}


def _person_id(actor: str) -> str | None:
    try:
        return str(UUID(actor))
    except ValueError:
        return None


def person_id_by_email(email: str) -> str | None:
    """The identifier of the person with this e-mail address; None when there is none."""
    people = get_user_model()
    found = people._default_manager.filter(email=email.strip().lower()).values_list("pk", flat=True).first()
    return str(found) if found else None


def positions_of(events: Iterable[Event]) -> dict[int, int]:
    """The sealed positions of events, by event; those that wait for their seal are left out. One query."""
    return dict(Seal.objects.filter(event_id__in=[event.pk for event in events]).values_list("event_id", "position"))


def last_checkpoint() -> Checkpoint | None:
    """The newest checkpoint of the database."""
    return Checkpoint.objects.order_by("-sequence").first()


def checkpoint_over(position: int) -> Checkpoint:
    """The checkpoint whose batch holds a position. Raises Checkpoint.DoesNotExist for a position not given yet."""
    return Checkpoint.objects.filter(last__gte=position).order_by("last")[:1].get()


@dataclass(frozen=True)
class SealState:
    """How far the seal has come: the last checkpoint, how many events wait (counted to MOST_COUNTED and one more), and
    since when the oldest does."""

    last: Checkpoint | None
    waiting: int
    lag: timedelta | None

    @property
    def is_counted(self) -> bool:
        """Whether all that wait were counted."""
        return self.waiting <= MOST_COUNTED


def seal_state() -> SealState:
    """The present state of the seal."""
    last = last_checkpoint()
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [*([last.mark_xid, last.mark_event] if last else [0, 0]), MOST_COUNTED + 1])
        waiting, oldest = cursor.fetchone()
    return SealState(last, waiting, max(timezone.now() - oldest, timedelta(0)) if oldest else None)


def last_verifications() -> QuerySet[Verification]:
    """The verifications that were run, the newest first."""
    return Verification.objects.order_by("-id")
