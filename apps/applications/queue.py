"""The stewards' queue: which dossiers, in which order, found how; as a page and as a file."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Value
from django.utils import formats, timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import Person
from apps.applications import selectors, wording
from apps.applications.models import Application
from apps.applications.policy import policies
from apps.applications.rules import WHOSE_TURN, Status, Turn
from apps.applications.searching import found_by
from apps.audit.rules import spreadsheet_cell

STATUSES = tuple(status for status in Status if status is not Status.DRAFT)
ALL, MINE, NOBODY = "all", "me", "none"
OVERDUE, WEEK = "overdue", "week"
EXPORTED_AT_MOST = 10_000
# A search that finds more says so instead of counting them: to look for a frequent word in every text takes too long.
COUNTED_AT_MOST = 1_000
COLUMNS = ("number", "title", "organisation", "applicant", "path", "status", "turn", "due_on", "steward", "round")


@dataclass(frozen=True)
class View:
    """What of the queue is asked for, as its address says: a bookmark is a saved view."""

    status: str
    text: str
    steward: str
    due: str
    path: str

    @property
    def address(self) -> str:
        """The query string of this view."""
        asked = {"status": self.status, "q": self.text, "steward": self.steward, "due": self.due, "path": self.path}
        return urlencode({key: value for key, value in asked.items() if value})


def view_of(query: Mapping[str, str]) -> View:
    """The view of an address; what it does not know is left out. A search looks everywhere unless told where."""
    text = query.get("q", "").strip()
    steward = query.get("steward", "")
    path = query.get("path", "")
    narrowed = text or steward or query.get("due") or path
    return View(
        status=query.get("status", ALL if narrowed else Status.SUBMITTED),
        text=text,
        steward=steward if steward in {MINE, NOBODY} or is_uuid(steward) else "",
        due=query.get("due", "") if query.get("due") in {OVERDUE, WEEK} else "",
        path=path if path in dict(path_titles()) else "",
    )


def is_uuid(text: str) -> bool:
    """Whether the text is an identifier."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def path_titles() -> list[tuple[str, str]]:
    """Every path that any version of the rules knows, with its latest title."""
    known = {path.key: wording.said(path.title) for policy in policies() for path in policy.paths}
    return list(known.items())


def queue(view: View, steward: Person) -> QuerySet[Application]:
    """The dossiers of a view: what awaits a steward first, by legal deadline, then the longest waiting."""
    shown = ("organisation", "created_by", "assigned_to")
    found = _narrowed(view, steward).select_related(None).select_related(*shown)
    ordered = found.order_by("queue_rank", "due_on", "submitted_at", "id")
    if view.status in STATUSES:
        return ordered.filter(status=view.status).order_by("due_on", "submitted_at", "id")
    return ordered


def _narrowed(view: View, steward: Person) -> QuerySet[Application]:
    found = selectors.applications_examined()
    if view.text:
        found = found.filter(found_by(view.text))
    if view.path:
        found = found.filter(path=view.path)
    return found.filter(_assigned(view, steward) & _due(view, timezone.localdate()))


def _assigned(view: View, steward: Person) -> Q:
    if view.steward == NOBODY:
        return Q(assigned_to=None)
    if view.steward:
        return Q(assigned_to=steward.pk if view.steward == MINE else view.steward)
    return Q()


def _due(view: View, today: date) -> Q:
    last = {OVERDUE: today - timedelta(days=1), WEEK: today + timedelta(days=7)}.get(view.due)
    return Q(due_on__lte=last) if last else Q()


