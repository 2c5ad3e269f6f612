"""Asking the portal, and seeing from the outside whether anything changed."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from django.db import connection, transaction
from django.test.client import ClientHandler, RequestFactory

from tests.permissions.payloads import Payload
from tests.permissions.world import Visitor
from tests.support.visitor import multipart

# What differs between two answers that say the same: identifiers of the request, nonces, tokens against forgery.
PASSING = re.compile(
    rb'X-Request-Id: \w+|nonce[-=]"?[\w+/=-]+|value="[A-Za-z0-9]{64}"|X-CSRFToken": "[A-Za-z0-9]{64}"|csrftoken=[^;]+'
    rb"|<code>[0-9a-f]{12}</code>|\b[0-9a-f]{12}\b"
)


SHORTEST_IDENTIFIER = 8
WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM) "?(?P<table>\w+)"?')
READ = re.compile(
    r"\s*(?:SELECT|SAVEPOINT|RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT|SET CONSTRAINTS|DECLARE|FETCH|CLOSE)"
)


@dataclass(frozen=True)
class Answer:
    """What came back, and which tables a call tried to write."""

    status: int
    location: str
    said: bytes  # status, headers and body
    tables: frozenset[str]
    statements: int
    files: int
    left: dict[str, str] | None  # what every table holds after a call that tried to write, if that was asked for


_written_files: list[str] = []
_watched = ""


def _see_files(event: str, arguments: tuple[Any, ...]) -> None:
    """Note every file opened for writing below the folder being watched."""
    if event != "open" or not _watched or not str(arguments[0]).startswith(_watched):
        return
    _, mode, flags = arguments
    if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & 0b11):
        _written_files.append(str(arguments[0]))


@cache
def watch_files(folder: str) -> None:
    """From now on, count files written below this folder. There is no way to stop: audit hooks stay."""
    global _watched  # noqa: PLW0603  an audit hook has no other memory
    _watched = folder
    sys.addaudithook(_see_files)


_factory = RequestFactory()
_handlers = {strict: ClientHandler(enforce_csrf_checks=strict) for strict in (False, True)}


def ask(
    visitor: Visitor, method: str, path: str, payload: Payload, *, forgery: bool = False, exact: bool = False
) -> Answer:
    """Make the call and see what it did; `taken_back` around it undoes that.

    `forgery`: without the token that our own forms carry. `exact`: read every table after a call that tried to write.
    """
    files, seen = len(_written_files), _Seen()
    with connection.execute_wrapper(seen):
        response: Any = _handlers[forgery](_environ(visitor, method, path, payload))
        body = b"".join(response.streaming_content) if response.streaming else response.content
    tables_written.update(seen.tables)
    return Answer(
        status=response.status_code,
        location=response.get("Location", ""),
        said=_said(response, body),
        tables=frozenset(seen.tables),
        statements=seen.statements,
        files=len(_written_files) - files,
        left=fingerprints() if exact and seen.tables else None,
    )


def _environ(visitor: Visitor, method: str, path: str, payload: Payload) -> dict[str, Any]:
    body, kind = b"", "application/octet-stream"
    if method == "POST":
        pairs = list(payload.data.items())
        body, kind = (
            multipart(pairs, payload.files)
            if payload.files
            else (urlencode(pairs).encode(), "application/x-www-form-urlencoded")
        )
    request = _factory.generic(method, path, body, kind, headers={"Cookie": visitor.cookies})
    return request.environ


def _said(response: Any, body: bytes) -> bytes:
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.items()) if name != "Expires")
    return f"{response.status_code}\n{headers}\n".encode() + body


def without_passing(said: bytes, identifiers: Iterable[str]) -> bytes:
    """What was said, less what differs from one request to the next and the identifiers of its address."""
    for identifier in identifiers:
        if len(identifier) > SHORTEST_IDENTIFIER:
            said = said.replace(identifier.encode(), b"<id>")
    return PASSING.sub(b"~", said)


tables_written: set[str] = set()  # by all calls so far, as `_Seen` saw it


class _Seen:
    """The statements of a call: how many, and which table each would write, whether or not it finds a row."""

    def __init__(self) -> None:
        self.statements, self.tables = 0, set[str]()

    def __call__(self, execute: Any, sql: str, *rest: Any) -> Any:
        self.statements += 1
        found = WRITE.match(sql)
        if found:
            self.tables.add(found["table"])
        elif not READ.match(sql):
            self.tables.add(f"({sql[:40]})")
        return execute(sql, *rest)


class _Page:
    """A document to be printed, left as the page it is made of."""

    def __init__(self, string: str, **_how: Any) -> None:
        self.page = string

    def write_pdf(self, **_how: Any) -> bytes:
        return self.page.encode()


def documents_unprinted() -> AbstractContextManager[Any]:
    """Answer printed documents as pages: a name that leaks can be read in them, and they take no time."""
    return mock.patch("apps.core.printing.HTML", _Page)


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo everything that the block did to the database.

    Each block is a transaction of its own: the seal of the audit log waits for the oldest one of the server.
    """
    whole: Any = transaction.atomic()
    whole._from_testcase = True
    with whole:
        try:
            yield
        finally:
            transaction.set_rollback(True)


def tables_touched() -> list[str]:
    """The tables in which this transaction tried to insert, update or delete a row: PostgreSQL's own account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY relname"
        )
        return [name for (name,) in cursor.fetchall()]


def rows_touched() -> dict[str, int]:
    """How many rows anybody ever tried to insert, update or delete, by table: PostgreSQL's own account."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables")
        return dict(cursor.fetchall())


def unspent_confirmations() -> int:
    """How many confirmations by the second factor wait for the act that they were given for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_stepup WHERE used_at IS NULL")
        return int(cursor.fetchone()[0])


def fingerprints() -> dict[str, str]:
    """The content of every table as a digest: what an attempt that was rolled back leaves alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
        tables = [name for (name,) in cursor.fetchall()]
        return {table: _fingerprint(cursor, table) for table in tables}


def _fingerprint(cursor: Any, table: str) -> str:
    cursor.execute(f"SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM \"{table}\" t")
    return cursor.fetchone()[0] or ""


def first_difference(one: bytes, other: bytes) -> str:
    """Where two answers part, with a little of what stands around."""
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, place - 40)
    return f"{one[start : place + 40]!r} where {other[start : place + 40]!r}"
