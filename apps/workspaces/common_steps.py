"""Steps that the portal makes itself, whatever the provider: access, the extract, the certificate."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.core.outbox import outbox_enqueue
from apps.workspaces.ledger import sessions_end
from apps.workspaces.models import (
    CloudResource,
    DestructionCertificate,
    GatewaySession,
    Operation,
    Step,
    Ticket,
    Workspace,
)
from apps.workspaces.providers.base import Job, Made, NotYet, Provider, Testimony

CERTIFICATE_KIND = "workspace.certificate"
_EXTRACT_LOOK_AGAIN = timedelta(seconds=2)


def wait_for_extract(provider: Provider, operation: Operation, job: Job) -> Made | NotYet:
    return Made() if operation.workspace.extract_id else NotYet(_EXTRACT_LOOK_AGAIN)


def open_route(provider: Provider, operation: Operation, job: Job) -> Made:
    """The route is a column that the gateway reads: finishing opens it in the transaction that says "running"."""
    return Made((("route", operation.workspace_id.hex, {}),))


@transaction.atomic
def revoke_sessions(provider: Provider, operation: Operation, job: Job) -> Made:
    """Once more than at the decision: whoever had slipped in with a ticket issued before it."""
    Ticket.objects.filter(workspace=operation.workspace, used_at=None).update(used_at=timezone.now())
    sessions_end(operation.workspace, GatewaySession.End.SUSPENDED)
    return Made()


def close_route(provider: Provider, operation: Operation, job: Job) -> Made:
    Workspace.objects.filter(pk=operation.workspace_id).update(route_open=False)
    return Made()


def certificate(provider: Provider, operation: Operation, job: Job) -> Made | NotYet:
    """Ask for everything once more. What still answers is removed again; else the answers are written down, to be
    signed where the key is."""
    said = provider.testify(job)
    present = [one for one in said if not one.gone]
    with transaction.atomic():
        if present:
            return _start_over(operation, present)
        made, _ = DestructionCertificate.objects.get_or_create(
            workspace=operation.workspace, defaults={"content": _content(provider, operation, said)}
        )
        outbox_enqueue(kind=CERTIFICATE_KIND, key=f"certificate:{made.pk}", subject_id=str(made.pk))
    return Made()


def _start_over(operation: Operation, present: list[Testimony]) -> NotYet:
    """The ledger holds again what answers, and the removals are to be made again."""
    kinds = [one.kind for one in present]
    CloudResource.objects.filter(workspace=operation.workspace, kind__in=kinds).update(removed_at=None)
    again = operation.steps.filter(name__startswith="remove") | operation.steps.filter(name="shred_key")
    again.update(status=Step.Status.WAITING, finished_at=None)
    return NotYet(timedelta(seconds=5), f"{', '.join(kinds)} still there: removed once more")


def _content(provider: Provider, operation: Operation, said: tuple[Testimony, ...]) -> dict[str, object]:
    workspace = operation.workspace
    steps = operation.steps.exclude(name="certificate").values_list("name", "finished_at", "status")
    return {
        "version": 1,
        "workspace": str(workspace.pk),
        "project": str(workspace.project_id),
        "provider": provider.name,
        "operation": operation.idempotency_key,
        "asked_at": timezone.now().isoformat(timespec="seconds"),
        "steps": [
            {"name": name, "status": status, "at": at.isoformat(timespec="seconds") if at else ""}
            for name, at, status in steps
        ],
        "answers": [{"kind": one.kind, "identifier": one.external_id, "answer": one.answer} for one in said],
    }


COMMON_STEPS: Mapping[str, Callable[[Provider, Operation, Job], Made | NotYet]] = {
    "wait_for_extract": wait_for_extract,
    "open_route": open_route,
    "revoke_sessions": revoke_sessions,
    "close_route": close_route,
    "certificate": certificate,
}
