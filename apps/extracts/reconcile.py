"""One step of an extract: as many units as fit in a few seconds, then back to the outbox."""

import time
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
from apps.extracts.engine.problems import DeliveryError, SourceError
from apps.extracts.engine.run import EngineSettings, ExtractRun, run_unit
from apps.extracts.engine.source import sha256_of
from apps.extracts.keys import KeyServiceError, key_service
from apps.extracts.models import ExtractRequest
from apps.extracts.project_keys import project_key
from apps.extracts.rules import RunFacts, Status, decide_run
from apps.extracts.selectors import request_to_run
from apps.projects.rules import entitlement_holds

STEP_SECONDS = 3.0
REASONS = {
    "definition_changed": "The definition is not the one that was approved: its fingerprint differs.",
    "not_entitled": "The project's entitlement does not hold today.",
}


def extract_step(lease: Lease) -> Outcome:
    """Bring an extract request a few seconds further; idempotent, whoever did what before."""
    request = request_to_run(lease.subject_id)
    if request.status in {Status.DELIVERED, Status.SUPERSEDED}:
        return Done()
    try:
        return _advance(request, lease)
    except SourceError as error:
        return NeedsHuman(f"The source copy cannot be used: {_within_source(error)}. Nothing was delivered.")
    except (DeliveryError, KeyServiceError) as error:
        return NeedsHuman(str(error))


def _advance(request: ExtractRequest, lease: Lease) -> Outcome:
    definition = Definition.from_json(request.project.entitlement.definition)
    if refused := _refused(request, definition):
        return NeedsHuman(refused)
    run = _opened(request, definition)
    if request.status != Status.RUNNING:
        if problems := check(definition, CATALOGUE, load_nomenclature(_source())):
            return NeedsHuman(" ".join(problem.message_en for problem in problems))
        _start(request, run, lease)
    elif request.source_release != run.source.release:
        return NeedsHuman("The source copy changed while the extract was under way. Nothing was delivered.")
    if not _work(request, run):
        return Again()
    _deliver(request, run, lease)
    return Done()


def _refused(request: ExtractRequest, definition: Definition) -> str:
    """Why this request may not run, in words; empty when it may."""
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
    return " ".join(REASONS[reason.code] for reason in decision.reasons) if isinstance(decision, Refused) else ""


def _opened(request: ExtractRequest, definition: Definition) -> ExtractRun:
    key = project_key(request.project, key_service())
    out = _required(settings.DELIVERY_DIR, "HDH_DELIVERY_DIR") / str(request.pk)
    limits = EngineSettings(memory_limit=settings.EXTRACT_MEMORY_LIMIT, threads=settings.EXTRACT_THREADS)
    return ExtractRun.open(definition, source=_source(), out=out, key=key, request_id=str(request.pk), settings=limits)


def _start(request: ExtractRequest, run: ExtractRun, lease: Lease) -> None:
    with transaction.atomic():
        lease.hold()
        services.extract_start(
            request, source_release=run.source.release, key_id=run.key.id, units_total=len(run.units)
        )


def _work(request: ExtractRequest, run: ExtractRun) -> bool:
    """Do units until the step's time is up; True when the delivery stands."""
    if run.delivered():
        return True
    until, rows = time.monotonic() + STEP_SECONDS, 0
    run.workshop.prepare()
    with run.backend() as engine:
        for done, unit in enumerate(run.units, start=1):
            report = run_unit(unit, run, engine)
            rows += report.rows if unit.kind.value == "table" else 0
            if report.skipped:
                continue
            services.extract_progress(request, stage=unit.kind.value, units_done=done, rows=rows)
            if time.monotonic() > until and done < len(run.units):
                return False
    return True


def _deliver(request: ExtractRequest, run: ExtractRun, lease: Lease) -> None:
    files = read_manifest(run.out)["files"]
    with transaction.atomic():
        lease.hold()
        services.extract_delivered(
            request,
            manifest_sha256=sha256_of(run.out / MANIFEST),
            files=len(files),
            rows=sum(file["rows"] for file in files),
        )


def _source() -> Path:
    return _required(settings.SOURCE_DIR, "HDH_SOURCE_DIR")


def _required(path: Path | None, variable: str) -> Path:
    if path is None:
        raise ImproperlyConfigured(f"{variable} is not set: this process is not an extract worker.")
    return path


def _within_source(error: SourceError) -> str:
    """The error with the file's place inside the copy: where the copy stands on the machine is nobody's business."""
    return str(error).replace(f"{settings.SOURCE_DIR}/", "")
