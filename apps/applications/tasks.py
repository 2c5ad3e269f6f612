"""What the default workers are rung for about dossiers."""

from apps.applications import due, reconcile
from apps.applications.services.clock import DUE
from apps.applications.services.documents import SCAN_KIND
from apps.core.outbox import Lease, Outcome, outbox_handler


@outbox_handler(SCAN_KIND, queue="default")
def document_scan(lease: Lease) -> Outcome:
    return reconcile.document_scan(lease)


@outbox_handler(DUE, queue="default")
def application_due(lease: Lease) -> Outcome:
    return due.due_step(lease)
