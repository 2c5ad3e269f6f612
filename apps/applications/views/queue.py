"""The stewards' queue, as a page and as a file, and the dossiers given to a steward."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from apps.accounts.navigation import person_of
from apps.applications import following, overview, queue, selectors, services
from apps.core.actions import declares

PAGE_SIZE = 25


@declares("application.queue")
def queue_page(request: HttpRequest) -> HttpResponse:
    """The dossiers that await a steward, then the others."""
    person, view = person_of(request), queue.view_of(request.GET)
    filters = queue.filters(view, person)
    tally = next(found.count for found in filters if found.is_chosen and found.count)
    page = queue.Counted(queue.queue(view, person), PAGE_SIZE, tally.number).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "page": page,
        "lines": [(found, overview.standing(found), queue.deadline_said(found, today)) for found in page],
        "filters": filters,
        "view": view,
        "tally": tally,
        "saved_views": queue.saved_views(view),
        "stewards": following.stewards(),
        "paths": queue.path_titles(),
    }
    return render(request, "applications/queue.html", context)


@declares("application.queue_export")
def queue_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same dossiers as a CSV file, at most ten thousand."""
    person, view = person_of(request), queue.view_of(request.GET)
    found = queue.queue(view, person)[: queue.EXPORTED_AT_MOST]
    response = StreamingHttpResponse(queue.csv_lines(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="dossiers.csv"'
    return response


@declares("application.assign")
def assign(request: HttpRequest) -> HttpResponse:
    """Give the dossiers that were ticked to a steward, or to nobody."""
    ticked = [text for text in request.POST.getlist("application") if queue.is_uuid(text)]
    steward = request.POST.get("steward", "")
    to = following.stewards().filter(pk=steward).first() if queue.is_uuid(steward) else None
    found = selectors.applications_examined().filter(pk__in=ticked)
    count = services.applications_assign(applications=found, to=to, by=person_of(request))
    done = ngettext("%(count)s dossier was assigned.", "%(count)s dossiers were assigned.", count)
    messages.success(request, done % {"count": count})
    view = queue.view_of(request.GET)
    return redirect(f"{reverse('applications:queue')}?{view.address}")
