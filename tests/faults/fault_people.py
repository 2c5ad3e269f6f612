"""People who decide at the same moment, and rights that end while the machine works."""

import threading

import pytest

from tests.faults import campaign
from tests.faults.clients import witness
from tests.faults.nemesis import owner
from tests.journeys import steps
from tests.support.portal import STEWARDS, Portal, uuid_in
from tests.support.visitor import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.sandbox, pytest.mark.timeout(300)]
REVOKE = "UPDATE projects_project SET status = 'suspended' WHERE application_id = %s"


def test_two_stewards_who_return_the_same_dossier_at_once_decide_once(portal: Portal) -> None:
    dossier = portal.submitted_dossier()
    review = steps.review_path(dossier)
    stewards = [witness(portal, email) for email in STEWARDS]
    pages = [steward.get(review) for steward in stewards]
    together = threading.Barrier(len(stewards))

    def give_back(number: int) -> None:
        together.wait(30)
        values = {"reason-title": f"Précisez, demande {number}."}
        stewards[number].submit(pages[number], f"{review}renvoyer/", values)

    threads = [threading.Thread(target=give_back, args=(number,)) for number in range(len(stewards))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    statuses = sorted(steward.posted.status for steward in stewards if steward.posted)
    assert statuses[0] == 302, statuses
    assert statuses[1] in {403, 409, 422}, statuses
    query = "SELECT count(*) FROM applications_decision WHERE application_id = %s"
    assert portal.row(query, uuid_in(dossier)) == (1,)
    assert portal.events(dossier, "application.returned") == 1
    assert campaign.judge(portal) == []


def test_rights_that_end_while_the_extract_runs_end_it_too(portal: Portal) -> None:
    """Given a project suspended in the midst of its extract, it is cancelled, the reason is told, nothing is left."""
    dossier = portal.submitted_dossier()
    portal.approve(dossier)
    wait_until(lambda: portal.extract(dossier)[1] > 3, 60, "the extract is under way", every=0.02)
    with owner(portal.stack) as connection:
        connection.execute(REVOKE, [uuid_in(dossier)])
    wait_until(lambda: portal.extract(dossier)[0] == "cancelled", 60, "the extract is cancelled")
    assert "entitlement does not hold" in portal.extract(dossier)[2]
    query = "SELECT e.id FROM extracts_extractrequest e JOIN projects_project p ON p.id = e.project_id" + (
        " WHERE p.application_id = %s"
    )
    (extract,) = portal.row(query, uuid_in(dossier))
    scene = campaign.scene_of(portal.stack)
    assert not (scene.delivery / str(extract)).exists()
    assert not (scene.delivery / f".{extract}.work").exists()
    assert campaign.judge(portal) == []
