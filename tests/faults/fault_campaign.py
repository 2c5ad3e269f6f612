"""Everything at once: people at work and faults by chance, each seed another history."""

import pytest

from tests.faults import campaign
from tests.support.portal import Portal

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(400)]


@pytest.mark.parametrize("seed", range(campaign.SEED, campaign.SEED + 4))
def test_a_history_of_chance_faults_keeps_the_five_promises(portal: Portal, seed: int) -> None:
    report = campaign.run(portal, name="chance", seconds=50, pause=4, seed=seed, approvals=2)
    assert report.violations == []
    assert report.acknowledged >= 20, report
