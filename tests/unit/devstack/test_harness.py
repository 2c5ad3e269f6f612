"""The harness itself: what it forbids and what it turns into failures."""

import socket

import pytest

from tests.support.network import NetworkForbiddenError, is_local


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (("127.0.0.1", 80), True),
        (("127.8.9.10", 80), True),
        (("localhost", 80), True),
        (("ws-1.localhost", 80), True),
        (("192.0.2.1", 80), False),
        (("10.0.0.1", 80), False),
        (("example.org", 80), False),
    ],
)
def test_only_loopback_addresses_are_local(address: tuple[str, int], local: bool) -> None:
    assert is_local(socket.AF_INET, address) is local


def test_unix_sockets_are_local() -> None:
    assert is_local(socket.AF_UNIX, "/run/x.sock")


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_test_that_reaches_out_is_stopped(method: str) -> None:
    with socket.socket() as sock, pytest.raises(NetworkForbiddenError, match="loopback"):
        getattr(sock, method)(("192.0.2.1", 9))
