"""The whole dossier as a PDF."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from apps.applications import printing
from apps.applications.views.shared import examined_or_404, language_of, mine_or_404
from apps.audit.reading import reads
from apps.core.actions import declares


@declares("application.print")
@reads("application.printed", object_kind="application", object_id="application_id", dossier_id="application_id")
def printed(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The dossier as it is now, for its team."""
    application = mine_or_404(request, application_id)
    return _pdf(application.number, printing.present_pdf(application, language_of()))


@declares("application.review_print")
@reads("application.printed", object_kind="application", object_id="application_id", dossier_id="application_id")
def review_printed(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The dossier as it was last submitted, for stewards."""
    application = examined_or_404(application_id)
    return _pdf(application.number, printing.submitted_pdf(application, language_of()))


def _pdf(number: str, data: bytes) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return response
