"""The auditor's pages. Looking at them is recorded as well."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from apps.audit import keys, presentation, rules, selectors
from apps.audit.downloads import csv_lines, json_lines
from apps.audit.exporting import proof_of
from apps.audit.forms import SearchForm
from apps.audit.models import Event
from apps.audit.reading import event_read, reads
from apps.audit.selectors import Search
from apps.core.actions import declares
from apps.core.errors import PortalError

PAGE_SIZE = 50
FORMATS = {"csv": (csv_lines, "text/csv; charset=utf-8"), "jsonl": (json_lines, "application/jsonl")}


@declares("audit.search")
def search(request: HttpRequest) -> HttpResponse:
    """The log, filtered by what the address asks, the newest events first."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return render(request, "audit/search.html", presentation.search_page(form, None), status=422)
    asked = form.search()
    page = selectors.event_page(asked, before=_before(request), size=PAGE_SIZE)
    _record(request, "audit.searched", asked)
    return render(request, "audit/search.html", presentation.search_page(form, page))


@declares("audit.export")
def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """What a search finds, as a file. Refused, rather than cut short, when it is too much for a page."""
    form = SearchForm(request.GET)
    lines, content_type = FORMATS.get(request.GET.get("format", ""), (None, ""))
    if lines is None or not form.is_valid():
        raise Http404
    asked = form.search()
    found = selectors.events_found(asked)
    if found[rules.EXPORT_AT_MOST :].exists():
        raise PortalError(_("More than 100,000 events fit: narrow the search, for example to a shorter time."))
    _record(request, "audit.exported", asked)
    file = StreamingHttpResponse(lines(found.iterator(chunk_size=2_000)), content_type=content_type)
    file["Content-Disposition"] = f'attachment; filename="audit.{request.GET["format"]}"'
    return file


@declares("audit.read_readers")
def readers(request: HttpRequest) -> HttpResponse:
    """Who saw a dossier, an extract or any other object."""
    form = SearchForm(request.GET)
    asked = form.search() if form.is_valid() else Search()
    found = selectors.readers_of(asked) if asked.dossier_id or (asked.object_kind and asked.object_id) else None
    if found is not None:
        _record(request, "audit.readers_read", asked)
    return render(request, "audit/readers.html", presentation.readers_page(form, found))


@declares("audit.read_event")
@reads("audit.event_read", object_kind="event", object_id="event_id")
def event(request: HttpRequest, event_id: int) -> HttpResponse:
    """One event with everything it holds, and where it is sealed."""
    return render(request, "audit/event.html", presentation.event_page(get_object_or_404(Event, pk=event_id)))


@declares("audit.download_proof")
@reads("audit.proof_downloaded", object_kind="event", object_id="event_id")
def proof(request: HttpRequest, event_id: int) -> HttpResponse:
    """The proof of one event; a missing page until it is sealed."""
    found = proof_of(get_object_or_404(Event, pk=event_id))
    if found is None:
        raise Http404
    answer = JsonResponse(found, json_dumps_params={"ensure_ascii": False, "indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="preuve-{event_id}.json"'
    return answer


@declares("audit.read_seal")
def seal(request: HttpRequest) -> HttpResponse:
    """How far the seal has come, what the last verifications found, and the key to check signatures with."""
    event_read(request, action="audit.seal_read", object_kind="audit", object_id="seal")
    return render(request, "audit/seal.html", presentation.seal_page(keys.trusted_fingerprints()))


def _before(request: HttpRequest) -> int | None:
    given = request.GET.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


def _record(request: HttpRequest, action: str, asked: Search) -> None:
    filters: dict[str, Any] = {name: str(value) for name, value in asked.lookups().items()}
    dossier = str(asked.dossier_id) if asked.dossier_id else ""
    event_read(request, action=action, object_kind="audit", object_id=dossier or "log", data={"filters": filters})
