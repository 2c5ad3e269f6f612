"""Sealing and verifying by themselves, with what came of it in the log and on the auditor's page."""

import time

import structlog
from django.conf import settings
from django.db.utils import Error as DatabaseError

from apps.audit import selectors
from apps.audit.keys import KeyMissingError, trusted_keys
from apps.audit.models import Verdict, Verification
from apps.audit.publication import ConflictError, PublishedFolder
from apps.audit.sealing import RolledBackError, configured_sealer
from apps.audit.standalone.verify_audit import TamperedError, UncheckableError
from apps.audit.verification import Found, verify

log = structlog.get_logger(__name__)


def seal_now() -> int:
    """Seal what is due and return how many events; 0, with a line in the log, when that is impossible."""
    try:
        sealed = configured_sealer().run()
    except (KeyMissingError, RolledBackError, ConflictError, OSError, DatabaseError) as error:
        log.error("audit_seal_failed", error=type(error).__name__, reason=str(error))
        return 0
    if sealed:
        log.info("audit_sealed", events=sealed)
    return sealed


def verify_now(*, whole: bool) -> Verification:
    """Verify the log, the whole of it or what came since the last intact verification, and keep the verdict."""
    return verification_kept(1 if whole else _next_since())


def verification_kept(since: int) -> Verification:
    """Verify from checkpoint `since` on and keep the verdict for the auditor's page."""
    started = time.monotonic()
    found, verdict, detail = Found(since, since - 1, 0, 0), Verdict.INTACT, ""
    try:
        found = verify(trusted_keys(), published_folder(), since=since)
    except TamperedError as error:
        verdict, detail = Verdict.TAMPERED, str(error)
    except (UncheckableError, OSError, DatabaseError) as error:
        verdict, detail = Verdict.UNCHECKED, str(error)
    if verdict != Verdict.INTACT:
        log.error("audit_not_intact", verdict=verdict.value, detail=detail)
    return Verification.objects.create(
        since=since,
        until=found.until,
        events=found.events,
        milliseconds=round((time.monotonic() - started) * 1000),
        verdict=verdict,
        detail=detail[:300],
    )


def published_folder() -> PublishedFolder:
    """The folder of published checkpoints. Raises UncheckableError in a process that was given none."""
    if settings.CHECKPOINTS_DIR is None:
        raise UncheckableError("HDH_CHECKPOINTS_DIR names no folder of published checkpoints")
    return PublishedFolder(settings.CHECKPOINTS_DIR)


def _next_since() -> int:
    last = selectors.last_verifications().filter(verdict=Verdict.INTACT).first()
    return last.until + 1 if last else 1
