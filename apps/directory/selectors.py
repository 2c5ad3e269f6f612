"""Reading the public directory."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.applications.policy import policies
from apps.applications.wording import said
from apps.directory import rules
from apps.directory.content import folded
from apps.directory.models import Entry
from apps.directory.rules import Stage

LONGEST_SEARCH = 100


@dataclass(frozen=True)
class Wanted:
    """What a reader looks for; blank means any. All of it is in the address, so that it can be kept."""

    text: str = ""
    path: str = ""
    stage: str = ""
    year: str = ""


def entries() -> QuerySet[Entry]:
    """Every published project, the latest news first, without what only its own page shows."""
    return Entry.objects.defer("sections", "haystack").order_by("-updated_at", "id")


def entries_found(wanted: Wanted) -> QuerySet[Entry]:
    """The projects a reader looks for: each word begins one of the page, whatever its accents and capitals."""
    found = entries()
    words = re.findall(r"\w+", folded(wanted.text[:LONGEST_SEARCH]))
    if words:
        query = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
        found = found.annotate(words=SearchVector("haystack", config="simple")).filter(words=query)
    if wanted.path:
        found = found.filter(path=wanted.path)
    if wanted.year.isascii() and wanted.year.isdigit() and len(wanted.year) == 4 and wanted.year != "0000":
        found = found.filter(starts_on__year=int(wanted.year))
    if wanted.stage in set(Stage):
        found = found.filter(_in_stage(Stage(wanted.stage), timezone.localdate()))
    return found


def _in_stage(stage: Stage, today: date) -> Q:
    revoked = Q(ending=Stage.REVOKED)
    without = Q(results_at=None) & ~revoked
    goes_on = without & Q(ending="")
    return {
        Stage.REVOKED: revoked,
        Stage.RESULTS: Q(results_at__isnull=False) & ~revoked,
        Stage.TO_COME: goes_on & Q(starts_on__gt=today),
        Stage.UNDER_WAY: goes_on & Q(starts_on__lte=today, ends_on__gte=today),
        Stage.ENDED: without & (~Q(ending="") | Q(ends_on__lt=today)),
    }[stage]


def entry_of(application_id: UUID) -> QuerySet[Entry]:
    """The public page of a dossier, if there is one."""
    return Entry.objects.filter(application=application_id)


def stage_of(entry: Entry) -> Stage:
    """Where the project stands today."""
    told, today = entry.results_at is not None, timezone.localdate()
    return rules.stage(entry.starts_on, entry.ends_on, told, today, ending=entry.ending)


def paths_published() -> dict[str, str]:
    """The paths whose projects are published, under any version of the rules, with their titles."""
    return {path.key: said(path.title) for policy in policies() for path in policy.paths if path.public_directory}


def years() -> list[int]:
    """The years in which published projects start, latest first. One query."""
    return [day.year for day in Entry.objects.dates("starts_on", "year", order="DESC")]


def newest() -> Any:
    """When anything in the directory changed last; None while it is empty. One query."""
    return Entry.objects.order_by("-updated_at").values_list("updated_at", flat=True).first()
