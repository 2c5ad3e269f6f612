"""What stewards do around a review: who takes it, what was verified, delays extended, silences confirmed."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications import following, selectors
from apps.applications.models import Application
from apps.applications.procedure_models import ChecklistMark, Obligation, StageClock
from apps.applications.rules import Outcome
from apps.applications.services.clock import clock_extend
from apps.applications.services.guarding import application_locked, record, refuse_unless_allowed
from apps.applications.services.staging import Ending, stage_end
from apps.core.errors import ChangedMeanwhile, RefusedError


def applications_assign(*, applications: Iterable[Application], to: Person | None, by: Person) -> int:
    """Give dossiers to a steward, or to nobody; gives how many changed. Raises RefusedError for somebody else."""
    if to and not following.stewards().filter(pk=to.pk).exists():
        raise RefusedError((_("This person is no data steward today."),), field="steward")
    changed = 0
    with transaction.atomic():
        for application in sorted(applications, key=lambda one: one.pk):
            if Application.objects.filter(pk=application.pk).exclude(assigned_to=to).update(assigned_to=to) or (
                to is None
                and Application.objects.filter(pk=application.pk, assigned_to__isnull=False).update(assigned_to=None)
            ):
                changed += 1
                record("application.assigned", application, by, {"steward": str(to.pk) if to else ""})
    return changed


def checklist_mark(*, application: Application, marks: Mapping[str, str], by: Person) -> None:
    """Keep what the steward found about each item of the checklist of the dossier's path; blank clears one.

    Raises RefusedError (conflict of interest, state, an item or a mark that does not exist).
    """
    with transaction.atomic():
        locked = application_locked(application)
        refuse_unless_allowed("application.check", selectors.stage_facts(locked, by))
        known = {item.key for item in selectors.path_of(locked).checklist}
        if set(marks) - known or {mark for mark in marks.values() if mark} - set(ChecklistMark.Mark.values):
            raise RefusedError((_("This checklist has no such item."),))
        present = ChecklistMark.objects.filter(application=locked, round=locked.round)
        present.filter(item__in=[item for item, mark in marks.items() if not mark]).delete()
        for item, mark in marks.items():
            if mark:
                present.update_or_create(
                    application=locked,
                    round=locked.round,
                    item=item,
                    defaults={"mark": mark, "by": by, "at": timezone.now()},
                )
        record("application.checked", locked, by, {"round": locked.round, "items": len(marks)})


def delay_extend(*, application: Application, seen_version: int, reason: str, by: Person) -> StageClock:
    """Extend the delay of the present stage once, with reasons. Raises RefusedError, ChangedMeanwhile."""
    with transaction.atomic():
        locked = application_locked(application)
        if locked.version != seen_version:
            raise ChangedMeanwhile
        refuse_unless_allowed("application.extend", selectors.stage_facts(locked, by))
        clock = clock_extend(application=locked, reason=reason, by=by)
        record("application.delay_extended", locked, by, {"stage": clock.stage, "due_on": clock.due_on.isoformat()})
        return clock


def silence_confirm(*, application: Application, seen_version: int, by: Person) -> Application:
    """Confirm the outcome that the law attaches to a silence: kept as tacit, never as express.

    Raises RefusedError (no delay has lapsed, silence means nothing here, conflict of interest), ChangedMeanwhile.
    """
    clock = selectors.clock_of(application)
    outcome = Outcome(clock.silence) if clock and clock.silence else Outcome.ADJOURNED
    ending = Ending(outcome, express=False, decided_on=clock.due_on if clock else None)
    return stage_end("application.silence_confirm", application, ending, seen_version=seen_version, by=by)


def obligation_fulfil(*, application: Application, obligation_id: UUID, note: str, by: Person) -> None:
    """Say how a condition was fulfilled. Nothing happens when somebody said so already.

    Raises RefusedError without a note (field "note").
    """
    if not note.strip():
        raise RefusedError((_("Say how the condition was fulfilled."),), field="note")
    with transaction.atomic():
        refuse_unless_allowed("application.obligation_fulfil", selectors.stage_facts(application, by))
        open_ones = Obligation.objects.filter(pk=obligation_id, application=application, fulfilled_at=None)
        if open_ones.update(fulfilled_at=timezone.now(), fulfilled_by=by, note=note.strip()):
            record("application.obligation_fulfilled", application, by, {"obligation": str(obligation_id)})
