"""The gate between a verified extract and its workspace: by policy at once, or by a steward who read the report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.rules import Act
from apps.accounts.stepping_up import step_up_confirm, step_up_spend
from apps.applications.selectors import conflicts_of
from apps.core.errors import RefusedError, refusal
from apps.core.happenings import happened
from apps.core.rules import Refused
from apps.extracts import services
from apps.extracts.models import ExtractRequest
from apps.extracts.rules import ReleaseFacts, ReleasePolicy, beyond, decide_release
from apps.extracts.wording import REFUSALS
from apps.projects.rules import entitlement_holds

RELEASE = "extract.release"


def policy_for(report: Mapping[str, Any]) -> ReleasePolicy:
    """What an extract may expose without a person deciding: less is asked of data about nobody."""
    return _policies(settings.RELEASE_POLICY)["synthetic" if report["synthetic"] else "real"]


@cache
def _policies(file: Path) -> Mapping[str, ReleasePolicy]:
    return {name: ReleasePolicy(**values) for name, values in json.loads(file.read_text()).items()}


def waits_for_a_steward(report: Mapping[str, Any]) -> bool:
    """Whether the measured risk goes beyond what the policy lets through."""
    return bool(beyond(report["risk"], policy_for(report)))


def release_facts(request: ExtractRequest, person: Person) -> ReleaseFacts:
    """What releasing depends on besides the permission table. Two queries."""
    project, entitlement = request.project, request.project.entitlement
    holds = entitlement_holds(
        project_status=project.status,
        starts_on=entitlement.starts_on,
        ends_on=entitlement.ends_on,
        today=timezone.localdate(),
    )
    same = request.definition_hash == entitlement.definition_hash
    return ReleaseFacts(entitled=holds and same, takes_part=bool(conflicts_of(person, project.application)))


def act_of(request: ExtractRequest) -> Act:
    """What a steward confirms: about this very delivery."""
    return Act(RELEASE, str(request.pk), request.manifest_sha256)


def refuse_who_takes_part(request: ExtractRequest, person: Person) -> None:
    """Raise RefusedError for a steward who has a part in the project: another one judges it."""
    if release_facts(request, person).takes_part:
        raise RefusedError((REFUSALS["own_project"],))


def extract_restart_decide(*, request: ExtractRequest, by: Person) -> None:
    """A steward without a part in the project asks again for a request that was cancelled.

    Raises RefusedError, ChangedMeanwhile.
    """
    services.refuse_unless_allowed("extract.restart", request, by)
    refuse_who_takes_part(request, by)
    services.extract_restart(request=request, by=str(by.pk))


@dataclass(frozen=True)
class Verdict:
    """What a steward decided, why, and the code that confirms it."""

    releases: bool
    reason: str
    code: str


def extract_release_decide(*, request: ExtractRequest, verdict: Verdict, by: Person) -> None:
    """A steward lets the extract go to the workspace, or refuses it: what was made is then removed.

    Raises RefusedError (field "otp_code"; a part in the project, rights that ended), ChangedMeanwhile.
    """
    _refuse_unless_allowed(request, by, verdict.releases)
    act = act_of(request)
    step_up_confirm(
        person=by, code=verdict.code, action=act.action, object_id=act.object_id, content_hash=act.content_hash
    )
    with transaction.atomic():
        held = ExtractRequest.objects.select_for_update(of=("self",)).select_related("project__entitlement")
        now = held.get(pk=request.pk)
        _refuse_unless_allowed(now, by, verdict.releases)
        step_up_spend(person=by, action=act.action, object_id=act.object_id, content_hash=act.content_hash)
        if verdict.releases:
            services.extract_release(now, by=str(by.pk), reason=verdict.reason)
        else:
            services.extract_refuse(now, by=str(by.pk), reason=verdict.reason)
            happened("extract.refused", subject_id=str(now.pk), by=str(by.pk))


def _refuse_unless_allowed(request: ExtractRequest, by: Person, releases: bool) -> None:
    services.refuse_unless_allowed(RELEASE, request, by)
    facts = release_facts(request, by)
    decision = decide_release(facts, releases=releases)
    if isinstance(decision, Refused):
        raise refusal(decision, REFUSALS)
