"""The legal delays of a dossier: started, stopped, resumed, extended and lapsed with its stages.

Each change of state goes through `clock_turned`. What falls due is an item of the outbox that is not to be done before
its day: however long the workers were away, each is done once.
"""

from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import selectors, workflow
from apps.applications.models import Application
from apps.applications.policy import Delay, calendar
from apps.applications.procedure_models import StageClock
from apps.applications.rules import Status
from apps.core.errors import RefusedError
from apps.core.outbox import outbox_enqueue

DUE = "application.due"
REMINDER, LAPSE = "reminder", "lapse"
HOUR_OF_REMINDERS = time(7)
# Where information may be asked for in the midst of a delay.
RESUMABLE = frozenset({Status.COMMITTEE, Status.CNIL, Status.DECISION})


def clock_turned(application: Application, came_from: Status, *, afresh: bool) -> None:
    """Stop or end the clock of the stage that the dossier left, start or resume that of the stage it entered.

    `afresh`: the dossier begins its way anew, so that no earlier delay runs on.
    """
    if application.state is came_from:
        return
    today = timezone.localdate()
    _left(application, came_from, today, afresh=afresh)
    delay = _delay_of(application)
    clock = _resumed(application, delay, today) or _started(application, delay, today)
    Application.objects.filter(pk=application.pk).update(due_on=clock.due_on if clock else None)
    if clock and delay:
        due_schedule(clock, delay)


def _delay_of(application: Application) -> Delay | None:
    """The legal delay of the state in which the dossier is."""
    path = selectors.path_of(application)
    if workflow.whose_turn(application.state) is workflow.Turn.APPLICANT:
        return path.answer_delay
    stage = workflow.STAGE_OF.get(application.state)
    return path.delay(stage) if stage else None


def _left(application: Application, came_from: Status, today: date, *, afresh: bool) -> None:
    """The clock of a stage that awaits information stands still; the others end. Where all is over, every one does."""
    open_clocks = StageClock.objects.filter(application=application, ended_on=None)
    if afresh or application.state in workflow.FINAL:
        open_clocks.update(ended_on=today)
    elif application.state is Status.RETURNED and came_from in RESUMABLE:
        open_clocks.filter(stopped_on=None).update(stopped_on=today)
    else:
        open_clocks.filter(stopped_on=None).update(ended_on=today)


def _resumed(application: Application, delay: Delay | None, today: date) -> StageClock | None:
    clock = StageClock.objects.filter(
        application=application, stage=application.status, stopped_on__isnull=False, ended_on=None
    ).first()
    if clock is None or clock.stopped_on is None or delay is None:
        return None
    clock.due_on = calendar.resumed_end(clock.due_on, delay.period.unit, clock.stopped_on, today)
    clock.stopped_on = None
    clock.save(update_fields=["due_on", "stopped_on"])
    return clock


def _started(application: Application, delay: Delay | None, today: date) -> StageClock | None:
    if delay is None:
        return None
    return StageClock.objects.create(
        application=application,
        stage=application.status,
        round=application.round,
        started_on=today,
        due_on=calendar.period_end(today, delay.period),
    )


def clock_extend(*, application: Application, reason: str, by: Person) -> StageClock:
    """Extend the running delay once, with reasons. To be called with the dossier's row held, once the rules agreed.

    Raises RefusedError without a reason (field "reason").
    """
    if not reason.strip():
        raise RefusedError((_("Say why the delay is extended: it is told to the team."),), field="reason")
    clock, delay = selectors.clock_of(application), _delay_of(application)
    assert clock and delay  # noqa: S101  the rule that allowed it has looked at both
    clock.due_on = calendar.extended_end(clock.due_on, delay)
    clock.extended_on, clock.extended_by, clock.extension_reason = timezone.localdate(), by, reason.strip()
    clock.save(update_fields=["due_on", "extended_on", "extended_by", "extension_reason"])
    Application.objects.filter(pk=application.pk).update(due_on=clock.due_on)
    due_schedule(clock, delay)
    return clock


def due_schedule(clock: StageClock, delay: Delay) -> None:
    """Write what falls due on this clock: the reminders that are still to come, and the lapse."""
    for day in calendar.reminder_days(clock.due_on, delay):
        if day >= timezone.localdate():
            _enqueue(clock, REMINDER, day, HOUR_OF_REMINDERS)
    _enqueue(clock, LAPSE, clock.due_on + timedelta(days=1), time(0))


def _enqueue(clock: StageClock, what: str, day: date, hour: time) -> None:
    outbox_enqueue(
        kind=DUE,
        # A delay that was stopped and runs on falls due again, even on the same day.
        key=f"{DUE}:{clock.pk}:{what}:{day}:{clock.due_on}:{timezone.localdate()}",
        subject_id=f"{clock.pk}:{what}:{clock.due_on}",
        not_before=timezone.make_aware(datetime.combine(day, hour)),
    )


def due_happened(clock_id: int, what: str, due_on: date) -> StageClock | None:
    """Mark a clock as reminded or lapsed, and give it; None when it no longer runs until that day, or was marked so.

    To be called inside the transaction of what follows.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a delay fell due outside a transaction")
    clock = (
        StageClock.objects.select_for_update()
        .filter(pk=clock_id, due_on=due_on, stopped_on=None, ended_on=None, lapsed_at=None)
        .first()
    )
    today = timezone.localdate()
    if clock is None or (what == REMINDER and clock.reminded_on == today):
        return None
    if what == REMINDER:
        clock.reminded_on = today
    else:
        clock.lapsed_at = timezone.now()
        clock.silence = selectors.silence_meant(clock)
    clock.save(update_fields=["reminded_on", "lapsed_at", "silence"])
    return clock
