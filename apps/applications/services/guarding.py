"""What every write shares: the rule, the row, the compare-and-swap, the event."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import rules, wording
from apps.applications.models import Application
from apps.applications.rules import Facts, Status
from apps.applications.services.clock import clock_turned
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, refusal
from apps.core.happenings import happened
from apps.core.rules import Refused


def refuse_unless_allowed(action: str, facts: Facts) -> None:
    """Raise RefusedError with every reason when the rules say no."""
    decision = rules.decide(action, facts)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REASONS)


def refuse_step_unless_allowed(action: str, facts: Facts) -> None:
    """Raise RefusedError when the state or a guard says no to a step that another room takes."""
    decision = rules.decide_step(action, facts)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REASONS)


def application_locked(application: Application) -> Application:
    """The dossier as it is now, its row held until the end of the transaction so that its state cannot move."""
    return Application.objects.select_for_update(no_key=True, of=("self",)).get(pk=application.pk)


def state_change(
    action: str,
    application: Application,
    *,
    seen_version: int,
    by: Person,
    target: Status | None = None,
    **values: Any,
) -> Application:
    """Move the dossier along the arrow of `action`, if it is still as it was seen; return it as it is then.

    `target` says which of the arrow's ends, where it has several. Raises ChangedMeanwhile, saying who did what, when
    somebody else was faster; ValueError for an end that the arrow does not have.
    """
    arrow = rules.transition(action)
    goal = target or arrow.target
    if goal not in arrow.targets:
        raise ValueError(f"{action} does not lead to {goal}")
    sources = [state.value for state in arrow.sources]
    moved = Application.objects.filter(pk=application.pk, version=seen_version, status__in=sources).update(
        status=goal,
        queue_rank=rules.queue_rank(goal),
        version=F("version") + 1,
        changed_by=by,
        changed_at=timezone.now(),
        **values,
    )
    if not moved:
        raise changed_meanwhile(application)
    entered = Application.objects.get(pk=application.pk)
    clock_turned(entered, application.state, afresh=action == "application.redirect")
    happened("application.stage_entered", subject_id=str(application.pk), by=str(by.pk))
    return entered


def changed_meanwhile(application: Application) -> ChangedMeanwhile:
    """The error that tells who changed the dossier to what."""
    present = Application.objects.select_related("changed_by").get(pk=application.pk)
    return ChangedMeanwhile(
        wording.change_sentence(Status(present.status), present.changed_by.full_name, present.changed_at)
    )


def record(action: str, application: Application, by: Person, data: Mapping[str, Any] | None = None) -> None:
    """Write the event of a change of this dossier."""
    event_record(
        action=action,
        actor=str(by.pk),
        object_kind="application",
        object_id=str(application.pk),
        dossier_id=str(application.pk),
        data=data,
    )
