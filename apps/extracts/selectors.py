"""Reading extract requests."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Min, Q, QuerySet, Sum

from apps.accounts.models import Person
from apps.applications.selectors import conflicts_of
from apps.core.models import OutboxItem
from apps.core.rules import Decision, Refused, Role, decide_by_table
from apps.extracts.models import ExtractRequest, ExtractUnit
from apps.extracts.rules import ACTIONS, Stage, Status, seconds_left
from apps.projects.selectors import projects_visible_to, roles_for


def request_to_run(request_id: str) -> ExtractRequest:
    """The request with its project and entitlement. One query."""
    return ExtractRequest.objects.select_related("project__entitlement").get(pk=request_id)


def latest_requests(project_id: UUID) -> QuerySet[ExtractRequest]:
    """The project's latest extract request, if there is one."""
    return ExtractRequest.objects.filter(project_id=project_id).order_by("-requested_at")[:1]


def requests_visible_to(person: Person) -> QuerySet[ExtractRequest]:
    """The extracts of the projects that a person may see."""
    seen = ExtractRequest.objects.select_related("project__application", "project__entitlement")
    return seen.filter(project__in=projects_visible_to(person))


def awaiting_release() -> QuerySet[ExtractRequest]:
    """The verified extracts that wait for a steward, the longest first."""
    waiting = ExtractRequest.objects.filter(status=Status.TO_RELEASE)
    return waiting.select_related("project__application").order_by("finished_at", "pk")


def decision_for(action: str, request: ExtractRequest, person: Person) -> Decision:
    """Whether this person may do this to this request now, by the permission table."""
    return decide_by_table(ACTIONS, action, roles_for(person, request.project), request.status)


def actions_of(request: ExtractRequest, person: Person) -> frozenset[str]:
    """The names of what this person may do to this request now; what needs independence is left to the independent."""
    roles = roles_for(person, request.project)
    open_to = [one for one in ACTIONS if _is_open(one.name, roles, request.status)]
    if any(one.independent for one in open_to) and conflicts_of(person, request.project.application):
        open_to = [one for one in open_to if not one.independent]
    return frozenset(one.name for one in open_to)


def _is_open(action: str, roles: frozenset[Role], status: str) -> bool:
    return not isinstance(decide_by_table(ACTIONS, action, roles, status), Refused)


def units_of(request: ExtractRequest, kinds: Collection[str] = ()) -> QuerySet[ExtractUnit]:
    """The units of an extract in their order, or those of some kinds."""
    units = ExtractUnit.objects.filter(request=request).order_by("position")
    return units.filter(kind__in=kinds) if kinds else units


def units_left(request: ExtractRequest) -> bool:
    """Whether some unit is still to be done."""
    return request.units.filter(finished_at=None).exists()


def lanes_at_work(request: ExtractRequest) -> bool:
    """Whether a worker may still be at a unit of this request."""
    lanes = Q(key=f"extract:{request.pk}") | Q(key__startswith=f"extract:{request.pk}:")
    return OutboxItem.objects.filter(lanes, status="pending").exists()


@dataclass(frozen=True)
class Progress:
    """How far an extract is: its stages in order, and about how long the rest will take."""

    stages: Sequence["StageLine"]
    left: timedelta | None


@dataclass(frozen=True)
class StageLine:
    """The units of one kind together."""

    kind: str
    done: int
    total: int
    rows: int
    bytes: int


def progress_of(request: ExtractRequest) -> Progress:
    """What the pages tell of a request under way. One query."""
    found = (
        ExtractUnit.objects.filter(request=request)
        .values("kind")
        .annotate(
            place=Min("position"),
            total=Count("pk"),
            done=Count("pk", filter=Q(finished_at__isnull=False)),
            made_rows=Sum("rows"),
            made_bytes=Sum("bytes"),
            spent=Sum(F("finished_at") - F("started_at")),
        )
        .order_by("place")
    )
    stages = [(one, (one["spent"] or timedelta()).total_seconds()) for one in found]
    left = seconds_left([Stage(one["done"], one["total"], spent) for one, spent in stages], settings.EXTRACT_LANES)
    lines = [
        StageLine(one["kind"], one["done"], one["total"], one["made_rows"], one["made_bytes"]) for one, _ in stages
    ]
    return Progress(lines, None if left is None else timedelta(seconds=left))
