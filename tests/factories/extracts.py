"""Projects whose entitlement is a real definition, and the copy they are extracted from."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.extracts.engine.definition import Definition
from apps.extracts.models import ExtractRequest
from apps.extracts.services import extract_request
from apps.projects.models import Entitlement, Project
from tests.factories import workspaces as made

DEFINITION: dict[str, Any] = {
    "schema_version": 1,
    "title": "Femmes ayant un diabète",
    "population": {
        "all_of": [
            {"drug": {"atc": ["A10"], "period": {"from": "2023-01-01", "to": "2023-12-31"}}},
            {"sex": "female"},
        ]
    },
    "scope": {
        "tables": {"IR_BEN_R": ["BEN_RES_DPT", "BEN_SEX_COD"]},
        "period": {"from": "2023-01-01", "to": "2023-12-31"},
    },
}


def project(definition: dict[str, Any] | None = None, **people: Any) -> Project:
    """A project entitled to this definition."""
    project = made.project(**people)
    read = Definition.from_json(definition or DEFINITION)
    Entitlement.objects.filter(project=project).update(definition=read.to_json(), definition_hash=read.hash)
    return Project.objects.select_related("entitlement").get(pk=project.pk)


def request(definition: dict[str, Any] | None = None, **people: Any) -> ExtractRequest:
    """Its extract request, as the approval leaves it."""
    with transaction.atomic():
        return extract_request(project=project(definition, **people), by="system:test")


def end_entitlement(request: ExtractRequest) -> None:
    """The entitlement ended yesterday."""
    yesterday = timezone.localdate() - timedelta(days=1)
    Entitlement.objects.filter(project=request.project_id).update(starts_on=yesterday, ends_on=yesterday)
