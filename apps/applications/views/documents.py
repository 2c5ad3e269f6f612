"""Documents of a dossier."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import selectors, services, storage
from apps.applications.forms import AttachmentForm
from apps.applications.models import Application, Attachment
from apps.applications.services.documents import MAX_BYTES
from apps.applications.views.editing import page_shown
from apps.applications.views.shared import examined_or_404, mine_or_404
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("application.attach")
def attachment_add(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Add a document."""
    application = mine_or_404(request, application_id)
    page = application.specification.page("attachments")
    form = AttachmentForm(page, selectors.contents_of(application), request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            services.attachment_add(
                application=application,
                kind=form.cleaned_data["kind"],
                name=file.name,
                data=file.read(MAX_BYTES + 1),
                by=person_of(request),
            )
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The document was added."))
            return redirect("applications:page", application.pk, "attachments")
    return page_shown(request, application, "attachments", status=422, attachment_form=form)


@declares("application.attachment_remove")
def attachment_remove(request: HttpRequest, application_id: UUID, attachment_id: UUID) -> HttpResponse:
    """Take a document out of the dossier."""
    application = mine_or_404(request, application_id)
    services.attachment_remove(application=application, attachment_id=str(attachment_id), by=person_of(request))
    messages.success(request, _("The document was removed."))
    return redirect("applications:page", application.pk, "attachments")


@declares("application.attachment_read")
@reads("application.document_read", object_kind="attachment", object_id="attachment_id", dossier_id="application_id")
def attachment(request: HttpRequest, application_id: UUID, attachment_id: UUID) -> FileResponse:
    """A document, for the team."""
    return _of(mine_or_404(request, application_id), attachment_id)


@declares("application.review_attachment")
@reads("application.document_read", object_kind="attachment", object_id="attachment_id", dossier_id="application_id")
def review_attachment(request: HttpRequest, application_id: UUID, attachment_id: UUID) -> FileResponse:
    """A document, for stewards."""
    return _of(examined_or_404(application_id), attachment_id)


def _of(application: Application, attachment_id: UUID) -> FileResponse:
    return served(get_object_or_404(selectors.attachments_of(application), pk=attachment_id))


def served(found: Attachment) -> FileResponse:
    """The bytes of a document, always as a file to keep, never as a page to show."""
    response = FileResponse(
        storage.opened(found.storage_key), as_attachment=True, filename=found.name, content_type=found.media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
