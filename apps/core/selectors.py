"""What waits for a person, and the time by the clock that all processes share."""

from datetime import datetime, timedelta

from django.db import connection
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


def database_now() -> datetime:
    """The time by the database's clock: what one process dates and another compares is dated by it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
