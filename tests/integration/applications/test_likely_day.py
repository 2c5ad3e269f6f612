"""Where is my file? The likely day, from what the portal has seen decided."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.applications.durations import FEWEST, usual_durations
from apps.applications.models import Application
from apps.applications.policy import Stage
from apps.applications.policy.forecasting import Usual
from apps.applications.procedure_models import StageClock
from tests.factories.accounts import client_signed_in
from tests.factories.applications import at_status, draft
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    usual_durations.cache_clear()
    yield
    usual_durations.cache_clear()


def clocks(application: Application, *days: int, stage: str = "submitted") -> None:
    """Clocks of a stage that took so many days each and ended yesterday."""
    ended = timezone.localdate() - timedelta(days=1)
    StageClock.objects.bulk_create(
        StageClock(
            application=application,
            stage=stage,
            round=1,
            started_on=ended - timedelta(days=taken),
            due_on=ended,
            ended_on=ended,
        )
        for taken in days
    )


def decided() -> Application:
    application = draft()
    Application.objects.filter(pk=application.pk).update(
        status="refused", round=1, submitted_at=timezone.now(), decided_at=timezone.now()
    )
    return application


def test_the_median_counts_what_was_decided_from_five_cases_on() -> None:
    today, application = timezone.localdate(), decided()
    clocks(application, 2, 3, 4, 30)
    assert usual_durations(today) == {}
    clocks(application, 5)
    clocks(draft(), *[90] * FEWEST)
    usual_durations.cache_clear()
    assert usual_durations(today) == {Stage.COMPLETENESS: Usual(4, 5)}


def test_the_page_says_the_likely_day_and_of_how_many() -> None:
    clocks(decided(), 3, 3, 3, 3, 3, 3)
    application = at_status("submitted")
    page = text_of(client_signed_in(application.created_by).get(url("detail", application)))
    assert "selon la médiane de 6 dossiers décidés ici" in page
