"""What the gateway writes: sessions opened by a ticket, bytes that passed, computations started. All through Django's
models."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from apps.workspaces.ledger import workspace_event
from apps.workspaces.models import CloudResource, GatewaySession, Ticket, Workspace
from apps.workspaces.plans import UPSTREAM
from apps.workspaces.selectors import sessions_in_force
from apps.workspaces.services import secret_hash

SESSION_LIFE = timedelta(hours=12)


@dataclass(frozen=True)
class Upstream:
    """Where the application of a workspace in the cloud answers, as HOST:PORT on the hub's side, and the SHA-256 of the
    only certificate that it is believed by."""

    address: str
    certificate: str


@dataclass(frozen=True)
class Pass:
    """A session that may pass now. `upstream` None: the workspace's socket is on this host."""

    session_id: UUID
    person_id: UUID
    upstream: Upstream | None = None


@transaction.atomic
def session_open(*, ticket: str, workspace_id: UUID) -> str | None:
    """Use a ticket up and open a session: returns the cookie's secret, None if the ticket is spent, late or for
    elsewhere."""
    now = timezone.now()
    tickets = Ticket.objects.filter(
        secret_hash=secret_hash(ticket), workspace_id=workspace_id, used_at=None, expires_at__gt=now
    )
    if not tickets.update(used_at=now):
        return None
    person_id = Ticket.objects.values_list("person_id", flat=True).get(secret_hash=secret_hash(ticket))
    secret = secrets.token_urlsafe(32)
    session = GatewaySession.objects.create(
        secret_hash=secret_hash(secret), workspace_id=workspace_id, person_id=person_id, expires_at=now + SESSION_LIFE
    )
    if not sessions_in_force().filter(pk=session.pk).exists():
        session.delete()
        return None
    _event("workspace.session_opened", session)
    return secret


def session_find(*, secret: str, workspace_id: UUID) -> Pass | None:
    """The session of this cookie for this workspace, if everything it depends on still holds. One statement."""
    statement, constants = _find_statement()
    with connection.cursor() as cursor:
        cursor.execute(statement, (*constants, secret_hash(secret), workspace_id))
        row = cursor.fetchone()
    return Pass(row[0], row[1], Upstream(row[2], row[3]) if row[2] else None) if row else None


@cache
def _find_statement() -> tuple[str, tuple[Any, ...]]:
    """The statement of `session_find`, kept: writing it takes Django longer than the database needs to answer."""
    ledger = CloudResource.objects.filter(workspace=OuterRef("workspace"), kind=UPSTREAM, removed_at=None)
    address = Subquery(ledger.values("external_id")[:1])
    certificate = Subquery(ledger.values(certificate=KeyTextTransform("certificate", "observed"))[:1])
    found = sessions_in_force().filter(secret_hash="").filter(workspace_id=UUID(int=0))
    asked = found.values_list("pk", "person_id", address, certificate)
    statement, values = asked[:1].query.sql_with_params()
    return statement, tuple(values[:-2])


def sessions_still_in_force(session_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of these sessions may still pass. One statement for all."""
    return frozenset(sessions_in_force().filter(pk__in=session_ids).values_list("pk", flat=True))


def workspace_status(workspace_id: UUID) -> str:
    """The status, to tell a person why they do not get in; empty for an unknown workspace."""
    return Workspace.objects.filter(pk=workspace_id).values_list("status", flat=True).first() or ""


def session_count(*, session_id: UUID, bytes_in: int, bytes_out: int) -> None:
    """Add what passed since the last count."""
    GatewaySession.objects.filter(pk=session_id).update(
        bytes_in=F("bytes_in") + bytes_in, bytes_out=F("bytes_out") + bytes_out
    )


@transaction.atomic
def kernel_started(*, session_id: UUID) -> None:
    """A computation was started in this session."""
    GatewaySession.objects.filter(pk=session_id).update(kernels_started=F("kernels_started") + 1)
    _event("workspace.kernel_started", GatewaySession.objects.get(pk=session_id))


def _event(action: str, session: GatewaySession) -> None:
    workspace = Workspace.objects.select_related("project").get(pk=session.workspace_id)
    workspace_event(action, workspace, by=str(session.person_id), data={"session": str(session.pk)})
