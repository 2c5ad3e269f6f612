"""The record of a decision, as a PDF or as signed JSON."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from apps.applications import decision_record
from apps.applications.models import Application
from apps.applications.views.shared import examined_or_404, language_of, mine_or_404
from apps.audit.reading import reads
from apps.core.actions import declares


@declares("application.decision_record")
@reads("application.decision_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def decision_pdf(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The record of the decision, for the team."""
    return _served(request, mine_or_404(request, application_id))


@declares("application.review_decision_record")
@reads("application.decision_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def review_decision_pdf(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The record of the decision, for stewards."""
    return _served(request, examined_or_404(application_id))


def _served(request: HttpRequest, application: Application) -> HttpResponse:
    record = decision_record.record_of(application)
    if record is None:
        raise Http404
    if request.GET.get("format") == "json":
        response = HttpResponse(decision_record.record_json(record), content_type="application/json")
        extension = "json"
    else:
        response = HttpResponse(decision_record.record_pdf(record, language_of()), content_type="application/pdf")
        extension = "pdf"
    response["Content-Disposition"] = f'attachment; filename="{application.number}-decision.{extension}"'
    return response
