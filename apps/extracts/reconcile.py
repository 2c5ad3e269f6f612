"""One step of an extract: as many units as fit in a few seconds, then back to the outbox.

Several lanes work on one extract at once, each an outbox item of its own: a lane takes the units of one partition,
does them, and takes more. A unit that two do by accident gives the same bytes twice.
"""

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from apps.core.outbox import Again, Done, Lease, NeedsHuman, Outcome
from apps.core.rules import Refused
from apps.extracts import services
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.check import check
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.delivery import MANIFEST, read_manifest
from apps.extracts.engine.nomenclature import load_nomenclature
from apps.extracts.engine.places import ObjectPath, Place, place_of
from apps.extracts.engine.problems import DeliveryError, SourceError
from apps.extracts.engine.publishing import remove
from apps.extracts.engine.run import EngineSettings, ExtractRun, run_unit, withdraw
from apps.extracts.engine.source import sha256_of
from apps.extracts.keys import KeyServiceError, key_service
from apps.extracts.models import ExtractRequest
from apps.extracts.project_keys import project_key
from apps.extracts.releasing import waits_for_a_steward
from apps.extracts.removal import extract_removed
from apps.extracts.rules import RunFacts, Status, decide_run
from apps.extracts.selectors import lanes_at_work, request_to_run, units_left
from apps.projects.rules import entitlement_holds

STEP_SECONDS = 3.0
LOOK_AGAIN = timedelta(seconds=1)
"""When a lane that finds nothing to do looks again: others are at the last units of a kind."""
ENDED = frozenset({Status.DELIVERED, Status.TO_RELEASE, Status.SUPERSEDED, Status.CANCELLING, Status.CANCELLED})
REPORTED = ("risk", "potential_identifiers", "population_flow", "filters", "synthetic")
"""What the portal keeps of a manifest, to show it to people who cannot read the delivery."""
REASONS = {
    "definition_changed": "The definition is not the one that was approved: its fingerprint differs.",
    "not_entitled": "The project's entitlement does not hold today.",
}


class OtherPlanError(Exception):
    """The units that wait are not those of this version of the portal: the extract began before it was installed."""


def extract_step(lease: Lease) -> Outcome:
    """The first lane: begin an extract, do its units with the other lanes, and deliver; idempotent, whoever did what.

    Raises nothing that a person has to see: what the machine cannot settle is told in words.
    """
    request = request_to_run(lease.subject_id)
    if request.status in ENDED:
        return Done()
    try:
        return _advance(request, lease)
    except SourceError as error:
        return NeedsHuman(f"The source copy cannot be used: {_within_source(error)}. Nothing was delivered.")
    except (DeliveryError, KeyServiceError) as error:
        return NeedsHuman(str(error))


def lane_step(lease: Lease) -> Outcome:
    """Another lane: do units while the extract runs. What it cannot do, it leaves for the first lane to tell."""
    request_id, _, lane = lease.subject_id.partition("/")
    request = request_to_run(request_id)
    if request.status != Status.RUNNING:
        return Done()
    try:
        worked = _work(request, _opened(request, _definition(request)), int(lane))
    except (SourceError, DeliveryError, KeyServiceError, OtherPlanError):
        return Done()
    return Again() if worked else Again(LOOK_AGAIN)


def discard_step(lease: Lease) -> Outcome:
    """Remove all that was made for a request that ended undelivered, once no lane is at work on it any more."""
    request = request_to_run(lease.subject_id)
    if request.status not in (Status.CANCELLING, Status.SUPERSEDED):
        return Done()
    if lanes_at_work(request):
        return Again(LOOK_AGAIN)
    out = _out(request)
    withdraw(out, str(request.pk), _work_folder(out))
    with transaction.atomic():
        lease.hold()
        services.extract_discarded(request)
    return Done()


def remove_step(lease: Lease) -> Outcome:
    """Remove what was delivered, its manifest put aside first; whoever was killed in the midst is followed up."""
    request = request_to_run(lease.subject_id)
    if request.removal_asked_at is None or request.removed_at is not None:
        return Done()
    out = _out(request)
    try:
        manifest = remove(out, str(request.pk), request.manifest_sha256, _work_folder(out))
    except DeliveryError as error:
        return NeedsHuman(str(error))
    with transaction.atomic():
        lease.hold()
        extract_removed(request, manifest)
    return Done()


def _advance(request: ExtractRequest, lease: Lease) -> Outcome:
    definition = _definition(request)
    if refused := _refused(request, definition):
        return _stopped(request, refused)
    run = _opened(request, definition)
    if request.status != Status.RUNNING:
        if problems := check(definition, CATALOGUE, load_nomenclature(_source())):
            return NeedsHuman(" ".join(problem.message_en for problem in problems))
        _start(request, run, lease)
    elif request.source_release != run.source.release:
        return NeedsHuman("The source copy changed while the extract was under way. Nothing was delivered.")
    try:
        worked = _work(request, run, lane=0)
    except OtherPlanError:
        return _plan_anew(request, run, lease)
    if units_left(request):
        return Again() if worked else Again(LOOK_AGAIN)
    return _deliver(request, run, lease)


