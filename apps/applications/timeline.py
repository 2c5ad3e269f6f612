"""What happened to a dossier and to what came out of it, in sentences."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from apps.accounts.models import Person
from apps.applications.models import Application
from apps.audit.models import Event
from apps.audit.selectors import events_of_dossier
from apps.audit.wording import sentences, told

# Saves as people type: kept in the audit log, noise in a story.
NOISE = ("application.page_saved",)


@dataclass(frozen=True)
class Line:
    """One event in words."""

    at: datetime
    sentence: str


def timeline_of(application: Application) -> list[Line]:
    """The story of a dossier, latest first, in the reader's language. Two queries."""
    events = list(events_of_dossier(str(application.pk)).exclude(action__in=NOISE).order_by("-id"))
    names = _names(event.actor for event in events)
    return [Line(event.at, _sentence(event, names)) for event in events]


def _sentence(event: Event, names: Mapping[str, str]) -> str:
    words = sentences().get(event.action)
    if words is None:
        return event.action
    return str(words) % defaultdict(lambda: "—", {**told(event.data), "actor": names.get(event.actor, _("The portal"))})


def _names(actors: Iterable[str]) -> dict[str, str]:
    people = Person.objects.in_bulk({actor for actor in actors if _is_person(actor)})
    return {str(key): person.full_name for key, person in people.items()}


def _is_person(actor: str) -> bool:
    try:
        UUID(actor)
    except ValueError:
        return False
    return True