@dataclass(frozen=True)
class Tally:
    """How many dossiers there are, or, where that is not `exact`, more than so many."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        number = formats.number_format(self.number, force_grouping=True)
        return number if self.exact else _("more than %(number)s") % {"number": number}


@dataclass(frozen=True)
class Filter:
    """A choice of the queue, with how many dossiers it shows (None where a search left them uncounted) and its
    address.
    """

    value: str
    label: str
    count: Tally | None
    is_chosen: bool
    address: str


def filters(view: View, steward: Person) -> list[Filter]:
    """The choices of status with their counts in this view. One query."""
    tallies = _tallies(view, steward)
    labels = dict(Application.Status.choices)
    chosen = view.status if view.status in STATUSES else ALL
    wanted = [(status.value, str(labels[status])) for status in STATUSES]
    return [
        Filter(value, label, tallies.get(value), value == chosen, _with_status(view, value))
        for value, label in [*wanted, (ALL, _("All"))]
    ]


def _tallies(view: View, steward: Person) -> Mapping[str, Tally]:
    found = _narrowed(view, steward).order_by()
    if view.text:
        return _tallies_found(found, view.status)
    return _tallies_of(dict(found.values_list("status").annotate(number=Count("*"))))


def _tallies_of(counts: Mapping[str, int]) -> Mapping[str, Tally]:
    by_status = {status.value: Tally(counts.get(status, 0)) for status in STATUSES}
    return {**by_status, ALL: Tally(sum(counts.values()))}


def _tallies_found(found: QuerySet[Application], chosen: str) -> Mapping[str, Tally]:
    """Of a search: every count when it finds few, else that it finds many, in all and in the status that is chosen."""
    first = slice(COUNTED_AT_MOST + 1)
    everywhere = found.annotate(within=Value(False)).values_list("within", "status")[first]
    if chosen in STATUSES:
        within = found.filter(status=chosen).annotate(within=Value(True)).values_list("within", "status")[first]
        everywhere = everywhere.union(within, all=True)
    seen = Counter(everywhere)
    counts = {status: number for (is_within, status), number in seen.items() if not is_within}
    if sum(counts.values()) <= COUNTED_AT_MOST:
        return _tallies_of(counts)
    many = Tally(COUNTED_AT_MOST, exact=False)
    number = seen[True, chosen]
    return {ALL: many, **({chosen: Tally(number) if number <= COUNTED_AT_MOST else many} if chosen in STATUSES else {})}


def _with_status(view: View, status: str) -> str:
    return View(status, view.text, view.steward, view.due, view.path).address


class Counted(Paginator):
    """Pages of a list whose length is known already."""

    def __init__(self, found: QuerySet[Application], per_page: int, total: int) -> None:
        super().__init__(found, per_page)
        self.total = total

    @cached_property
    def count(self) -> int:
        return self.total


@dataclass(frozen=True)
class Saved:
    """A view that is always offered."""

    label: str
    address: str
    is_chosen: bool


def saved_views(view: View) -> list[Saved]:
    """The views that stewards open every day."""
    offered = (
        (_("Awaiting a steward, by deadline"), View(ALL, "", "", "", "")),
        (_("Assigned to me"), View(ALL, "", MINE, "", "")),
        (_("Assigned to nobody"), View(ALL, "", NOBODY, "", "")),
        (_("Past the legal deadline"), View(ALL, "", "", OVERDUE, "")),
        (_("Due within seven days"), View(ALL, "", "", WEEK, "")),
    )
    return [Saved(label, found.address, found == view) for label, found in offered]


def deadline_said(application: Application, today: date) -> str:
    """How the legal deadline of the present stage stands, in words; blank without one."""
    if application.due_on is None or WHOSE_TURN[application.state] is Turn.NOBODY:
        return ""
    days = (application.due_on - today).days
    if days < 0:
        return ngettext("%(days)s day late", "%(days)s days late", -days) % {"days": -days}
    return _("today") if days == 0 else ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days}


class _Line:
    """A file that gives back the one line that was written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(found: Iterable[Application]) -> Iterator[str]:
    """A heading and one line a dossier, which no spreadsheet computes."""
    writer = csv.writer(_Line())
    titles = dict(path_titles())
    yield writer.writerow(COLUMNS)
    for application in found:
        cells = (
            application.number,
            application.title,
            application.organisation.name,
            application.created_by.full_name,
            titles.get(application.path, application.path),
            application.get_status_display(),
            str(wording.TURNS[WHOSE_TURN[application.state]]),
            application.due_on.isoformat() if application.due_on else "",
            application.assigned_to.full_name if application.assigned_to else "",
            str(application.round),
        )
        yield writer.writerow(map(spreadsheet_cell, cells))