def _definition(request: ExtractRequest) -> Definition:
    return Definition.from_json(request.project.entitlement.definition)


def _stopped(request: ExtractRequest, reasons: tuple[str, ...]) -> Outcome:
    """Rights that ended cancel the extract, and nothing of it is kept; anything else waits for a person."""
    said = " ".join(REASONS[code] for code in reasons)
    if reasons != ("not_entitled",):
        return NeedsHuman(said)
    services.extract_cancel(request=request, by=services.ACTOR, reason=said)
    return Done()


def _refused(request: ExtractRequest, definition: Definition) -> tuple[str, ...]:
    """Why this request may not run, by the codes of REASONS; empty when it may."""
    project, entitlement = request.project, request.project.entitlement
    facts = RunFacts(
        approved_hash=entitlement.definition_hash,
        definition_hash=definition.hash if request.definition_hash == entitlement.definition_hash else "",
        entitled=entitlement_holds(
            project_status=project.status,
            starts_on=entitlement.starts_on,
            ends_on=entitlement.ends_on,
            today=timezone.localdate(),
        ),
    )
    decision = decide_run(facts)
    return tuple(reason.code for reason in decision.reasons) if isinstance(decision, Refused) else ()


def _opened(request: ExtractRequest, definition: Definition) -> ExtractRun:
    key = project_key(request.project, key_service())
    limits = EngineSettings(
        memory_limit=settings.EXTRACT_MEMORY_LIMIT,
        threads=settings.EXTRACT_THREADS,
        backend=settings.EXTRACT_ENGINE,
        master=settings.SPARK_MASTER,
    )
    source, out = _source(), _out(request)
    work = _work_folder(out)
    return ExtractRun.open(
        definition, source=source, out=out, key=key, request_id=str(request.pk), settings=limits, work=work
    )


def _out(request: ExtractRequest) -> Place:
    return place_of(str(_required(settings.DELIVERY_DIR, "HDH_DELIVERY_DIR"))) / str(request.pk)


def _work_folder(out: Place) -> Path | None:
    """Where the lanes make what goes to an object store; a folder of deliveries has the work beside it."""
    return Path(_required(settings.EXTRACT_WORK_DIR, "HDH_EXTRACT_WORK_DIR")) if isinstance(out, ObjectPath) else None


def _start(request: ExtractRequest, run: ExtractRun, lease: Lease) -> None:
    with transaction.atomic():
        lease.hold()
        services.extract_start(request, source_release=run.source.release, key_id=run.key.id, units=_planned(run))


def _plan_anew(request: ExtractRequest, run: ExtractRun, lease: Lease) -> Outcome:
    with transaction.atomic():
        lease.hold()
        services.extract_planned_anew(request, _planned(run))
    return Again()


def _planned(run: ExtractRun) -> list[services.Planned]:
    return [services.Planned(unit.name, unit.kind.value, unit.batch) for unit in run.units]


def _work(request: ExtractRequest, run: ExtractRun, lane: int) -> bool:
    """Do units until the step's time is up or there is none for this lane; whether any was done.

    The rights are asked for again before each batch: what lost them goes no further. Raises ``OtherPlanError``.
    """
    until, units, worked = time.monotonic() + STEP_SECONDS, {unit.name: unit for unit in run.units}, False
    if not run.delivered():
        run.workshop.prepare()
    try:
        with run.backend() as engine:
            while batch := services.batch_take(request.pk, lane):
                if _refused(request_to_run(str(request.pk)), run.definition):
                    return True
                if not units.keys() >= {row.name for row in batch}:
                    raise OtherPlanError
                for row in batch:
                    services.unit_begin(row)
                    report = run_unit(units[row.name], run, engine)
                    worked = True
                    goes_on = services.unit_finish(row, rows=report.rows, bytes=report.bytes)
                    if not goes_on or time.monotonic() > until:
                        return True
    finally:
        services.lane_leave(request.pk, lane)
    return worked


def _deliver(request: ExtractRequest, run: ExtractRun, lease: Lease) -> Outcome:
    """Say that the delivery stands, unless the rights ended or somebody cancelled while it was being made."""
    manifest = read_manifest(run.out)
    run.settle()
    with transaction.atomic():
        lease.hold()
        current = request_to_run(str(request.pk))
        if current.status != Status.RUNNING:
            return Done()
        if refused := _refused(current, run.definition):
            return _stopped(current, refused)
        made = services.Made(
            manifest_sha256=sha256_of(run.out / MANIFEST),
            files=len(manifest["files"]),
            rows=sum(file["rows"] for file in manifest["files"]),
            report={name: manifest[name] for name in REPORTED},
        )
        services.extract_made(current, made, waits=waits_for_a_steward(made.report))
    return Done()


def _source() -> Place:
    return place_of(str(_required(settings.SOURCE_DIR, "HDH_SOURCE_DIR")))


def _required(place: Path | str | None, variable: str) -> Path | str:
    if place is None:
        raise ImproperlyConfigured(f"{variable} is not set: this process is not an extract worker.")
    return place


def _within_source(error: SourceError) -> str:
    """The error with the file's place inside the copy: where the copy stands on the machine is nobody's business."""
    return str(error).replace(f"{settings.SOURCE_DIR}/", "")
