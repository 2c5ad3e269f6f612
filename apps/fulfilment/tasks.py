"""What the beat asks across the apps."""

from celery import shared_task
from django.utils import timezone


@shared_task(name="fulfilment.remove_deliveries")
def remove_deliveries() -> None:
    """Have delivered data removed once nobody may use them and the delay of the policy is over."""
    # The models are ready only once the apps are.
    from apps.fulfilment.retention import deliveries_remove

    deliveries_remove(timezone.localdate())
