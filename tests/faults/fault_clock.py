"""Clocks that disagree, jump, change with the season, and a day and a half that nobody was there."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hdh_portal.devstack import family
from tests.faults import campaign
from tests.faults.clock import Clock, compiler
from tests.faults.nemesis import another, broker, everything_runs, send
from tests.journeys import steps
from tests.support.portal import RESEARCHER, Portal, uuid_in
from tests.support.visitor import Visitor, wait_until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.sandbox,
    pytest.mark.timeout(400),
    pytest.mark.skipif(compiler() is None, reason="another clock needs a C compiler, which is not installed"),
]
HOUR = 3600
AUTUMN = datetime(2027, 10, 31, 0, 59, 45, tzinfo=UTC)  # 02:59:45 in Paris, fifteen seconds before it is 02:00 again
SPRING = datetime(2027, 3, 28, 0, 59, 45, tzinfo=UTC)


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    """A clock of the tests' own, readable by the account of the services too."""
    folder = Path(tempfile.mkdtemp(prefix="hdh-clock-"))
    folder.chmod(0o755)
    yield Clock(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def elsewhen(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A whole portal, PostgreSQL and broker included, that lives by the clock of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clock.variables.items():
            patch.setenv(name, value)
        with campaign.running(tmp_path_factory.mktemp("elsewhen")) as made:
            yield made


@pytest.mark.parametrize("hours", [-2, 2])
def test_workers_whose_clock_is_wrong_by_hours_do_the_same_work(portal: Portal, clock: Clock, hours: int) -> None:
    """Given a second worker of each kind that is hours early or late, and dies in the midst, nobody waits for it."""
    clock.shift(hours * HOUR)
    with (
        another(portal.stack, "extract", clock.variables) as early,
        another(portal.stack, "provision", clock.variables),
        another(portal.stack, "default", clock.variables),
    ):
        for name in ("extract", "provision"):
            portal.stack.kill(name, signal.SIGSTOP)
        try:
            dossier = portal.submitted_dossier()
            portal.approve(dossier)
            wait_until(lambda: portal.extract(dossier)[1] > 3, 90, "the strange worker is at it", every=0.02)
            query = """
                SELECT max(abs(extract(epoch FROM lease_until - now()))) FROM core_outboxitem
                WHERE lease_until IS NOT NULL AND status = 'pending'"""
            assert (portal.row(query)[0] or 0) < 60
            os.killpg(early.pid, signal.SIGKILL)
        finally:
            for name in ("extract", "provision"):
                portal.stack.kill(name, signal.SIGCONT)
        portal.wait_until_ready(dossier, 120)
    clock.shift(0)
    assert portal.events(dossier, "extract.delivered") == 1
    assert campaign.judge(portal) == []


def test_an_hour_put_back_in_all_clocks_stops_neither_sweep_nor_seal(elsewhen: Portal, clock: Clock) -> None:
    elsewhen.visitor(RESEARCHER)
    before = elsewhen.row("SELECT count(*) FROM audit_checkpoint")[0]
    clock.shift(-HOUR)
    with broker(elsewhen.stack) as client:
        client.flushall()
    dossier = elsewhen.complete_draft()
    wait_until(lambda: elsewhen.row("SELECT count(*) FROM audit_checkpoint")[0] > before, 30, "the seal goes on")
    assert elsewhen.visitor(RESEARCHER).get(dossier).status == 200
    assert campaign.judge(elsewhen) == []
    clock.shift(0)


@pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_the_night_of_the_change_of_time_changes_nothing(elsewhen: Portal, clock: Clock, night: datetime) -> None:
    clock.set(night)
    person = Portal(elsewhen.stack)
    dossier = person.complete_draft()
    clock.set(night)
    for number in range(12):
        steps.save_page(person.visitor(RESEARCHER), dossier, "title", {"title": f"Nuit {number}"})
        time.sleep(2)
    steps.submit_dossier(person.visitor(RESEARCHER), dossier)
    row = person.row("SELECT submitted_at FROM applications_application WHERE id = %s", uuid_in(dossier))
    assert row[0].astimezone(UTC) >= night.replace(hour=1, minute=0, second=0)
    assert person.visitor(RESEARCHER).get(dossier).status == 200
    assert campaign.judge(elsewhen) == []


def test_a_day_and_a_half_of_downtime_is_made_up_within_a_minute(elsewhen: Portal, clock: Clock) -> None:
    """Given everything dead by SIGKILL in the midst of an extract, and 36 hours, then it goes on where it stood, sealed
    and verified, and whoever was signed in signs in again."""
    now = datetime(2028, 2, 1, 10, 0, tzinfo=UTC)
    clock.set(now)
    person = Portal(elsewhen.stack)
    dossier = person.submitted_dossier()
    person.approve(dossier)
    wait_until(lambda: person.extract(dossier)[1] > 3, 60, "the extract is under way", every=0.02)
    stack = elsewhen.stack
    supervisor = stack.state.supervisor
    for pid in (*family.descendants(supervisor), supervisor):
        send(pid, signal.SIGKILL)
    clock.set(datetime(2028, 2, 2, 22, 0, tzinfo=UTC))
    stack.start()
    wait_until(lambda: everything_runs(stack), 60, "everything runs again")
    begun = time.monotonic()
    person.wait_until_ready(dossier, 90)
    assert time.monotonic() - begun < 90
    late = Visitor(stack.portal_url)
    for cookie in person.visitor(RESEARCHER).cookies:
        late.cookies.set_cookie(cookie)
    answer = late.get(dossier, follow=False)
    assert answer.status == 302
    assert "/connexion/" in answer.headers["Location"]
    assert Portal(stack).visitor(RESEARCHER).get(dossier).status == 200
    assert campaign.judge(elsewhen) == []
