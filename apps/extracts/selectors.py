"""Reading extract requests."""

from uuid import UUID

from apps.extracts.models import ExtractRequest


def request_to_run(request_id: str) -> ExtractRequest:
    """The request with its project and entitlement. One query."""
    return ExtractRequest.objects.select_related("project__entitlement").get(pk=request_id)


def request_of(project_id: UUID) -> ExtractRequest | None:
    """The project's latest extract request, if there is one."""
    return ExtractRequest.objects.filter(project_id=project_id).order_by("-requested_at").first()
