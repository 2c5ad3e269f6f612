"""What the workers do for reviews."""

from apps.core.outbox import Again, Done, Lease, Outcome, outbox_handler
from apps.reviews.services import KIND, review_step


@outbox_handler(KIND, queue="default")
def review_deadline(lease: Lease) -> Outcome:
    """Let accesses lapse after the deadline, some at a time."""
    return Done() if review_step(lease.subject_id, lease) else Again()
