"""Documents of a dossier: kept, scanned, replaced, removed, redacted."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import scanner, selectors, sniffing, storage
from apps.applications.authorised import family_of
from apps.applications.models import AUTHORITY, Application, Attachment, storage_key
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.applications.services.strays import addition_announce
from apps.applications.sniffing import Fault
from apps.audit.services import event_record
from apps.core.errors import Message, RefusedError
from apps.core.outbox import outbox_enqueue

MAX_BYTES = 10 * 1024 * 1024
MAX_DOCUMENTS = 50
SCAN_KIND = "document.scan"
FAULTS: Mapping[Fault, Message] = {
    Fault.UNKNOWN: _("The content of this file is damaged, or is not what its name says."),
    Fault.ENCRYPTED: _("This file is protected by a password: send a copy that anybody can open."),
    Fault.ACTIVE: _("This file holds macros, scripts or other files: send a copy without them."),
    Fault.BOMB: _("This file unpacks to far more than a document holds: send another copy."),
}
NOT_KEPT = _(
    "The portal had no room to keep this document. Nothing changed: try again later, or tell the support team."
)
log = structlog.get_logger(__name__)


def attachment_add(
    *, application: Application, kind: str, name: str, data: bytes, by: Person, replaces: str = ""
) -> Attachment:
    """Keep a document of an accepted type; it takes kind and place of the document `replaces`, if one is given.

    `kind` is a field of the page "attachments", `name` the sender's file name. It opens once the scanner found it
    clean. Raises RefusedError for a file that is empty, too large, encrypted, active, or not what its name says, for an
    unknown kind or predecessor, and when documents may not be changed now.
    """
    media_type = _checked(application, kind, name, data)
    key = storage_key()
    try:
        with transaction.atomic():
            addition_announce()
            locked = application_locked(application)
            refuse_unless_allowed("application.attach", selectors.team_facts(locked, by, page="attachments"))
            before = _replaced(locked, replaces, by)
            if selectors.attachments_of(locked).count() >= MAX_DOCUMENTS:
                raise _refused(_("A dossier holds at most 50 documents."))
            facts = {
                "kind": before.kind if before else kind,
                "name": safe_name(name),
                "media_type": media_type,
                "storage_key": key,
            }
            return _attachment_create(locked, data, facts, before, by)
    except Exception as error:
        storage.erase(key)
        if isinstance(error, OSError):
            log.error("document_not_kept", error=type(error).__name__)
            raise _refused(NOT_KEPT) from error
        raise


def authority_document_keep(*, application: Application, name: str, data: bytes, by: Person) -> Attachment:
    """Keep the text of the authority's decision beside the dossier, of which it is no part.

    To be called in the transaction of the decision, with the dossier's row held. Raises RefusedError (field
    "document") as `attachment_add` does.
    """
    media_type = _accepted(name, data, field="document")
    facts = {"kind": AUTHORITY, "name": safe_name(name), "media_type": media_type, "storage_key": storage_key()}
    addition_announce()
    try:
        return _attachment_create(application, data, facts, None, by)
    except BaseException:
        storage.erase(facts["storage_key"])
        raise


def documents_carry(*, source: Application, to: Application, by: Person) -> None:
    """Copy the documents of an approved dossier into one that amends it, each under a key of its own.

    What can no longer be opened is left out. To be called in the transaction that starts the amendment. Raises
    RefusedError when there is no room.
    """
    addition_announce()
    made: list[str] = []
    try:
        for found in selectors.attachments_of(source):
            if found.is_open:
                made.append(_carried(found, to, by))
    except OSError as error:
        for key in made:
            storage.erase(key)
        log.error("document_not_kept", error=type(error).__name__)
        raise _refused(NOT_KEPT) from error


def _carried(found: Attachment, to: Application, by: Person) -> str:
    key = storage_key()
    data = storage.opened(found.storage_key, bytes(found.sealed_key))
    Attachment.objects.create(
        application=to,
        kind=found.kind,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256,
        storage_key=key,
        sealed_key=storage.store(key, data),
        scan=found.scan,
        scan_detail=found.scan_detail,
        scanned_at=found.scanned_at,
        uploaded_by=by,
    )
    return key


def _checked(application: Application, kind: str, name: str, data: bytes) -> str:
    """The media type of an acceptable file. Raises RefusedError."""
    if kind not in {field.name for field in application.specification.page("attachments").fields}:
        raise _refused(_("Choose what this document is."), field="kind")
    return _accepted(name, data)


def _accepted(name: str, data: bytes, *, field: str = "file") -> str:
    if not data:
        raise _refused(_("This file is empty."), field=field)
    if len(data) > MAX_BYTES:
        raise _refused(_("This file is too large: 10 MB at most."), field=field)
    expected = sniffing.expected_type(name)
    if expected is None:
        raise _refused(_("This type of file is not accepted: PDF, DOCX, ODT, TXT, PNG or JPEG."), field=field)
    if fault := sniffing.fault_of(data, expected):
        raise _refused(FAULTS[fault], field=field)
    return expected


def _refused(message: Message, *, field: str = "file") -> RefusedError:
    return RefusedError((message,), field=field)


def _replaced(application: Application, identifier: str, by: Person) -> Attachment | None:
    """The document that the new one replaces, taken out of the dossier."""
    if not identifier:
        return None
    found = selectors.attachments_of(application).filter(pk=identifier).first()
    if found is None:
        raise _refused(_("The document to replace is no longer there."), field="replaces")
    _take_out(application, found, by)
    return found


def _attachment_create(
    application: Application, data: bytes, facts: Mapping[str, Any], before: Attachment | None, by: Person
) -> Attachment:
    scan = Attachment.Scan.NOT_SCANNED if settings.UNSCANNED_DOCUMENTS else Attachment.Scan.PENDING
    attachment = Attachment.objects.create(
        application=application,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        sealed_key=storage.store(facts["storage_key"], data),
        version=before.version + 1 if before else 1,
        replaces=before,
        scan=scan,
        uploaded_by=by,
        **facts,
    )
    if scan == Attachment.Scan.PENDING:
        outbox_enqueue(kind=SCAN_KIND, key=f"document:{attachment.pk}:scan", subject_id=str(attachment.pk))
    data_kept = {"attachment": str(attachment.pk), "sha256": attachment.sha256, "version": attachment.version}
    record("application.attachment_added", application, by, data_kept)
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
        attachment = selectors.attachments_of(locked).filter(pk=attachment_id).first()
        if attachment is not None:
            _take_out(locked, attachment, by)
            record("application.attachment_removed", locked, by, {"attachment": str(attachment.pk)})


def _take_out(application: Application, attachment: Attachment, by: Person) -> None:
    attachment.removed_by, attachment.removed_at = by, timezone.now()
    attachment.save(update_fields=["removed_by", "removed_at"])
    if application.submitted_at is None or attachment.uploaded_at > application.submitted_at:
        transaction.on_commit(lambda: storage.erase(attachment.storage_key))


def attachment_redact(*, application: Application, attachment_id: str, reason: str, by: Person) -> None:
    """Destroy a document that must not be here (patient data, a third party's): bytes, key and name, everywhere, the
    copies that amendments hold included.

    Who, when, why, its size and SHA-256 stay, so that decisions bound to it stay provable. Nothing happens when it was
    redacted already. Raises RefusedError without a reason (field "reason"), or when the person may not.
    """
    if not reason.strip():
        raise RefusedError((_("Say why the document is redacted: its trace keeps the reason."),), field="reason")
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.attachment_redact", selectors.decider_facts(locked, by))
        attachment = Attachment.objects.filter(application=locked, pk=attachment_id).first()
        if attachment is None or attachment.redacted_at:
            return
        copies = Attachment.objects.select_for_update().filter(
            application__in=family_of(locked), sha256=attachment.sha256, redacted_at=None
        )
        for copy in copies.select_related("application"):
            _redact(copy, reason.strip()[:500], by)


def _redact(attachment: Attachment, reason: str, by: Person) -> None:
    attachment.redacted_by, attachment.redacted_at = by, timezone.now()
    attachment.redaction_reason = reason
    attachment.name, attachment.sealed_key, attachment.scan_detail = "", b"", ""
    attachment.save()
    record("application.attachment_redacted", attachment.application, by, {"attachment": str(attachment.pk)})
    transaction.on_commit(lambda: storage.erase(attachment.storage_key))


def attachment_scanned(*, attachment: Attachment, verdict: scanner.Verdict) -> None:
    """Record what the scanner said of a document, once. To be called in the transaction that holds its outbox item."""
    recorded = Attachment.objects.filter(pk=attachment.pk, scan=Attachment.Scan.PENDING, redacted_at=None).update(
        scan=verdict.outcome.value, scan_detail=verdict.detail, scanned_at=timezone.now()
    )
    if recorded:
        event_record(
            action="application.attachment_scanned",
            actor="system:default",
            object_kind="application",
            object_id=str(attachment.application_id),
            dossier_id=str(attachment.application_id),
            data={"attachment": str(attachment.pk), "outcome": verdict.outcome.value},
        )
