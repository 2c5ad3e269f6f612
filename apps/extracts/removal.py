"""Removing delivered data whose project is over; the manifest and its signature stay as the proof of what they were."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.core import outbox
from apps.core.errors import ChangedMeanwhile
from apps.extracts.models import ExtractRequest
from apps.extracts.services import ACTOR, record
from apps.projects.models import Project


@dataclass(frozen=True)
class RetentionPolicy:
    """How many days delivered data are kept after the end of the rights to them, and why."""

    days_after_end: int
    source: str

    @property
    def after_end(self) -> timedelta:
        """The same as a delay."""
        return timedelta(days=self.days_after_end)


def retention_policy() -> RetentionPolicy:
    """The policy in force."""
    return _policy(settings.RETENTION_POLICY)


@cache
def _policy(file: Path) -> RetentionPolicy:
    return RetentionPolicy(**json.loads(file.read_text()))


def kept_until(project: Project) -> date:
    """The last day on which the data delivered to a project are kept; they may be longer while a workspace has them."""
    ends_on = project.entitlement.ends_on
    return min(project.ended_on or ends_on, ends_on) + retention_policy().after_end


def extract_remove(*, request: ExtractRequest, by: str) -> bool:
    """Have a worker remove what was delivered. False when that was asked before. In the transaction of the decision."""
    standing = ExtractRequest.objects.filter(pk=request.pk, status="delivered", removal_asked_at=None)
    if not standing.update(removal_asked_at=timezone.now()):
        return False
    policy = retention_policy()
    told = {"manifest_sha256": request.manifest_sha256, "days_after_end": policy.days_after_end}
    record("extract.removal_asked", request, by, told)
    outbox.outbox_enqueue(kind="extract.remove", key=f"remove:{request.pk}", subject_id=str(request.pk))
    return True


def extract_removed(request: ExtractRequest, manifest: Mapping[str, Any]) -> None:
    """Nothing is left of a delivery but its manifest. Raises ChangedMeanwhile when that was recorded before."""
    with transaction.atomic():
        if not ExtractRequest.objects.filter(pk=request.pk, removed_at=None).update(removed_at=timezone.now()):
            raise ChangedMeanwhile
        files = manifest["files"]
        told = {
            "manifest_sha256": request.manifest_sha256,
            "files": len(files),
            "rows": sum(file["rows"] for file in files),
            "bytes": sum(file["bytes"] for file in files),
        }
        record("extract.removed", request, ACTOR, told)
