"""Writing what becomes of an extract request."""

from typing import Any

from django.utils import timezone

from apps.audit.services import event_record
from apps.core import outbox
from apps.core.errors import ChangedMeanwhile
from apps.core.happenings import happened
from apps.extracts.models import ExtractRequest
from apps.extracts.rules import Status, may_move
from apps.projects.models import Project

ACTOR = "system:extract"


def extract_request(*, project: Project, by: str) -> ExtractRequest:
    """Request the extract of a project's entitlement: a row, an event, an outbox item in the decision's transaction."""
    request = ExtractRequest.objects.create(project=project, definition_hash=project.entitlement.definition_hash)
    _record("extract.requested", request, by, {"definition_hash": request.definition_hash})
    outbox.outbox_enqueue(kind="extract.run", key=outbox_key(request), subject_id=str(request.pk))
    return request


def extract_supersede(*, project: Project, by: str) -> None:
    """End whatever extract of the project is under way: an amendment asks for other data. In its transaction."""
    unfinished = ExtractRequest.objects.filter(project=project).exclude(
        status__in=[Status.DELIVERED, Status.SUPERSEDED]
    )
    for request in unfinished.select_related("project"):
        outbox.outbox_cancel(outbox_key(request))
        _move(request, Status.SUPERSEDED, stage="", finished_at=timezone.now())
        _record("extract.superseded", request, by, {"definition_hash": request.definition_hash})


def outbox_key(request: ExtractRequest) -> str:
    return f"extract:{request.pk}"


def extract_start(request: ExtractRequest, *, source_release: str, key_id: str, units_total: int) -> None:
    """A worker takes the request in hand, against one pinned source release."""
    _move(
        request,
        Status.RUNNING,
        source_release=source_release,
        key_id=key_id,
        units_total=units_total,
        started_at=request.started_at or timezone.now(),
        finished_at=None,
        reason="",
    )
    _record("extract.started", request, ACTOR, {"source_release": source_release, "units": units_total})


def extract_progress(request: ExtractRequest, *, stage: str, units_done: int, rows: int) -> None:
    """Keep the progress that the project's page shows."""
    ExtractRequest.objects.filter(pk=request.pk, status=Status.RUNNING).update(
        stage=stage, units_done=units_done, rows=rows
    )


def extract_delivered(request: ExtractRequest, *, manifest_sha256: str, files: int, rows: int) -> None:
    """The delivery stands, verified; who waits for it is told in the same transaction."""
    _move(
        request,
        Status.DELIVERED,
        manifest_sha256=manifest_sha256,
        units_done=request.units_total,
        rows=rows,
        stage="",
        finished_at=timezone.now(),
    )
    _record("extract.delivered", request, ACTOR, {"manifest_sha256": manifest_sha256, "files": files, "rows": rows})
    happened("extract.delivered", subject_id=str(request.pk), by=ACTOR)


def extract_given_up(subject_id: str, reason: str) -> None:
    """The machine stopped: the request says why and waits for a person. Nothing was delivered."""
    request = ExtractRequest.objects.select_related("project").get(pk=subject_id)
    _move(request, Status.NEEDS_HUMAN, reason=reason, finished_at=timezone.now())
    _record("extract.needs_human", request, ACTOR, {})


def _move(request: ExtractRequest, to: Status, **values: Any) -> None:
    seen = Status(request.status)
    if not may_move(seen, to):
        raise ChangedMeanwhile
    if not ExtractRequest.objects.filter(pk=request.pk, status=seen).update(status=to, **values):
        raise ChangedMeanwhile
    request.refresh_from_db()


def _record(action: str, request: ExtractRequest, actor: str, data: dict[str, Any]) -> None:
    event_record(
        action=action,
        actor=actor,
        object_kind="extract",
        object_id=str(request.pk),
        dossier_id=str(request.project.application_id),
        data=data,
    )
