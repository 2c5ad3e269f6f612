"""For whom PostgreSQL shows rows: the second barrier behind the selectors (docs/adr/0051-row-level-security.md).

Some tables show a row only to the person it concerns, whom the variable `hdh.person` of the connection names. It is set
once both factors are known, and emptied at both ends of every request: without it these tables are empty.
"""

from typing import Any

from django.core.signals import request_finished, request_started
from django.db import connection
from django.db.migrations import RunSQL
from django.db.utils import Error as DatabaseError

_MARK = "hdh_person_is_set"


def rows_shown_to(person_id: str) -> None:
    """Have this connection show the rows of this person until the request ends. To be called outside a transaction."""
    connection.ensure_connection()
    setattr(connection, _MARK, True)
    _set(person_id)


def rows_hidden(**_: Any) -> None:
    """Have this connection show the rows of nobody; one that cannot be told so is closed."""
    if connection.connection is None or not getattr(connection, _MARK, False):
        return
    try:
        _set("")
        setattr(connection, _MARK, False)
    except DatabaseError:
        connection.close()


def _set(person_id: str) -> None:
    # Past Django's cursor: a query of its own on every page would hide among those that tests count.
    with connection.wrap_database_errors:
        connection.connection.execute("SELECT set_config('hdh.person', %s, false)", [person_id])


def at_both_ends_of_requests() -> None:
    """Have every request begin and end without a person; a streamed answer ends when its last byte is sent."""
    request_started.connect(rows_hidden, dispatch_uid="rows_hidden_before")
    request_finished.connect(rows_hidden, dispatch_uid="rows_hidden_after")


def protected(table: str, *, seen: str, added: str | None = None) -> RunSQL:
    """The migration that shows, and lets change, only the rows of a table for which the SQL condition `seen` holds.

    `added` is the condition of new rows, `seen` unless another is given. `manage.py audit_roles` lets workers see all.
    """
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY seen ON {table} FOR SELECT USING ({seen});
        CREATE POLICY added ON {table} FOR INSERT WITH CHECK ({added or seen});
        CREATE POLICY changed ON {table} FOR UPDATE USING ({seen}) WITH CHECK ({seen});
        CREATE POLICY removed ON {table} FOR DELETE USING ({seen});
        """,
        f"""
        DROP POLICY removed ON {table};
        DROP POLICY changed ON {table};
        DROP POLICY added ON {table};
        DROP POLICY seen ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )
