"""What exists in the cloud against what should, workspace by workspace: bars for a picture, numbers for its table."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from apps.workspaces.models import CloudLook, Workspace
from apps.workspaces.plans import THINGS
from apps.workspaces.providers.base import What
from apps.workspaces.rules import Status

SHOWN = 40
ROW = 26
WIDTH = 640
_LEFT, _BAR = 190, 380


@dataclass(frozen=True)
class Bar:
    """One workspace: how many parts it should have, how many the latest comparison left it (those of the ledger without
    those found missing), and how many differ; positions in the picture's units."""

    workspace: Workspace
    wanted: int
    held: int
    differing: int
    opening: int
    y: int

    @property
    def text_y(self) -> int:
        return self.y + 13

    @property
    def held_width(self) -> int:
        return round(_BAR * min(self.held, len(THINGS)) / len(THINGS))

    @property
    def wanted_x(self) -> int:
        return _LEFT + round(_BAR * self.wanted / len(THINGS))

    @property
    def is_as_it_should_be(self) -> bool:
        return self.held == self.wanted and not self.differing


@dataclass(frozen=True)
class Picture:
    """The bars, with the size of the picture and what lies outside of it."""

    bars: tuple[Bar, ...]
    hidden: int
    left: int = _LEFT
    width: int = WIDTH

    @property
    def height(self) -> int:
        return max(1, len(self.bars)) * ROW + 6


def picture() -> Picture:
    """Every living workspace in a cloud, those that differ first. Three queries."""
    open_findings = Q(findings__resolved_at=None)
    living = (
        Workspace.objects.select_related("project__application")
        .exclude(provider="local")
        .exclude(status=Status.DESTROYED)
        .annotate(
            held=Count("resources", Q(resources__removed_at=None, resources__kind__in=THINGS), distinct=True),
            missing=Count("findings", open_findings & Q(findings__what=What.MISSING), distinct=True),
            differing=Count("findings", open_findings, distinct=True),
            opening=Count("findings", open_findings & Q(findings__opens=True), distinct=True),
        )
        .order_by("-opening", "-differing", "created_at")
    )
    count = living.count()
    first = list(living.values_list("pk", flat=True)[:SHOWN])
    bars = tuple(_bar(one, number) for number, one in enumerate(living.filter(pk__in=first)))
    return Picture(bars, max(0, count - SHOWN))


def _bar(workspace: Workspace, number: int) -> Bar:
    wanted = 0 if workspace.status == Status.DESTROYING else len(THINGS)
    names = ("held", "missing", "differing", "opening")
    held, missing, differing, opening = (getattr(workspace, name) for name in names)
    return Bar(workspace, wanted, held - missing, differing, opening, number * ROW + 4)


def searched() -> QuerySet[Any, Any]:
    """By kind of thing: in how many places it was looked for, since when at the longest, what was found, and how many
    places did not answer. One query."""
    by_kind = CloudLook.objects.order_by("kind").values("kind")
    counts = {"places": Count("pk"), "unanswered": Count("pk", ~Q(problem=""))}
    return by_kind.annotate(since=Min("looked_at"), found_sum=Sum("found"), **counts)


def unanswered() -> QuerySet[CloudLook]:
    """Looks whose latest question was refused or not answered."""
    return CloudLook.objects.exclude(problem="")
