"""What clients asked for and what they were told, line by line, outside the portal.

Each attempt is written before its request leaves, and again with what became of it: "acknowledged" when the browser saw
success, "refused" when the portal said no in words, "unknown" when the answer was an error or never came. The checker
reads nothing else of the clients.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from http.client import HTTPException
from pathlib import Path

import psycopg

from hdh_portal.devstack.errors import StackError

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"


# A connection that was cut, a page that is not the one expected, a database or a command that did not answer.
NOT_KNOWN = (OSError, HTTPException, AssertionError, psycopg.Error, StackError)


@dataclass(frozen=True)
class Attempt:
    """One thing a client asked for.

    `effect` is the audited action that it must leave, once a success; `dossier` its identifier; `page`, `name` and
    `value` a field that must then hold this value; `sha256` a document that must then be there.
    """

    number: int
    client: str
    effect: str
    dossier: str
    page: str = ""
    name: str = ""
    value: str = ""
    sha256: str = ""
    outcome: str = UNKNOWN
    at: float = 0.0
    detail: str = ""


class RefusedInWords(Exception):
    """The portal answered, and the answer was no."""


class Ledger:
    """The log of attempts, safe for several clients at once, kept in a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._last = 0
        file.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def attempt(self, client: str, effect: str, dossier: str, **what: str) -> Iterator[list[bool]]:
        """An attempt for the length of the block. The block sets the first item of the list it is given to True when
        the browser saw success; RefusedInWords means no; any other exception that the outcome is not known."""
        with self._lock:
            self._last += 1
            attempt = Attempt(self._last, client, effect, dossier, at=time.time(), **what)
        self._write(attempt)
        succeeded = [False]
        outcome, detail = UNKNOWN, ""
        try:
            yield succeeded
        except RefusedInWords as error:
            outcome, detail = REFUSED, str(error)
        except NOT_KNOWN as error:
            detail = f"{type(error).__name__}: {error}"[:300]
        if succeeded[0]:
            outcome = ACKNOWLEDGED
        self._write(replace(attempt, outcome=outcome, detail=detail))

    def _write(self, attempt: Attempt) -> None:
        with self._lock, self.file.open("a") as written:
            written.write(json.dumps(asdict(attempt), ensure_ascii=False) + "\n")


def read(file: Path) -> list[Attempt]:
    """Every attempt with the last that is known of it, in the order in which they began."""
    latest: dict[int, Attempt] = {}
    if file.exists():
        for line in file.read_text().splitlines():
            attempt = Attempt(**json.loads(line))
            latest[attempt.number] = attempt
    return sorted(latest.values(), key=lambda attempt: attempt.number)
