"""How long the stages of dossiers took, as the portal itself has seen: for a likely day beside the legal one."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F

from apps.applications import workflow
from apps.applications.policy import Stage
from apps.applications.policy.forecasting import Usual
from apps.applications.procedure_models import StageClock

LOOKED_BACK = timedelta(days=730)
FEWEST = 5
"""From how many stages on a median says something."""


class Median(Aggregate):
    """The middle value: half of the rows lie under it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@lru_cache(maxsize=1)
def usual_durations(today: date) -> Mapping[Stage, Usual]:
    """The median of each stage with a delay over what was decided in the last two years; none under five cases.

    Counted once a day in each process, from what had ended before that day. One query.
    """
    ended = StageClock.objects.filter(
        ended_on__lt=today, ended_on__gte=today - LOOKED_BACK, application__status__in=workflow.DECIDED
    )
    took = ExpressionWrapper(F("ended_on") - F("started_on"), output_field=DurationField())
    rows = ended.values("stage").annotate(cases=Count("pk"), took=Median(took)).filter(cases__gte=FEWEST)
    by_status = {row["stage"]: Usual(row["took"].days, row["cases"]) for row in rows}
    return {stage: by_status[status] for stage, status in workflow.STATUS_OF.items() if status in by_status}
