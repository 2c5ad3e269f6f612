"""Writing what becomes of an extract request and of its units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from apps.accounts.models import Person
from apps.audit.services import event_record
from apps.core import outbox
from apps.core.errors import ChangedMeanwhile, refusal
from apps.core.happenings import happened
from apps.core.rules import Refused
from apps.extracts.models import ExtractRequest, ExtractUnit
from apps.extracts.rules import Status, may_move
from apps.extracts.selectors import decision_for
from apps.projects.models import Project

ACTOR = "system:extract"


def extract_request(*, project: Project, by: str) -> ExtractRequest:
    """Request the extract of a project's entitlement: a row, an event, an outbox item in the decision's transaction."""
    request = ExtractRequest.objects.create(project=project, definition_hash=project.entitlement.definition_hash)
    record("extract.requested", request, by, {"definition_hash": request.definition_hash})
    outbox.outbox_enqueue(kind="extract.run", key=outbox_key(request), subject_id=str(request.pk))
    return request


def extract_supersede(*, project: Project, by: str) -> None:
    """End whatever extract of the project is under way: an amendment asks for other data. In its transaction."""
    under_way = ExtractRequest.objects.filter(
        project=project, status__in=[Status.REQUESTED, Status.RUNNING, Status.TO_RELEASE, Status.NEEDS_HUMAN]
    )
    for request in under_way.select_related("project"):
        outbox.outbox_cancel(outbox_key(request))
        _move(request, Status.SUPERSEDED, stage="", finished_at=timezone.now())
        _discard_later(request)
        record("extract.superseded", request, by, {"definition_hash": request.definition_hash})


def key_destruction_request(*, project: Project) -> None:
    """Have a worker of the extract zone destroy the project's key; in the transaction of what decided it."""
    outbox.outbox_enqueue(kind="extract.key_destroy", key=f"key:{project.pk}", subject_id=str(project.pk))


def outbox_key(request: ExtractRequest, lane: int = 0) -> str:
    """The key of the outbox item of a lane; the first lane begins and ends the work."""
    return f"extract:{request.pk}:{lane}" if lane else f"extract:{request.pk}"


@dataclass(frozen=True)
class Planned:
    """A unit of the plan; those of one ``batch`` are worked on by one lane, one after the other."""

    name: str
    kind: str
    batch: str


def extract_start(request: ExtractRequest, *, source_release: str, key_id: str, units: Sequence[Planned]) -> None:
    """A worker takes the request in hand, against one pinned source release; the other lanes are called."""
    _move(
        request,
        Status.RUNNING,
        source_release=source_release,
        key_id=key_id,
        started_at=request.started_at or timezone.now(),
        finished_at=None,
        reason="",
    )
    _plan(request, units)
    record("extract.started", request, ACTOR, {"source_release": source_release, "units": len(units)})


def extract_planned_anew(request: ExtractRequest, units: Sequence[Planned]) -> None:
    """A version of the portal that plans otherwise goes on with what another one began; what is done is found again."""
    _plan(request, units)
    record("extract.planned_anew", request, ACTOR, {"units": len(units)})


def _plan(request: ExtractRequest, units: Sequence[Planned]) -> None:
    ExtractRequest.objects.filter(pk=request.pk).update(units_total=len(units), units_done=0)
    request.units.all().delete()
    ExtractUnit.objects.bulk_create(
        ExtractUnit(request=request, position=place, name=unit.name, kind=unit.kind, batch=unit.batch)
        for place, unit in enumerate(units)
    )
    for lane in range(1, settings.EXTRACT_LANES):
        outbox.outbox_reopen(kind="extract.lane", key=outbox_key(request, lane), subject_id=f"{request.pk}/{lane}")


def batch_take(request_id: UUID, lane: int) -> list[ExtractUnit]:
    """The units that a lane works on next: what it had taken already, else the next batch of the kind whose turn it is.

    Kinds follow each other: empty while other lanes are at the last units of a kind, and when nothing is left to do.
    """
    with transaction.atomic():
        if not ExtractRequest.objects.select_for_update().filter(pk=request_id, status=Status.RUNNING).exists():
            return []
        waiting = ExtractUnit.objects.filter(request_id=request_id, finished_at=None).order_by("position")
        if taken := list(waiting.filter(lane=lane)):
            return taken
        first = waiting.first()
        head = waiting.filter(kind=first.kind, lane=None).first() if first else None
        if head is None:
            return []
        batch = waiting.filter(kind=head.kind, batch=head.batch)
        batch.update(lane=lane)
        return list(batch)


def unit_begin(unit: ExtractUnit) -> None:
    """A lane begins a unit, perhaps not the first to do so."""
    ExtractUnit.objects.filter(pk=unit.pk).update(started_at=timezone.now(), attempts=F("attempts") + 1)


def unit_finish(unit: ExtractUnit, *, rows: int, bytes: int) -> bool:
    """A unit is done: keep the progress that people follow. False when the request is no longer running."""
    ExtractUnit.objects.filter(pk=unit.pk, finished_at=None).update(
        rows=rows, bytes=bytes, finished_at=timezone.now(), lane=None
    )
    tables = Q(kind="table")
    sums = ExtractUnit.objects.filter(request_id=unit.request_id, finished_at__isnull=False).aggregate(
        units_done=Count("pk"), rows=Sum("rows", filter=tables, default=0), bytes=Sum("bytes", filter=tables, default=0)
    )
    return bool(
        ExtractRequest.objects.filter(pk=unit.request_id, status=Status.RUNNING).update(stage=unit.kind, **sums)
    )


