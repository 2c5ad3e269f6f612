"""How far the relocation is, for operators, and its signed reports."""

import json

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from apps.audit.reading import reads
from apps.core.actions import declares
from apps.relocation import selectors
from apps.relocation.models import RelocationReport
from apps.relocation.presentation import run_in_words, taken_over_in_words
from apps.relocation.reporting import report_signed

PAGE_SIZE = 50


@declares("relocation.see")
def overview(request: HttpRequest) -> HttpResponse:
    """What came here, what was refused and why, how much data is copied and what differs."""
    differing = Paginator(selectors.differences(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "runs": [run_in_words(selectors.latest_run(is_dry=is_dry)) for is_dry in (False, True)],
        "taken_over": taken_over_in_words(selectors.taken_over()),
        "stores": selectors.stores(),
        "page": differing,
        "reports": selectors.reports()[:20],
    }
    return render(request, "relocation/overview.html", context)


@declares("relocation.download_report")
@reads("relocation.read", object_kind="relocation", object_id="report_id")
def report(request: HttpRequest, report_id: int) -> HttpResponse:
    """A report with its signature, for a program to check."""
    found = get_object_or_404(RelocationReport, pk=report_id)
    content = json.dumps(report_signed(found), ensure_ascii=False, indent=1)
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="reprise-{report_id}.json"'
    return response
