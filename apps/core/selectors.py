"""What waits for a person."""

from django.db.models import QuerySet

from apps.core.models import OutboxItem


def items_needing_a_person() -> QuerySet[OutboxItem]:
    """Outbox items that the machine gave up, oldest first."""
    return OutboxItem.objects.filter(status=OutboxItem.Status.NEEDS_HUMAN).order_by("created_at")
