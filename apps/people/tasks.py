"""What the beat asks of this room."""

from celery import shared_task
from django.utils import timezone

from apps.people.services.forgetting import expired_forget


@shared_task(name="people.forget_expired")
def forget_expired() -> None:
    """Forget old invitations and spent links."""
    expired_forget(timezone.now())
