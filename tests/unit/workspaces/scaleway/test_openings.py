"""What the access lists of a workspace's network let through."""

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from apps.workspaces.providers.scaleway import openings
from apps.workspaces.providers.scaleway.network import Network
from apps.workspaces.providers.scaleway.things import Seen

OWN, WORKERS, GATEWAY = "172.16.8.0/22", "10.20.0.0/22", "10.20.4.0/24"
AGENT, APPLICATION = 8443, 8888


def opened(gateway_network: str) -> set[tuple[str, int]]:
    """The networks that reach the server, each with the port it reaches."""
    account = SimpleNamespace(hub_network=WORKERS, gateway_network=gateway_network)
    site: Any = SimpleNamespace(cloud=SimpleNamespace(account=account), id_of=lambda kind: "id")
    with mock.patch.object(Network, "get", lambda *_: Seen("id", {"subnet": OWN})):
        rules = openings.wanted_rules(site)
    assert {str(rule.action) for rule in rules} == {"accept"}
    there = {(rule.source, rule.dst_port_low) for rule in rules if rule.destination == OWN}
    back = {(rule.destination, rule.src_port_low) for rule in rules if rule.source == OWN}
    assert there == back, "lists hold no state: every way has its way back"
    assert len(rules) == 2 * len(there)
    return there


@pytest.mark.parametrize(
    ("gateway_network", "expected"),
    [
        (GATEWAY, {(WORKERS, AGENT), (GATEWAY, APPLICATION)}),
        ("", {(WORKERS, AGENT), (WORKERS, APPLICATION)}),
    ],
)
def test_workers_reach_the_agent_and_the_gateway_reaches_the_application(
    gateway_network: str, expected: set[tuple[str, int]]
) -> None:
    assert opened(gateway_network) == expected
