"""The committee's lists: files, sessions, declarations, members. A fixed number of queries each."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Mandate, Person
from apps.committee import rules, selectors
from apps.committee.models import Ballot, Disclosure, File, Interest, Session
from apps.core.errors import Message

OPEN, MINE, WAITING, DECIDED, ALL = "ouverts", "a-moi", "sans-seance", "rendus", "tous"
LABELS: dict[str, Message] = {
    OPEN: _("Before the committee"),
    MINE: _("Awaiting my answer"),
    WAITING: _("Without a session"),
    DECIDED: _("Opinion given"),
    ALL: _("All"),
}


@dataclass(frozen=True)
class Filter:
    """A choice of the list, with how many files it shows."""

    value: str
    label: Message
    count: int
    is_chosen: bool


def _chosen(person: Person) -> dict[str, Q]:
    awaited = Ballot.objects.filter(person=person, answered_at=None, voided_at=None)
    return {
        OPEN: Q(stage__in=rules.OPEN_STAGES),
        MINE: Q(pk__in=awaited.values("file")),
        WAITING: Q(stage=rules.Stage.WAITING),
        DECIDED: Q(stage=rules.Stage.DECIDED),
        ALL: Q(),
    }


def files(person: Person, chosen: str) -> QuerySet[File]:
    """The files that exist for the person, those that await their answer first, the longest waiting at the top."""
    conditions = _chosen(person)
    found = selectors.files_visible_to(person).annotate(awaits_me=conditions[MINE])
    return found.filter(conditions.get(chosen, conditions[OPEN])).order_by("-awaits_me", "came_at", "id")


def filters(person: Person, chosen: str) -> list[Filter]:
    """The choices with their counts. One query."""
    conditions = _chosen(person)
    counted = (
        selectors.files_visible_to(person)
        .order_by()
        .aggregate(
            **{f"n{place}": Count("pk", filter=condition) for place, condition in enumerate(conditions.values())}
        )
    )
    picked = chosen if chosen in conditions else OPEN
    return [
        Filter(value, LABELS[value], counted[f"n{place}"], value == picked) for place, value in enumerate(conditions)
    ]


def next_sessions() -> QuerySet[Session]:
    """The three sessions to come or under way."""
    return selectors.sessions_taking_files()[:3]


def declarations(person: Person) -> dict[str, Any]:
    """What the person declared: links with organisations, and how many dossiers they left to others."""
    declared = Interest.objects.filter(person=person).select_related("organisation").order_by("-declared_at")
    left = Disclosure.objects.filter(person=person, has_interest=True).count()
    return {"declared": declared, "left": left, "today": timezone.localdate()}


@dataclass(frozen=True)
class MemberLine:
    """One member: what they act for, what they declared, how many reports they still owe."""

    person: Person
    organisations: list[str]
    interests: list[str]
    owed: int


def members(today: date) -> list[MemberLine]:
    """The members of the committee by name. Three queries."""
    owed = Ballot.objects.filter(person=OuterRef("pk"), answered_at=None, voided_at=None).values("person")
    counted = Coalesce(Subquery(owed.annotate(n=Count("pk")).values("n")), 0)
    people = list(selectors.members_on(today).annotate(owed=counted))
    acting, linked = defaultdict(list), defaultdict(list)
    for mandate in Mandate.objects.current(today).filter(person__in=people).select_related("organisation"):
        acting[mandate.person_id].append(mandate.organisation.name)
    counting = Q(counts_until=None) | Q(counts_until__gte=today)
    for link in Interest.objects.filter(counting, person__in=people).select_related("organisation"):
        linked[link.person_id].append(f"{link.organisation.name} ({link.get_nature_display()})")
    return [MemberLine(one, acting[one.pk], linked[one.pk], one.owed) for one in people]
