"""What the beat asks of this room."""

from celery import shared_task
from django.utils import timezone

from apps.core.outbox import Lease, Outcome, outbox_handler
from apps.people import reconcile
from apps.people.services.forgetting import expired_forget
from apps.people.services.training import SCAN_KIND


@outbox_handler(SCAN_KIND, queue="default")
def certificate_scan(lease: Lease) -> Outcome:
    return reconcile.certificate_scan(lease)


@shared_task(name="people.forget_expired")
def forget_expired() -> None:
    """Forget old invitations and spent links."""
    expired_forget(timezone.now())
