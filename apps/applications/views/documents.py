"""Documents of a dossier."""

from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import following, selectors, services
from apps.applications.downloads import archive_response, document_response
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
    present = list(selectors.attachments_of(application))
    form = AttachmentForm(page, selectors.contents_of(application), present, request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            services.attachment_add(
                application=application,
                kind=form.cleaned_data["kind"],
                name=file.name,
                data=file.read(MAX_BYTES + 1),
                replaces=form.cleaned_data["replaces"],
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
    return _served(mine_or_404(request, application_id), attachment_id)


@declares("application.review_attachment")
@reads("application.document_read", object_kind="attachment", object_id="attachment_id", dossier_id="application_id")
def review_attachment(request: HttpRequest, application_id: UUID, attachment_id: UUID) -> FileResponse:
    """A document, for stewards."""
    return _served(examined_or_404(application_id), attachment_id)


@declares("application.authority_document")
@reads("application.authority_document_read", object_kind="application", object_id="application_id")
def authority_document(request: HttpRequest, application_id: UUID) -> FileResponse:
    """The authority's decision, for the team."""
    return _decision_served(mine_or_404(request, application_id))


@declares("application.review_authority_document")
@reads("application.authority_document_read", object_kind="application", object_id="application_id")
def review_authority_document(request: HttpRequest, application_id: UUID) -> FileResponse:
    """The authority's decision, for stewards."""
    return _decision_served(examined_or_404(application_id))


def _decision_served(application: Application) -> FileResponse:
    found = following.authority_document(application)
    if found is None:
        raise Http404
    return document_response(found)


@declares("application.attachment_redact")
def attachment_redact(request: HttpRequest, application_id: UUID, attachment_id: UUID) -> HttpResponse:
    """Destroy a document that must not be here."""
    application = examined_or_404(application_id)
    get_object_or_404(Attachment, application=application, pk=attachment_id)
    services.attachment_redact(
        application=application,
        attachment_id=str(attachment_id),
        reason=request.POST.get("reason", ""),
        by=person_of(request),
    )
    messages.success(request, _("The document was redacted: its file and its name are gone, its trace stays."))
    return redirect("applications:review", application.pk)


@declares("application.archive")
@reads("application.archive_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def archive(request: HttpRequest, application_id: UUID) -> StreamingHttpResponse:
    """All documents in one file, for the team."""
    return archive_response(mine_or_404(request, application_id))


@declares("application.review_archive")
@reads("application.archive_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def review_archive(request: HttpRequest, application_id: UUID) -> StreamingHttpResponse:
    """All documents in one file, for stewards."""
    return archive_response(examined_or_404(application_id))


def _served(application: Application, attachment_id: UUID) -> FileResponse:
    found: Attachment = get_object_or_404(selectors.attachments_of(application), pk=attachment_id)
    return document_response(found)
