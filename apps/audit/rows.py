"""Events as they are stored, streamed in the order of their positions or of their transactions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, transaction

from apps.audit.canonical import Content, event_bytes
from apps.audit.roles import sees_whole_log
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError, leaf_hash

FETCH = 5_000
UTC = """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
CONTENT = f"""e.action, e.actor, {UTC}, e.data, e.dossier_id::text, e.object_id, e.object_kind, e.personal,
e.reading, e.request_id, e.subject, e.uid::text"""
SEALED = f"""
SELECT s.position, s.event_id, e.xid::text::bigint, e.leaf, {CONTENT}
FROM audit_seal s LEFT JOIN audit_event e ON e.id = s.event_id WHERE s.position >= %s ORDER BY s.position
"""  # noqa: S608  constants only
# Whatever has no seal, wherever it stands; reads the whole table.
UNSEALED = f"""
SELECT 0, e.id, e.xid::text::bigint, e.leaf, {CONTENT} FROM audit_event e
WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.event_id = e.id) ORDER BY e.xid, e.id
"""  # noqa: S608
# Only what was written after the last sealed event.
AFTER_THE_SEAL = f"""
SELECT 0, e.id, e.xid::text::bigint, e.leaf, {CONTENT} FROM audit_event e
WHERE (e.xid, e.id) > (%s::text::xid8, %s) ORDER BY e.xid, e.id
"""  # noqa: S608
_decoded = json.JSONDecoder().decode


class Row(NamedTuple):
    """An event as stored, and where the seal puts it: position 0 without a seal, `xid` None when the event is gone."""

    position: int
    event_id: int
    xid: int | None
    leaf: bytes
    content: Content

    def check(self, where: str) -> bytes:
        """The leaf, recomputed. Raises TamperedError when the event is gone or differs from what was written."""
        if self.xid is None:
            raise TamperedError(f"{where}: the event was deleted")
        if leaf_hash(event_bytes(self.content)) != self.leaf:
            raise TamperedError(f"{where}: its content was changed")
        return self.leaf


@contextmanager
def snapshot() -> Iterator[None]:
    """One unchanging view of the whole log for the length of the block; raises RuntimeError inside a transaction.

    Raises UncheckableError for the portal's own database role, from which the events of others are hidden.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if not sees_whole_log():
            raise UncheckableError("this database role does not see the whole log: use that of the workers")
        yield


@contextmanager
def stream(query: str, parameters: list[Any]) -> Iterator[Iterator[Row]]:
    """The rows of one of the queries above, a few thousand at a time in memory. Needs a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        yield _rows(cursor)


def _rows(cursor: Any) -> Iterator[Row]:
    while batch := cursor.fetchmany(FETCH):
        for position, event_id, xid, leaf, action, actor, at, data, *others in batch:
            content = Content(action, actor, at, _decoded(data) if data else {}, *others)
            yield Row(position, event_id, xid, leaf, content)
