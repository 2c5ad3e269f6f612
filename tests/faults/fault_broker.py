"""The broker is only a doorbell: away, frozen, stammering or late, it costs seconds and never an effect."""

import time

import pytest

from tests.faults import campaign
from tests.faults.nemesis import broker, broker_away, every_message, everything_runs, frozen
from tests.support.portal import RESEARCHER, Portal
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(400)]
# Longer than a lease (15 s), the sweep's patience (5 s), the connection's (2 s), the socket's (5 s) and beat's.
DOWN_SECONDS = 40.0
LEASE_SECONDS = 15.0
PAGE_WITHIN = 15.0


def test_people_work_on_while_the_broker_is_down_and_the_rows_are_worked_off_after(portal: Portal) -> None:
    with broker_away(portal.stack):
        begun = time.monotonic()
        dossier = portal.submitted_dossier()
        portal.approve(dossier)
        assert portal.visitor(RESEARCHER).get("/readyz").status == 503
        time.sleep(max(0, DOWN_SECONDS - (time.monotonic() - begun)))
        assert portal.extract(dossier)[0] == "requested"
    wait_until(lambda: everything_runs(portal.stack), 60, "every process runs")
    portal.wait_until_ready(dossier, 120)
    assert campaign.judge(portal) == []


def test_a_frozen_broker_holds_no_page(portal: Portal) -> None:
    dossier = portal.submitted_dossier()
    with frozen(portal.stack.process_id("valkey")):
        begun = time.monotonic()
        answer = portal.visitor(RESEARCHER).get(dossier)
        assert answer.status == 200
        assert time.monotonic() - begun < PAGE_WITHIN
        code = portal.code_of("morgan.petit@hdh-demo.fr")
        begun = time.monotonic()
        assert code
        portal.approve(dossier)
    portal.wait_until_ready(dossier, 120)
    assert campaign.judge(portal) == []


def test_every_message_five_times_and_again_after_the_lease_has_the_effects_of_one(portal: Portal) -> None:
    with every_message(portal.stack, times=5) as seen:
        dossier = portal.submitted_dossier()
        portal.approve(dossier)
        portal.wait_until_ready(dossier, 150)
        time.sleep(LEASE_SECONDS + 1)
    bells = [(queue, body) for queue, body in seen if queue != "default"]
    assert len(bells) >= 5, "there were messages to repeat"
    with broker(portal.stack) as client:
        for queue, body in bells:
            client.lpush(queue, body)
    assert portal.events(dossier, "extract.delivered") == 1
    assert portal.events(dossier, "workspace.ready") == 1
    wait_until(lambda: everything_runs(portal.stack), 60, "every process runs")
    assert campaign.judge(portal) == []
