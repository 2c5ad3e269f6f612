"""How tests amend an approved dossier."""

import uuid
from typing import Any

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Page
from tests.factories import applications as made

MORE = {
    "scope": {"IR_BEN_R": ["BEN_RES_DPT", "BEN_SEX_COD", "BEN_TOP_CNS"]},
    "justifications": {"IR_BEN_R": "Décrire la population."},
    "identifiers": {},
}


def amended(root: Application, *, kind: str = "amendment", by: Person | None = None) -> Application:
    """An amendment just started."""
    lead = by or root.created_by
    started = services.amendment_start(
        application=root, kind=Application.Kind(kind), creation_key=uuid.uuid4(), by=lead
    )
    return made.fresh(started)


def changed(amendment: Application, key: str, **answers: Any) -> Application:
    """The same with other answers on a page."""
    page = Page.objects.get(application=amendment, key=key)
    made.fill(amendment, amendment.created_by, {key: {**page.content, **answers}})
    return made.fresh(amendment)


def submitted(amendment: Application, *, by: Person | None = None) -> Application:
    """The same, submitted by who leads it."""
    lead = by or amendment.created_by
    services.application_submit(application=amendment, seen_version=amendment.version, by=lead)
    return made.fresh(amendment)
