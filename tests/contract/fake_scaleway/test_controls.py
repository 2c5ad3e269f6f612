"""Faults, clock and page: the fake's own controls."""

import http.client
import sqlite3
from pathlib import Path

import pytest

from apps.workspaces.fake_scaleway.ledger import Ledger
from tests.support.fake_cloud import FakeCloud

VPCS = "/vpc/v2/regions/fr-par/vpcs"
FAULTS = "/_fake/api/faults"


def _fault(cloud: FakeCloud, answer: str, **more: object) -> None:
    assert cloud.ask("POST", FAULTS, {"operation": "vpc.create_vpc", "answer": answer, **more}).status == 200


def _count(cloud: FakeCloud) -> int:
    return int(cloud.ask("GET", f"{VPCS}?is_default=false").body["total_count"])


@pytest.mark.parametrize(
    ("answer", "status", "happened"),
    [
        ("rate_limited", 429, 0),
        ("unavailable", 503, 0),
        ("gateway_html", 502, 0),
        ("quota", 403, 0),
        ("out_of_stock", 503, 0),
        ("empty", 200, 1),
        ("truncated", 200, 1),
    ],
)
def test_a_fault_strikes_once_and_says_whether_anything_happened(
    cloud: FakeCloud, answer: str, status: int, happened: int
) -> None:
    _fault(cloud, answer)

    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
    headers = {"X-Auth-Token": cloud.world.secret_key, "Content-Type": "application/json"}
    connection.request("POST", VPCS, '{"name": "v"}', headers)
    struck = connection.getresponse().status
    connection.close()

    assert struck == status
    assert _count(cloud) == happened
    assert cloud.ask("POST", VPCS, {"name": "again"}).status == 200


def test_a_real_429_has_no_body(cloud: FakeCloud) -> None:
    _fault(cloud, "rate_limited")

    assert cloud.ask("POST", VPCS, {"name": "v"}).body == b""


@pytest.mark.parametrize(("answer", "happened"), [("reset_before", 0), ("reset_after", 1)])
def test_a_lost_answer_leaves_the_doubt_that_it_leaves_in_life(cloud: FakeCloud, answer: str, happened: int) -> None:
    _fault(cloud, answer)

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        cloud.ask("POST", VPCS, {"name": "v"})

    assert _count(cloud) == happened


def test_a_fault_waits_for_its_turn_and_can_be_switched_off(cloud: FakeCloud) -> None:
    _fault(cloud, "rate_limited", skip=1, times=0)
    statuses = [cloud.ask("POST", VPCS, {"name": "v"}).status for _ in range(3)]
    (listed,) = cloud.ask("GET", FAULTS).body["faults"]

    cloud.ask("POST", f"{FAULTS}/{listed['id']}", {"action": "off"})

    assert statuses == [200, 429, 429]
    assert cloud.ask("POST", VPCS, {"name": "v"}).status == 200


def test_an_unknown_fault_is_refused(cloud: FakeCloud) -> None:
    assert cloud.ask("POST", FAULTS, {"operation": "*", "answer": "explode"}).status == 400


def test_the_page_shows_state_faults_and_requests_without_secrets(cloud: FakeCloud) -> None:
    application = cloud.make("/iam/v1alpha1/applications", {"name": "<app>"})["id"]
    key = cloud.make("/iam/v1alpha1/api-keys", {"application_id": application})
    cloud.make(VPCS, {"name": "<script>"})
    _fault(cloud, "rate_limited")

    text = cloud.ask("GET", "/_fake/").body.decode()

    assert "vpc.create_vpc" in text
    assert "rate_limited" in text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    assert key["secret_key"] not in text


def test_the_controls_answer_to_this_machine_only(cloud: FakeCloud) -> None:
    assert cloud.ask("GET", "/_fake/", Host="fake.example.org").status == 403
    assert cloud.ask("POST", FAULTS, {"operation": "*", "answer": "empty"}, Origin="https://evil.example").status == 403
    assert cloud.world.faults.items == []


def test_time_moves_up_to_the_next_change(cloud: FakeCloud) -> None:
    volume = cloud.make("/block/v1/zones/fr-par-1/volumes", {"from_empty": {"size": 10**10}})

    cloud.ask("POST", "/_fake/api/clock", {"advance": "next"})

    assert cloud.ask("GET", f"/block/v1/zones/fr-par-1/volumes/{volume['id']}").body["status"] == "available"
    assert cloud.ask("GET", "/_fake/api/state").body["next_change_in"] is None


def test_limits_are_set_while_it_runs(cloud: FakeCloud) -> None:
    cloud.ask("POST", "/_fake/api/limits", {"quotas": {"vpc": 0}, "stock": {"DEV1-S": 0}, "lag": 2})

    assert cloud.ask("POST", VPCS, {"name": "v"}).body["type"] == "quotas_exceeded"
    assert (cloud.world.limits.stock, cloud.world.lag) == ({"DEV1-S": 0}, 2.0)


def test_the_ledger_is_a_file_that_others_can_read(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.world.ledger = Ledger(tmp_path / "ledger.sqlite")
    body = {"name": "s", "project_id": cloud.world.default_project}
    secret = cloud.make("/secret-manager/v1beta1/regions/fr-par/secrets", body)["id"]
    cloud.make(f"/secret-manager/v1beta1/regions/fr-par/secrets/{secret}/versions", {"data": "c2VjcmV0"})

    rows = (
        sqlite3.connect(tmp_path / "ledger.sqlite").execute("select operation, status, request from request").fetchall()
    )

    assert [row[:2] for row in rows] == [("secret.create_secret", 200), ("secret.create_secret_version", 200)]
    assert "c2VjcmV0" not in rows[1][2]
