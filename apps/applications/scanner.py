"""The virus scanner: clamd, spoken to by its INSTREAM command over a Unix socket or TCP.

A client of our own: the published one sends without making sure that all was sent, so that a busy scanner could judge
half a document. Source of the protocol: clamd(8), command INSTREAM.
"""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

CHUNK = 64 * 1024
TIMEOUT = 30.0
LONGEST_ANSWER = 4096
ANSWER = re.compile(r"stream: (?:(?P<what>.+) )?(?P<word>OK|FOUND|ERROR)")


class ScannerAway(Exception):
    """The scanner cannot be reached, or stopped in the middle: nothing is known about the document."""


class Outcome(StrEnum):
    """What the scanner says of a document."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable"


@dataclass(frozen=True)
class Verdict:
    """An answer of the scanner; `detail` is the name of what was found, or why it could not be read."""

    outcome: Outcome
    detail: str = ""


def scan(data: bytes, address: str) -> Verdict:
    """Have a document scanned by the clamd at `address` ("/path/of/socket" or "host:port"). Raises ScannerAway."""
    try:
        with _connected(address) as connection:
            # It refuses what is too large before the end: its answer, if any, says so.
            with suppress(BrokenPipeError, ConnectionResetError):
                _send(connection, data)
            return _verdict(_answer(connection))
    except OSError as error:
        raise ScannerAway(type(error).__name__) from error


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return connection
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT)


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(b"zINSTREAM\0")
    for start in range(0, len(data), CHUNK):
        chunk = data[start : start + CHUNK]
        connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
    connection.sendall(bytes(4))


def _answer(connection: socket.socket) -> str:
    """The answer up to its end mark. Raises ScannerAway when the connection ends before it."""
    received = b""
    while not received.endswith(b"\0") and len(received) < LONGEST_ANSWER:
        part = connection.recv(LONGEST_ANSWER)
        if not part:
            raise ScannerAway("no whole answer")
        received += part
    return received.rstrip(b"\0").decode("utf-8", "replace").strip()


def _verdict(answer: str) -> Verdict:
    """What an answer means. Whatever is neither clean nor infected is not scanned, hence not opened."""
    found = ANSWER.fullmatch(answer)
    if found and found["word"] == "OK" and not found["what"]:
        return Verdict(Outcome.CLEAN)
    if found and found["word"] == "FOUND" and found["what"]:
        return Verdict(Outcome.INFECTED, found["what"][:120])
    return Verdict(Outcome.UNSCANNABLE, answer[:120])
