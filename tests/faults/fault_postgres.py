"""PostgreSQL restarts, dies, is full or refuses to serialise, while people work."""

import pytest

from tests.faults import campaign
from tests.faults.nemesis import Nemesis, connections_taken, everything_runs, owner
from tests.support.portal import RESEARCHER, Portal
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(400)]


@pytest.mark.parametrize(
    "fault",
    [Nemesis.restart_the_database, Nemesis.stop_the_database_at_once, Nemesis.crash_the_database],
    ids=lambda fault: fault.__name__,
)
def test_postgres_restarted_under_load_loses_nothing_that_was_acknowledged(portal: Portal, fault) -> None:
    report = campaign.run(portal, name=fault.__name__, seconds=20, pause=8, faults=[fault], approvals=1)
    assert report.acknowledged >= 20, report
    assert report.violations == []


def test_a_full_database_says_so_in_words_and_serves_again(portal: Portal) -> None:
    researcher = portal.visitor(RESEARCHER)
    with connections_taken(portal.stack) as taken:
        assert taken > 20
        answer = researcher.get("/dossiers/")
        assert answer.status == 503, answer.status
        assert "rechargez" in answer.text
        assert answer.headers["Retry-After"]
    wait_until(lambda: everything_runs(portal.stack), 60, "every process runs")
    assert researcher.get("/dossiers/").status == 200
    assert campaign.judge(portal) == []


def test_what_cannot_be_serialised_is_done_wholly_or_not_at_all(portal: Portal) -> None:
    """Given a database that refuses whatever it cannot put in an order, people and workers try again."""
    roles = ("hdh_app", "hdh_worker")
    with owner(portal.stack) as connection:
        set_isolation(connection, roles, "serializable")
        try:
            report = campaign.run(portal, name="serializable", seconds=25, pause=60, faults=[lambda nemesis: None])
        finally:
            set_isolation(connection, roles, "read committed")
    assert report.answers_503 + report.attempts - report.acknowledged > 0, "there was something to refuse"
    assert report.acknowledged >= 20
    assert report.violations == []


def set_isolation(connection, roles, level: str) -> None:
    for role in roles:
        connection.execute(f"ALTER ROLE {role} SET default_transaction_isolation TO '{level}'")
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)", [list(roles)])
