"""Documents of a dossier."""

import hashlib
import re

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import selectors, sniffing, storage
from apps.applications.models import Application, Attachment, storage_key
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.applications.services.strays import addition_announce
from apps.core.errors import Message, RefusedError

MAX_BYTES = 10 * 1024 * 1024
MAX_DOCUMENTS = 50
NOT_KEPT = _(
    "The portal had no room to keep this document. Nothing changed: try again later, or tell the support team."
)
log = structlog.get_logger(__name__)


def attachment_add(*, application: Application, kind: str, name: str, data: bytes, by: Person) -> Attachment:
    """Keep a document of an accepted type. `kind` is a field of the page "attachments", `name` the sender's file name.

    Raises RefusedError for a file that is empty, too large, or not what its name says, for an unknown kind, and when
    documents may not be changed now.
    """
    media_type = _checked(application, kind, name, data)
    key = storage_key()
    try:
        with transaction.atomic():
            addition_announce()
            return _attachment_create(application, kind, name, data, media_type, key, by)
    except Exception as error:
        storage.erase(key)
        if isinstance(error, OSError):
            log.error("document_not_kept", error=type(error).__name__)
            raise _refused(NOT_KEPT) from error
        raise


def _checked(application: Application, kind: str, name: str, data: bytes) -> str:
    """The media type of an acceptable file. Raises RefusedError."""
    if kind not in {field.name for field in application.specification.page("attachments").fields}:
        raise _refused(_("Choose what this document is."), field="kind")
    if not data:
        raise _refused(_("This file is empty."))
    if len(data) > MAX_BYTES:
        raise _refused(_("This file is too large: 10 MB at most."))
    expected = sniffing.expected_type(name)
    if expected is None:
        raise _refused(_("This type of file is not accepted: PDF, DOCX, ODT, TXT, PNG or JPEG."))
    if sniffing.media_type(data) != expected:
        raise _refused(_("The content of this file is damaged, or is not what its name says."))
    return expected


def _refused(message: Message, *, field: str = "file") -> RefusedError:
    return RefusedError((message,), field=field)


def _attachment_create(
    application: Application, kind: str, name: str, data: bytes, media_type: str, key: str, by: Person
) -> Attachment:
    locked = application_locked(application)
    refuse_unless_allowed("application.attach", selectors.team_facts(locked, by, page="attachments"))
    if selectors.attachments_of(locked).count() >= MAX_DOCUMENTS:
        raise _refused(_("A dossier holds at most 50 documents."))
    storage.store(key, data)
    attachment = Attachment.objects.create(
        application=locked,
        kind=kind,
        name=safe_name(name),
        media_type=media_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        storage_key=key,
        uploaded_by=by,
    )
    record("application.attachment_added", locked, by, {"attachment": str(attachment.pk), "sha256": attachment.sha256})
    return attachment


def safe_name(name: str) -> str:
    """The last part of a file name without control or reserved characters, at most 150 characters, extension kept."""
    last = re.split(r"[/\\]", name)[-1]
    clean = re.sub(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]+', "_", last).strip(" .")
    stem, _dot, extension = clean.rpartition(".")
    return f"{stem[: 149 - len(extension)] or 'document'}.{extension.lower()}"


def attachment_remove(*, application: Application, attachment_id: str, by: Person) -> None:
    """Take a document out of the dossier; its trace stays. Its bytes go too unless a submission contains it.

    Nothing happens when it was removed already. Raises RefusedError when documents may not be changed now.
    """
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.attachment_remove", selectors.team_facts(locked, by, page="attachments"))
        attachment = Attachment.objects.filter(application=locked, pk=attachment_id, removed_at=None).first()
        if attachment is None:
            return
        attachment.removed_by, attachment.removed_at = by, timezone.now()
        attachment.save(update_fields=["removed_by", "removed_at"])
        record("application.attachment_removed", locked, by, {"attachment": str(attachment.pk)})
        if locked.submitted_at is None or attachment.uploaded_at > locked.submitted_at:
            transaction.on_commit(lambda: storage.erase(attachment.storage_key))
