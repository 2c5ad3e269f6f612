"""What the extract workers are rung for."""

from apps.core.outbox import Lease, Outcome, outbox_handler
from apps.extracts.services import extract_given_up, lane_given_up


@outbox_handler("extract.run", queue="extract", given_up=extract_given_up)
def extract_run(lease: Lease) -> Outcome:
    # The engine's libraries stay out of the processes that only enqueue.
    from apps.extracts.reconcile import extract_step

    return extract_step(lease)


@outbox_handler("extract.lane", queue="extract", given_up=lane_given_up)
def extract_lane(lease: Lease) -> Outcome:
    # As above.
    from apps.extracts.reconcile import lane_step

    return lane_step(lease)


@outbox_handler("extract.discard", queue="extract")
def extract_discard(lease: Lease) -> Outcome:
    # As above.
    from apps.extracts.reconcile import discard_step

    return discard_step(lease)


@outbox_handler("extract.remove", queue="extract")
def extract_remove(lease: Lease) -> Outcome:
    # As above.
    from apps.extracts.reconcile import remove_step

    return remove_step(lease)


@outbox_handler("extract.key_destroy", queue="extract")
def key_destroy(lease: Lease) -> Outcome:
    # As above.
    from apps.extracts.keys import key_service
    from apps.extracts.project_keys import key_destroy_step

    return key_destroy_step(lease, key_service())
