"""Making the world agree with the rows: documents that await the virus scanner."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.applications import scanner, storage
from apps.applications.models import Attachment
from apps.applications.scanner import Outcome, ScannerAway, Verdict
from apps.applications.services.documents import attachment_scanned
from apps.core.outbox import Again, Done, Lease, NeedsHuman
from apps.core.outbox import Outcome as Step

log = structlog.get_logger(__name__)

ASK_AGAIN_AFTER = timedelta(seconds=15)
# After this a person is told: nobody can open or submit a document meanwhile.
LONGEST_WAIT = timedelta(hours=1)


def document_scan(lease: Lease) -> Step:
    """Have one document scanned. While the scanner is away it stays closed, and the question is asked again."""
    attachment = Attachment.objects.filter(pk=lease.subject_id, scan=Attachment.Scan.PENDING).first()
    if attachment is None or attachment.redacted_at or attachment.removed_at:
        return Done()
    try:
        verdict = verdict_of(attachment.storage_key, bytes(attachment.sealed_key))
    except ScannerAway as error:
        return scanner_awaited(lease, attachment.uploaded_at, error)
    with transaction.atomic():
        lease.hold()
        attachment_scanned(attachment=attachment, verdict=verdict)
    return Done()


def scanner_awaited(lease: Lease, since: datetime, error: ScannerAway) -> Step:
    """When to ask again about a document kept at `since`; a person is called after an hour."""
    log.warning("scanner_away", document=lease.subject_id, error=str(error))
    if timezone.now() - since > LONGEST_WAIT:
        return NeedsHuman("The virus scanner has not answered for an hour: documents stay closed until it does.")
    return Again(after=ASK_AGAIN_AFTER)


def verdict_of(storage_key: str, sealed_key: bytes) -> Verdict:
    """What the scanner says of the document; unscannable when it is gone or altered. Raises ScannerAway."""
    if not settings.CLAMD:
        raise ScannerAway("no scanner is set")
    try:
        data = storage.opened(storage_key, sealed_key)
    except (FileNotFoundError, storage.DocumentDamaged):
        return Verdict(Outcome.UNSCANNABLE, "the stored file is damaged")
    return scanner.scan(data, settings.CLAMD)
