"""Keeping what comparisons found: a difference stays open until the comparison that saw it no longer does."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.workspaces.models import CloudLook, Finding, Workspace
from apps.workspaces.providers.base import Difference, Look, Looked
from apps.workspaces.rules import Status

_BY_A_LOOK = Q(what=Finding.What.STRAY) | Q(what=Finding.What.ORPHAN, workspace=None)
_BY_A_LOOK |= Q(what=Finding.What.ORPHAN, workspace__status=Status.DESTROYED)
"""What is found by looking for strays; the rest is found by comparing a workspace with its ledger."""


def findings_of_workspace(found: Iterable[Difference], workspace: Workspace) -> None:
    """Keep what the comparison of one workspace found, and close what it no longer sees."""
    scope = Finding.objects.filter(resolved_at=None, workspace=workspace).exclude(what=Finding.What.STRAY)
    _keep(found, scope)


def findings_of_look(looked: Looked) -> None:
    """Keep what a look found, with the time of the look. One that could not be made closes nothing."""
    now, look = timezone.now(), looked.look
    values = {"looked_at": now, "found": len(looked.found), "problem": looked.problem[:200]}
    CloudLook.objects.update_or_create(kind=look.kind, place=look.place, defaults=values)
    if not looked.problem:
        _keep(looked.found, Finding.objects.filter(_BY_A_LOOK, resolved_at=None, kind=look.kind, place=look.place))


def findings_of_the_destroyed_close() -> None:
    """What was missing or changed of a workspace that is destroyed is no difference any more."""
    of_destroyed = Finding.objects.filter(resolved_at=None, workspace__status=Status.DESTROYED)
    of_destroyed.exclude(_BY_A_LOOK).update(resolved_at=timezone.now())


def looks_due(looks: Iterable[Look], most: int) -> list[Look]:
    """Those never made and those made longest ago, at most so many."""
    made = {(one.kind, one.place): one.looked_at for one in CloudLook.objects.all()}
    never = [one for one in looks if (one.kind, one.place) not in made]
    again = sorted((one for one in looks if one not in never), key=lambda one: made[one.kind, one.place])
    return [*never, *again][:most]


@transaction.atomic
def _keep(found: Iterable[Difference], scope: QuerySet[Finding]) -> None:
    now, found = timezone.now(), tuple(found)
    known_ids = set(Workspace.objects.filter(pk__in=[one.workspace_id for one in found]).values_list("pk", flat=True))
    for one in found:
        values = {
            "what": str(one.what), "kind": one.kind, "external_id": one.external_id, "detail": one.detail[:300],
        }  # fmt: skip
        if not Finding.objects.filter(resolved_at=None, **values).update(last_seen=now):
            owner = one.workspace_id if one.workspace_id in known_ids else None
            Finding.objects.create(workspace_id=owner, place=one.place, opens=one.opens, last_seen=now, **values)
    scope.filter(last_seen__lt=now).update(resolved_at=now)
