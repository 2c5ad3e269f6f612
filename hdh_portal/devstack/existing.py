"""Databases and brokers that are there already: reached, or refused in a sentence."""

from __future__ import annotations

import psycopg
from kombu.connection import Connection
from psycopg import sql

from hdh_portal.devstack.errors import StackError

CONNECT_SECONDS = 5
OLDEST_SERVER = 150_000


def ensure_database(server_url: str, name: str) -> None:
    """Make a database on a server of ours when it is not there."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def require_database(url: str) -> None:
    """Raises StackError when DATABASE_URL leads to no PostgreSQL that the portal can use."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise StackError(f"The PostgreSQL of DATABASE_URL does not let us in: {error}") from error
    if version < OLDEST_SERVER:
        raise StackError(
            f"The PostgreSQL of DATABASE_URL is version {version // 10_000}; the portal needs 15 or later."
        )


def require_broker(url: str) -> None:
    """Raises StackError when CELERY_BROKER_URL leads to no broker."""
    connection = Connection(url, connect_timeout=CONNECT_SECONDS)
    try:
        connection.ensure_connection(max_retries=1)
    except Exception as error:
        raise StackError(f"The broker of CELERY_BROKER_URL does not answer: {error}") from error
    finally:
        connection.release()
