"""How long delivered data outlive the rights to them: a delay of the policy, and never while a workspace has them."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.applications.authorised import under_way
from apps.extracts.models import ExtractRequest
from apps.extracts.removal import extract_remove, retention_policy
from apps.projects.models import Project
from apps.projects.rules import OPEN
from apps.workspaces.models import Workspace

ACTOR = "system:retention"


def deliveries_due(today: date) -> QuerySet[ExtractRequest]:
    """Deliveries of projects whose rights ended so long ago that the policy keeps them no longer, and that no workspace
    has any more."""
    limit = today - retention_policy().after_end
    in_use = Workspace.objects.filter(project=OuterRef("project")).exclude(status=Workspace.Status.DESTROYED)
    ended = Q(project__ended_on__lte=limit) | Q(project__entitlement__ends_on__lte=limit)
    delivered = ExtractRequest.objects.filter(status=ExtractRequest.Status.DELIVERED, removal_asked_at=None)
    return delivered.filter(ended, ~Exists(in_use)).order_by("requested_at")


def deliveries_remove(today: date) -> int:
    """Have the workers of the extract zone remove every delivery that is due; returns how many were asked for.

    May run as often as one likes: a removal is asked for once.
    """
    return sum(_removal_ask(request.pk, request.project_id, today) for request in deliveries_due(today))


def _removal_ask(request_id: UUID, project_id: UUID, today: date) -> bool:
    """Ask for one removal, its project held, unless an amendment under way may still give it other terms."""
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project_id)
        if project.status in OPEN and under_way(project.application):
            return False
        request = deliveries_due(today).select_related("project").filter(pk=request_id).first()
        return request is not None and extract_remove(request=request, by=ACTOR)
