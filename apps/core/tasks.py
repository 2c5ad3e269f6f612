"""Celery tasks of the outbox: identifiers in, one step, no logic."""

from celery import shared_task

from apps.core import outbox


@shared_task(name="outbox.run")
def outbox_run(item_id: int) -> None:
    outbox.run_item(item_id)


@shared_task(name="outbox.sweep")
def outbox_sweep() -> None:
    outbox.sweep()
