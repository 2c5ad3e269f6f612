"""Making the world agree with the rows: certificates that await the virus scanner."""

from django.db import transaction

from apps.applications.reconcile import scanner_awaited, verdict_of
from apps.applications.scanner import ScannerAway
from apps.core.outbox import Done, Lease, Outcome
from apps.people.models import Attachment, TrainingCertificate
from apps.people.services.training import training_scanned


def certificate_scan(lease: Lease) -> Outcome:
    """Have one certificate scanned. While the scanner is away it stays closed, and the question is asked again."""
    found = TrainingCertificate.objects.filter(pk=lease.subject_id, scan=Attachment.Scan.PENDING).first()
    if found is None:
        return Done()
    try:
        verdict = verdict_of(found.storage_key, bytes(found.sealed_key))
    except ScannerAway as error:
        return scanner_awaited(lease, found.added_at, error)
    with transaction.atomic():
        lease.hold()
        training_scanned(certificate=found, verdict=verdict)
    return Done()
