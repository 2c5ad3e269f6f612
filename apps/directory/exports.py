"""The directory as files: open data in CSV and JSON, and a feed of what is new."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from apps.audit.downloads import csv_rows
from apps.directory import presentation, selectors
from apps.directory.models import Entry

CHUNK = 500
OWN = (
    *("number", "title", "title_en", "url", "stage", "starts_on", "ends_on"),
    *("ended_on", "ending", "ending_told", "published_at", "updated_at"),
)
TOLD = ("method", "method_en", "results", "results_en", "publications")


def record(entry: Entry) -> dict[str, Any]:
    """One project as open data."""
    return {
        "number": entry.number,
        "title": entry.title,
        "title_en": entry.title_en,
        "url": page_address(entry),
        "stage": selectors.stage_of(entry).value,
        "starts_on": entry.starts_on.isoformat(),
        "ends_on": entry.ends_on.isoformat(),
        "ended_on": entry.ended_on.isoformat() if entry.ended_on else "",
        "ending": entry.ending,
        "ending_told": entry.ending_told,
        "published_at": entry.published_at.isoformat(timespec="seconds"),
        "updated_at": entry.updated_at.isoformat(timespec="seconds"),
        **{name: value for name, value in entry.facts.items() if name not in OWN},
        **{name: getattr(entry, name) for name in TOLD},
    }


def page_address(entry: Entry) -> str:
    """The whole address of a project's public page."""
    return settings.PORTAL_URL.rstrip("/") + reverse("directory:entry", args=[entry.application_id])


def json_parts(entries: QuerySet[Entry]) -> Iterator[str]:
    """A JSON array, one project a line."""
    yield "["
    for number, entry in enumerate(entries.iterator(CHUNK)):
        yield (",\n" if number else "\n") + json.dumps(record(entry), ensure_ascii=False)
    yield "\n]\n"


def csv_parts(entries: QuerySet[Entry]) -> Iterator[str]:
    """A table, one project a line; lists are written as JSON. Its columns are those of every project in it."""
    names = dict.fromkeys(name for facts in entries.values_list("facts", flat=True).iterator(CHUNK) for name in facts)
    columns = [*OWN, *(name for name in names if name not in OWN), *TOLD]
    yield "\ufeff"
    yield from csv_rows(columns, (_cells(record(entry), columns) for entry in entries.iterator(CHUNK)))


def _cells(data: Mapping[str, Any], columns: list[str]) -> list[str]:
    return [_cell(data.get(name, "")) for name in columns]


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def feed(entries: list[Entry], language: str, address: str) -> str:
    """What is new, as an Atom feed in the reader's language."""
    home = settings.PORTAL_URL.rstrip("/") + reverse("directory:list")
    made = Atom1Feed(
        title=_("Public directory of projects"),
        link=home,
        description=_("Projects that use data of the SNDS"),
        language=language,
        feed_url=address,
    )
    for found in presentation.lines(entries, language):
        made.add_item(
            title=f"{found.entry.number} — {found.title}",
            link=page_address(found.entry),
            description=f"{found.entry.controller} — {found.stage}",
            unique_id=f"urn:uuid:{found.entry.pk}",
            updateddate=found.entry.updated_at,
            pubdate=found.entry.published_at,
        )
    return str(made.writeString("utf-8"))
