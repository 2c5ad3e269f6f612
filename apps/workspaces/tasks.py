"""What the provision workers are rung for."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from apps.core.outbox import Lease, Outcome, outbox_handler
from apps.workspaces import certificates, reconcile, sweeping
from apps.workspaces.common_steps import CERTIFICATE_KIND
from apps.workspaces.ledger import OUTBOX_KIND


@outbox_handler(OUTBOX_KIND, queue="provision", given_up=reconcile.operation_given_up)
def workspace_operation(lease: Lease) -> Outcome:
    return reconcile.advance(lease)


@outbox_handler(CERTIFICATE_KIND, queue="default")
def workspace_certificate(lease: Lease) -> Outcome:
    return certificates.sign(lease)


@shared_task(name="workspaces.reconcile")
def workspaces_reconcile() -> None:
    sweeping.sweep()


@shared_task(name="workspaces.survey")
def workspaces_survey() -> None:
    sweeping.survey()


@worker_ready.connect
def reconcile_at_once(**_: Any) -> None:
    """After a stop of the whole stack, sandboxes that should run start again without waiting for the next sweep."""
    if settings.ZONE == "provision":
        workspaces_reconcile.delay()