def lane_leave(request_id: UUID, lane: int) -> None:
    """A lane hands back what it has not begun or not finished, for any lane to take."""
    ExtractUnit.objects.filter(request_id=request_id, lane=lane, finished_at=None).update(lane=None)


def lane_given_up(subject_id: str, reason: str) -> None:
    """A lane stopped for good: the first lane meets the same trouble, and tells."""
    request_id, _, lane = subject_id.partition("/")
    lane_leave(UUID(request_id), int(lane))


def extract_cancel(*, request: ExtractRequest, by: str, reason: str) -> None:
    """End a request before its delivery; everything that was made for it is removed. Raises ChangedMeanwhile."""
    with transaction.atomic():
        _move(request, Status.CANCELLING, reason=reason, finished_at=timezone.now())
        _discard_later(request)
        record("extract.cancelled", request, by, {})


def extract_cancel_decide(*, request: ExtractRequest, by: Person, reason: str) -> None:
    """A steward cancels a request, with a reason. Raises RefusedError, ChangedMeanwhile."""
    refuse_unless_allowed("extract.cancel", request, by)
    extract_cancel(request=request, by=str(by.pk), reason=reason)


def refuse_unless_allowed(action: str, request: ExtractRequest, by: Person) -> None:
    """Raise RefusedError unless the permission table lets this person do it to this request now."""
    decision = decision_for(action, request, by)
    if isinstance(decision, Refused):
        raise refusal(decision, {})


def extract_discarded(request: ExtractRequest) -> None:
    """Nothing is left of a request that ended undelivered: no file, no map of pseudonyms, no unit."""
    outbox.outbox_cancel(outbox_key(request))
    request.units.all().delete()
    if request.status == Status.CANCELLING:
        _move(request, Status.CANCELLED, stage="", units_done=0, rows=0, bytes=0, manifest_sha256="")
    record("extract.discarded", request, ACTOR, {})


def _discard_later(request: ExtractRequest) -> None:
    outbox.outbox_reopen(kind="extract.discard", key=f"discard:{request.pk}", subject_id=str(request.pk))


def extract_restart(*, request: ExtractRequest, by: str) -> None:
    """Ask again for a request that was cancelled. Raises ChangedMeanwhile."""
    with transaction.atomic():
        _move(request, Status.REQUESTED, reason="", report={}, finished_at=None, started_at=None)
        outbox.outbox_reopen(kind="extract.run", key=outbox_key(request), subject_id=str(request.pk))
        record("extract.restarted", request, by, {})


@dataclass(frozen=True)
class Made:
    """A verified delivery; ``report`` is what its manifest says of the population, the filters and the risk."""

    manifest_sha256: str
    files: int
    rows: int
    report: Mapping[str, Any]


def extract_made(request: ExtractRequest, made: Made, *, waits: bool) -> None:
    """The delivery stands, verified. Who waits for it is told in the same transaction; with ``waits``, stewards are."""
    _move(
        request,
        Status.TO_RELEASE if waits else Status.DELIVERED,
        manifest_sha256=made.manifest_sha256,
        units_done=request.units_total,
        rows=made.rows,
        report=dict(made.report),
        stage="",
        finished_at=timezone.now(),
    )
    told = {"manifest_sha256": made.manifest_sha256, "files": made.files, "rows": made.rows}
    action = "extract.to_release" if waits else "extract.delivered"
    record(action, request, ACTOR, told)
    happened(action, subject_id=str(request.pk), by=ACTOR)


def extract_release(request: ExtractRequest, *, by: str, reason: str) -> None:
    """A steward lets a verified extract go to its workspace. In the transaction of the act."""
    _move(request, Status.DELIVERED, reason=reason, finished_at=timezone.now())
    record("extract.released", request, by, {"manifest_sha256": request.manifest_sha256, "reason": reason})
    happened("extract.delivered", subject_id=str(request.pk), by=by)


def extract_refuse(request: ExtractRequest, *, by: str, reason: str) -> None:
    """A steward refuses a verified extract: all that was made is removed. In the transaction of the act."""
    _move(request, Status.CANCELLING, reason=reason, finished_at=timezone.now())
    _discard_later(request)
    record("extract.refused", request, by, {"manifest_sha256": request.manifest_sha256, "reason": reason})


def extract_given_up(subject_id: str, reason: str) -> None:
    """The machine stopped: the request says why and waits for a person. Nothing was delivered."""
    request = ExtractRequest.objects.select_related("project").get(pk=subject_id)
    _move(request, Status.NEEDS_HUMAN, reason=reason, finished_at=timezone.now())
    record("extract.needs_human", request, ACTOR, {})


def _move(request: ExtractRequest, to: Status, **values: Any) -> None:
    seen = Status(request.status)
    if not may_move(seen, to):
        raise ChangedMeanwhile
    if not ExtractRequest.objects.filter(pk=request.pk, status=seen).update(status=to, **values):
        raise ChangedMeanwhile
    request.refresh_from_db()


def record(action: str, request: ExtractRequest, actor: str, data: dict[str, Any]) -> None:
    """Write an event about an extract, in the caller's transaction."""
    event_record(
        action=action,
        actor=actor,
        object_kind="extract",
        object_id=str(request.pk),
        dossier_id=str(request.project.application_id),
        data=data,
    )
