"""Stopping a transaction of the portal between two of its statements, or in the midst of its COMMIT, from the outside.

A trigger of the test's own asks for a lock that nobody holds, except while the test closes the gate: then the
transaction waits in the database, can be seen waiting, and its process can be killed where it stands.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.support.visitor import wait_until

LOCK = 0x6661_756C_7473
FUNCTION = f"""
    CREATE OR REPLACE FUNCTION fault_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NULL; END $$"""
AT_STATEMENT = "CREATE TRIGGER fault_gate AFTER {events} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION fault_gate()"
AT_COMMIT = (
    "CREATE CONSTRAINT TRIGGER fault_gate AFTER {events} ON {table} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW {when} EXECUTE FUNCTION fault_gate()"
)
WAITING = f"""
    SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory'
    AND NOT l.granted AND l.mode = %s AND (l.classid::bigint << 32) + l.objid::bigint = {LOCK}"""
PASSING, CLOSING = "ShareLock", "ExclusiveLock"


class Gate:
    """A closed gate. `waiting()` lists the database's processes that stand before it."""

    def __init__(self, owner_url: str) -> None:
        self._url = owner_url
        self._connection = psycopg.connect(owner_url, autocommit=True)
        self._is_closed = False

    def close(self) -> None:
        self._connection.execute(sql.SQL("SELECT pg_advisory_lock({})").format(LOCK))
        self._is_closed = True

    def open(self) -> None:
        if self._is_closed:
            self._connection.execute(sql.SQL("SELECT pg_advisory_unlock({})").format(LOCK))
            self._is_closed = False

    def let_pass(self) -> None:
        """Let pass whoever stands before it now, and nobody else: PostgreSQL grants a lock in the order of asking."""
        behind = Gate(self._url)
        closing = threading.Thread(target=behind.close)
        closing.start()
        wait_until(lambda: self._asking(CLOSING), 10, "the gate is about to close behind them", every=0.02)
        self.open()
        closing.join()
        self._connection.close()
        self._connection, self._is_closed = behind._connection, True

    def leave(self) -> None:
        """Open, for good."""
        self.open()
        self._connection.close()

    def waiting(self) -> list[int]:
        return self._asking(PASSING)

    def _asking(self, mode: str) -> list[int]:
        return [pid for (pid,) in self._connection.execute(WAITING, [mode])]

    def wait_for_somebody(self, seconds: float = 30) -> None:
        wait_until(self.waiting, seconds, "a transaction stands before the gate", every=0.02)


@contextmanager
def gate(
    owner_url: str, table: str, *, events: str = "INSERT OR UPDATE", when: str = "", at_commit: bool = False
) -> Iterator[Gate]:
    """A gate, closed from the start, before what touches rows of a table: after the statement, or within COMMIT."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(FUNCTION)
        made = Gate(owner_url)
        made.close()
        connection.execute(
            sql.SQL(AT_COMMIT if at_commit else AT_STATEMENT).format(
                events=sql.SQL(events), table=sql.Identifier(table), when=sql.SQL(f"WHEN ({when})" if when else "")
            )
        )
        try:
            yield made
        finally:
            made.leave()
            connection.execute("SET lock_timeout = '20s'")
            connection.execute(sql.SQL("DROP TRIGGER fault_gate ON {}").format(sql.Identifier(table)))
