"""The documents of agreements, made by a worker."""

from datetime import timedelta

from apps.agreements import printing, services
from apps.agreements.models import Version
from apps.core.outbox import Done, Lease, Outcome, outbox_handler

ACTOR = "system:default"


@outbox_handler("agreement.document", queue="default", lease=timedelta(seconds=60))
def document_make(lease: Lease) -> Outcome:
    """Make and keep the document of a version; one that was superseded meanwhile needs none."""
    version = Version.objects.select_related("agreement").filter(pk=lease.subject_id, superseded_at=None).first()
    if version is not None and not version.document_hash:
        services.document_keep(version=version, document=printing.document(version), by=ACTOR)
    return Done()
