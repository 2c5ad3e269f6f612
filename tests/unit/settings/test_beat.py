"""Beat goes on when the clock is put back."""

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from celery.beat import ScheduleEntry, SchedulingError
from celery.schedules import crontab, schedule
from django.conf import settings

from hdh_portal.beat import SteadyScheduler
from hdh_portal.celery import app as portal

NOW = datetime(2027, 10, 31, 1, 0, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """The time beat reads, in a list of one."""
    now = [NOW]
    monkeypatch.setattr(ScheduleEntry, "default_now", lambda entry: now[0])
    monkeypatch.setattr("celery.schedules.BaseSchedule.now", lambda schedule: now[0])
    monkeypatch.setattr(SteadyScheduler, "_when", lambda self, entry, after: now[0].timestamp() + after)
    return now


@pytest.fixture
def scheduler(tmp_path, clock, monkeypatch):
    app = Celery("test", broker="memory://")
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": schedule(timedelta(seconds=1))} for name in ("sweep", "seal")
    }
    made = SteadyScheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=False)
    made.sent = []
    monkeypatch.setattr(made, "apply_async", lambda entry, **kwargs: made.sent.append(entry.name))
    yield made
    made.close()


def run(scheduler: SteadyScheduler, clock: list[datetime], seconds: int) -> None:
    for _ in range(seconds):
        clock[0] += timedelta(seconds=1)
        while scheduler.tick() == 0:
            pass


def test_an_hour_put_back_costs_a_second_of_every_schedule_and_not_an_hour(scheduler, clock):
    run(scheduler, clock, 3)
    clock[0] -= timedelta(hours=1)
    scheduler.sent.clear()
    run(scheduler, clock, 5)
    assert scheduler.sent.count("sweep") >= 4
    assert scheduler.sent.count("seal") >= 4


def test_an_hour_put_forward_sends_each_once(scheduler, clock):
    run(scheduler, clock, 3)
    scheduler.sent.clear()
    clock[0] += timedelta(hours=1)
    run(scheduler, clock, 1)
    assert sorted(name for name in scheduler.sent if not name.startswith("celery.")) == ["seal", "sweep"]


def test_a_broker_that_is_away_costs_a_line_and_the_next_bell_is_tried(scheduler, clock, monkeypatch, caplog):
    def away(entry: ScheduleEntry, **_: object) -> None:
        try:
            raise ConnectionRefusedError
        except ConnectionRefusedError:
            raise SchedulingError("Couldn't apply scheduled task")  # noqa: B904  as Celery does

    monkeypatch.setattr(scheduler, "apply_async", away)
    run(scheduler, clock, 2)
    lines = [record.msg for record in caplog.records if "bell_not_rung" in str(record.msg)]
    assert len(lines) >= 2
    assert all("ConnectionRefusedError" in str(line) for line in lines)


@pytest.mark.parametrize("night", [datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 10, 31, tzinfo=UTC)])
@pytest.mark.parametrize("late", range(0, 180, 5))
def test_a_nightly_job_made_up_in_the_night_of_the_change_of_time_is_not_due_again_and_again(night, late):
    """Given a beat that was down since yesterday, then it makes up yesterday's job, and does tonight's."""
    nightly = [
        one["schedule"] for one in settings.CELERY_BEAT_SCHEDULE.values() if isinstance(one["schedule"], crontab)
    ]
    assert nightly
    now = [night]
    for one in nightly:
        job = crontab(**fields(one), app=portal, nowfun=lambda: now[0].astimezone(portal.timezone))
        last, runs = night - timedelta(days=1), list[datetime]()
        for minute in range(late, 240):
            now[0] = night + timedelta(minutes=minute, seconds=46)
            if job.is_due(last)[0]:
                last = now[0]
                runs.append(last)
        assert len(runs) <= 2, f"{runs[0]}, {runs[1]}, {runs[2]}…"


def fields(one: crontab) -> dict[str, str]:
    return {name: getattr(one, f"_orig_{name}") for name in ("minute", "hour", "day_of_week", "day_of_month")}
