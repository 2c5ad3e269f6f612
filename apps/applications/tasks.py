"""What the workers are rung for in the procedure."""

from apps.applications.reconcile import due_step
from apps.applications.services.clock import DUE
from apps.core.outbox import Lease, Outcome, outbox_handler


@outbox_handler(DUE, queue="default")
def application_due(lease: Lease) -> Outcome:
    return due_step(lease)
