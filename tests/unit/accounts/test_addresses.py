"""Whose address an attempt is counted for."""

from datetime import UTC, datetime

import pytest

from apps.accounts.rules import client_address, global_window

PROXIES = ["10.0.0.0/24", "fd00::/64"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.5", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.5", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.5", "203.0.113.9, 198.51.100.7, 10.0.0.6", "198.51.100.7"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "anything at all", "anything at all"),
        ("10.0.0.5", "203.0.113.9, anything at all", "anything at all"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_trusted_proxies_are_believed_and_only_about_whom_they_speak_for(
    peer: str, forwarded: str, expected: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


def test_without_proxies_nobody_is_believed() -> None:
    assert client_address("127.0.0.1", "203.0.113.9", []) == "127.0.0.1"


def test_a_window_lasts_a_quarter_of_an_hour() -> None:
    begin, end, after = (
        datetime(2027, 3, 1, 9, minute, second, tzinfo=UTC) for minute, second in ((0, 0), (14, 59), (15, 0))
    )
    assert global_window(begin) == global_window(end) != global_window(after)
