"""How often a page reads from the database, seen while the matrix asks for every page as everybody."""

from collections.abc import Callable
from typing import Any

from django.db import connection

from tests.permissions.asking import Answer
from tests.permissions.world import Visitor

MOST = 12


class PageCost:
    """Asks as `ask` does, and remembers which pages read too often; writing the event of a reading is none."""

    def __init__(self, ask: Callable[..., Answer]) -> None:
        self._ask, self._reads = ask, 0
        self.too_many: set[str] = set()

    def __call__(self, visitor: Visitor, method: str, path: str, *rest: Any, **how: Any) -> Answer:
        """The answer."""
        self._reads = 0
        with connection.execute_wrapper(self._count):
            answer = self._ask(visitor, method, path, *rest, **how)
        if method == "GET" and answer.status == 200 and self._reads > MOST:
            self.too_many.add(f"{path} as {visitor.name}: {self._reads} statements, at most {MOST}")
        return answer

    def _count(self, execute: Any, sql: str, *rest: Any) -> Any:
        self._reads += sql.lstrip().startswith(("SELECT", "WITH"))
        return execute(sql, *rest)
