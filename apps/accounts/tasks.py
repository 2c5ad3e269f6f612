"""What the beat asks of the accounts."""

from celery import shared_task
from django.utils import timezone

from apps.accounts import recovering
from apps.accounts.mailed_secrets import secrets_forget
from apps.accounts.sessions import SessionStore
from apps.accounts.stepping_up import step_ups_forget
from apps.accounts.throttling import throttles_forget
from apps.core.outbox import Done, Lease, Outcome, outbox_handler


@shared_task(name="accounts.forget_expired")
def forget_expired() -> None:
    """Delete the sessions, the counters of attempts and the confirmations that have run out."""
    SessionStore.clear_expired()
    throttles_forget(timezone.now())
    step_ups_forget(timezone.now())
    secrets_forget(timezone.now())
    recovering.recoveries_expire(timezone.now())


@outbox_handler(recovering.OPEN_KIND, queue="default")
def recovery_open(lease: Lease) -> Outcome:
    recovering.recovery_open(lease.subject_id)
    return Done()
