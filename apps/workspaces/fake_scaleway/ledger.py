"""Every request and its answer, in a SQLite file (or in memory), without secrets."""

import json
import sqlite3
from pathlib import Path
from typing import Any

JSON = Any
KEPT = 4000
SECRET_KEYS = {
    "secret_key",
    "key_material",
    "plaintext",
    "data",
    "ciphertext",
    "bearer_token",
    "password",
    "signature",
    "content",
    "salt",
}
SCHEMA = """
create table if not exists request (
    id integer primary key, moment real not null, method text not null, path text not null, query text not null,
    operation text not null, principal text not null, status integer not null, fault text not null,
    request text not null, answer text not null
)
"""


def scrubbed(value: JSON) -> JSON:
    """The value with every secret replaced by its length."""
    if isinstance(value, dict):
        return {key: _hide(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    return value


def _hide(key: str, value: JSON) -> JSON:
    return f"<hidden:{len(value)}>" if key in SECRET_KEYS and isinstance(value, str) else scrubbed(value)


def as_text(value: JSON) -> str:
    if value is None or isinstance(value, bytes):
        return "" if value is None else f"<{len(value)} bytes>"
    return json.dumps(scrubbed(value), ensure_ascii=False)[:KEPT]


class Ledger:
    """An append-only table; `path` None keeps it in memory."""

    def __init__(self, path: Path | None = None) -> None:
        # One thread at a time uses it; in tests the one that serves is not the one that made it.
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute(SCHEMA)

    def write(self, **row: JSON) -> None:
        """Columns as in the schema, without id."""
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        self._db.execute(f"insert into request ({names}) values ({marks})", tuple(row.values()))  # noqa: S608

    def latest(self, limit: int = 100, operation: str = "") -> list[dict[str, JSON]]:
        """The newest requests first; `operation` filters by its beginning."""
        rows = self._db.execute(
            "select * from request where operation like ? order by id desc limit ?", (operation + "%", limit)
        )
        return [dict(row) for row in rows]

    def count(self) -> int:
        (number,) = self._db.execute("select count(*) from request").fetchone()
        return int(number)

    def close(self) -> None:
        self._db.close()
