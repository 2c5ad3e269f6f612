"""Events as files: CSV that no spreadsheet computes, JSON lines that hold exactly what was hashed."""

import csv
from collections.abc import Iterable, Iterator

from apps.audit.canonical import utc_text
from apps.audit.models import Event
from apps.audit.rules import spreadsheet_cell
from apps.audit.standalone.verify_audit import canonical

COLUMNS = ("id", "at", "actor", "action", "object_kind", "object_id", "dossier_id", "reading", "request_id", "data")


class _Line:
    """A file that gives back the one line that was written to it."""

    def write(self, line: str) -> str:
        return line


def csv_rows(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table as CSV, line by line, in which no cell is a formula."""
    writer = csv.writer(_Line())
    yield writer.writerow(heading)
    for row in rows:
        yield writer.writerow(map(spreadsheet_cell, row))


def csv_lines(events: Iterable[Event]) -> Iterator[str]:
    """A heading and one line an event; personal fields are left out."""
    return csv_rows(COLUMNS, map(_cells, events))


def _cells(event: Event) -> tuple[str, ...]:
    return (
        str(event.pk),
        utc_text(event.at),
        event.actor,
        event.action,
        event.object_kind,
        event.object_id,
        str(event.dossier_id or ""),
        "yes" if event.reading else "no",
        event.request_id,
        canonical(event.data).decode(),
    )


def json_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """The canonical bytes of each event; personal fields stay encrypted."""
    for event in events:
        yield event.content + b"\n"
