"""Django's synchronous models, asked from the event loop through a few threads that keep their connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import InterfaceError, OperationalError

THREADS = 4
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class DatabaseAway(Exception):
    """The database did not answer: whoever asked must refuse to go on."""


class Database:
    """Runs functions that use the database. Close it to give its connections back."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway-database")
        self._connections: set[BaseDatabaseWrapper] = set()

    async def ask(self, question: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """The answer of `question(*args, **kwargs)`. Raises DatabaseAway."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(self._ask, partial(question, *args, **kwargs)))

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """A connection that broke since the last question is opened again, once."""
        connection = self._own_connection()
        try:
            return question()
        except (OperationalError, InterfaceError):
            connection.close()
        try:
            return question()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            raise DatabaseAway from error

    def _own_connection(self) -> BaseDatabaseWrapper:
        """This thread's connection, which `close` may end from another thread."""
        connection = connections["default"]
        if connection not in self._connections:
            connection.inc_thread_sharing()
            self._connections.add(connection)
        return connection

    async def close(self) -> None:
        """Wait for the questions under way and end every connection."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._threads.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
