"""What falls due in the procedure: reminders, and delays that lapse."""

from datetime import date

from django.conf import settings
from django.db import transaction

from apps.applications.procedure_models import StageClock
from apps.applications.services.clock import LAPSE, due_happened
from apps.audit.services import event_record
from apps.core.happenings import happened
from apps.core.outbox import Done, Lease, Outcome

EVENTS = {LAPSE: "application.delay_lapsed"}


def due_step(lease: Lease) -> Outcome:
    """Do what fell due, once: a clock that was stopped, ended or moved meanwhile no longer cares."""
    clock_id, what, due_on = lease.subject_id.split(":")
    with transaction.atomic():
        lease.hold()
        clock = due_happened(int(clock_id), what, date.fromisoformat(due_on))
        if clock:
            _told(clock, EVENTS.get(what, "application.reminded"))
    return Done()


def _told(clock: StageClock, event: str) -> None:
    actor = f"system:{settings.ZONE}"
    event_record(
        action=event,
        actor=actor,
        object_kind="application",
        object_id=str(clock.application_id),
        dossier_id=clock.application_id,
        data={"stage": clock.stage, "due_on": clock.due_on.isoformat(), "silence": clock.silence},
    )
    happened(event, subject_id=str(clock.application_id), by=actor)
