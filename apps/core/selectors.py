"""What waits for a person."""

from datetime import timedelta

from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from apps.core.models import OutboxItem


def items_needing_a_person() -> QuerySet[OutboxItem]:
    """Outbox items that the machine gave up, oldest first."""
    return OutboxItem.objects.filter(status=OutboxItem.Status.NEEDS_HUMAN).order_by("created_at")


def outbox_delay() -> timedelta:
    """For how long the oldest due item that nobody holds has been waiting; zero when none waits."""
    now = timezone.now()
    waiting = OutboxItem.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), status=OutboxItem.Status.PENDING, not_before__lte=now
    )
    oldest = waiting.aggregate(oldest=Min("not_before"))["oldest"]
    return now - oldest if oldest else timedelta(0)
