"""Training certificates: added by their person, examined by a steward who is not that person."""

import hashlib
from datetime import date

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import sniffing, storage
from apps.applications.models import Attachment, storage_key
from apps.applications.scanner import Verdict
from apps.applications.services.documents import FAULTS, MAX_BYTES, NOT_KEPT, safe_name
from apps.applications.services.strays import addition_announce
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, Message, RefusedError
from apps.core.outbox import outbox_enqueue
from apps.people import rules, wording
from apps.people.models import TrainingCertificate
from apps.people.policy import training_rules
from apps.people.services.guarding import record_of_person, refuse_unless_allowed

State, Scan = TrainingCertificate.State, Attachment.Scan
SCAN_KIND = "training.scan"
log = structlog.get_logger(__name__)
ACCEPTED_TYPES = frozenset({sniffing.PDF, sniffing.PNG, sniffing.JPEG})


def training_add(*, completed_on: date, name: str, data: bytes, by: Person) -> TrainingCertificate:
    """Keep a certificate for a steward to examine. `name` is the sender's file name.

    Raises RefusedError for a day that is to come or no longer counts, and for a file that is empty, too large, or not
    what its name says.
    """
    expires_on = _expiry(completed_on)
    media_type = _checked(name, data)
    key = storage_key()
    try:
        with transaction.atomic():
            addition_announce()
            made = TrainingCertificate.objects.create(
                person=by,
                completed_on=completed_on,
                expires_on=expires_on,
                name=safe_name(name),
                media_type=media_type,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                storage_key=key,
                sealed_key=storage.store(key, data),
                scan=Scan.NOT_SCANNED if settings.UNSCANNED_DOCUMENTS else Scan.PENDING,
            )
            if made.scan == Scan.PENDING:
                outbox_enqueue(kind=SCAN_KIND, key=f"training:{made.pk}:scan", subject_id=str(made.pk))
            record_of_person("training.added", by, by, {"certificate": str(made.pk), "sha256": made.sha256})
    except Exception as error:
        storage.erase(key)
        if isinstance(error, OSError):
            log.error("certificate_not_kept", error=type(error).__name__)
            raise RefusedError((NOT_KEPT,), field="file") from error
        raise
    return made


def _expiry(completed_on: date) -> date:
    """The last day the training counts. Raises RefusedError for a day that gives nothing."""
    today = timezone.localdate()
    expires_on = rules.training_expiry(completed_on, training_rules())
    if completed_on > today:
        raise RefusedError((wording.TRAINING_IN_FUTURE,), field="completed_on")
    if expires_on is None:
        raise RefusedError((wording.OUTSIDE_TRAINING_RULES,), field="completed_on")
    if expires_on < today:
        raise RefusedError((wording.TRAINING_TOO_OLD,), field="completed_on")
    return expires_on


def _checked(name: str, data: bytes) -> str:
    """The media type of an acceptable file. Raises RefusedError."""
    expected = sniffing.expected_type(name)
    if expected not in ACCEPTED_TYPES or expected is None:
        raise RefusedError((wording.FILE_TYPE,), field="file")
    if problem := _problem(data, expected):
        raise RefusedError((problem,), field="file")
    return expected


def _problem(data: bytes, expected: str) -> Message | None:
    if not data:
        return wording.FILE_EMPTY
    if len(data) > MAX_BYTES:
        return wording.FILE_TOO_LARGE
    fault = sniffing.fault_of(data, expected)
    return FAULTS[fault] if fault else None


def training_scanned(*, certificate: TrainingCertificate, verdict: Verdict) -> None:
    """Record what the scanner said, once. To be called in the transaction that holds its outbox item."""
    waiting = TrainingCertificate.objects.filter(pk=certificate.pk, scan=Scan.PENDING)
    if waiting.update(scan=verdict.outcome.value, scan_detail=verdict.detail):
        event_record(
            action="training.scanned",
            actor="system:default",
            object_kind="person",
            object_id=str(certificate.person_id),
            data={"certificate": str(certificate.pk), "outcome": verdict.outcome.value},
        )


def training_accept(*, certificate: TrainingCertificate, by: Person) -> None:
    """Say that a certificate is what it claims. Raises RefusedError for one's own, ChangedMeanwhile."""
    _examine(certificate, State.ACCEPTED, "", by)


def training_refuse(*, certificate: TrainingCertificate, reason: str, by: Person) -> None:
    """Say that a certificate does not do, and why. Raises RefusedError for one's own or without a reason."""
    if not reason:
        raise RefusedError((wording.REASON_MISSING,), field="reason")
    _examine(certificate, State.REFUSED, reason, by)


def _examine(certificate: TrainingCertificate, verdict: str, reason: str, by: Person) -> None:
    own = certificate.person_id == by.pk
    refuse_unless_allowed("training.examine", by.staff_roles, state=certificate.state, is_own=own)
    with transaction.atomic():
        waiting = TrainingCertificate.objects.filter(pk=certificate.pk, state=State.PENDING)
        if not waiting.update(state=verdict, reason=reason, examined_by=by, examined_at=timezone.now()):
            raise ChangedMeanwhile
        record_of_person(f"training.{verdict}", certificate.person, by, {"certificate": str(certificate.pk)})
