"""Whether the portal lives, and whether it can serve."""

from celery import current_app
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError

from apps.core.actions import declares


@declares("core.health")
def healthz(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@declares("core.health")
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database (every migration applied) and broker answer; else 503 naming what does not."""
    states = {"database": database_ready(), "broker": broker_ready()}
    ready = all(states.values())
    return JsonResponse({"status": "ok" if ready else "unready", **states}, status=200 if ready else 503)


def database_ready() -> bool:
    """Whether PostgreSQL answers and no migration waits."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def broker_ready() -> bool:
    """Whether the broker accepts a connection within a second."""
    try:
        with current_app.connection_for_write(connect_timeout=1) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except (OperationalError, OSError):
        return False
    return True
