"""Dossiers for tests, made by the services themselves so that they are what the portal would make."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from apps.accounts.models import Organisation, Person
from apps.applications import selectors, services
from apps.applications.models import Application, Page
from apps.applications.rules import Outcome
from tests.factories.accounts import MandateFactory, OrganisationFactory, PersonFactory, steward

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer << >>\n%%EOF\n"


def complete_contents(**titles: str) -> dict[str, dict[str, Any]]:
    """What a complete dossier holds, page by page; its document apart."""
    today = timezone.localdate()
    return {
        "title": {"title": titles.get("title", "Diabète et insuffisance rénale"), "acronym": ""},
        "summary": {"summary_fr": "Nous étudions les personnes diabétiques.", "summary_en": ""},
        "purpose": {
            "purpose_kind": "research",
            "objectives": "Décrire le recours aux soins.",
            "public_interest": "Mieux prévenir.",
            "benefits": "Une prévention mieux ciblée.",
            "funded": "no",
            "no_forbidden_purpose": "yes",
        },
        "team": {"processing_by": "own", "experience": ""},
        "population": {"population": {"all_of": [stay("E11"), {"sex": "female"}]}},
        "variables": {
            "scope": {"IR_BEN_R": ["BEN_RES_DPT", "BEN_SEX_COD"]},
            "justifications": {"IR_BEN_R": "Décrire la population."},
            "identifiers": {},
        },
        "linkage": {"linked": "no"},
        "protection": {
            "legal_basis": "public_task",
            "recipients": "L'équipe du projet.",
            "transfers": "no",
            "retention_years": "3",
            "rights_contact": "dpo@exemple.fr",
        },
        "period": {
            "data_from": "2020-01-01",
            "data_to": "2021-12-31",
            "access_from": today.isoformat(),
            "access_to": (today + timedelta(days=700)).isoformat(),
        },
    }


def stay(code: str) -> dict[str, Any]:
    """A criterion: a hospital stay with this diagnosis in 2020 or 2021."""
    period = {"from": "2020-01-01", "to": "2021-12-31"}
    return {"stay": {"diagnosis": [code], "positions": ["principal"], "period": period}}


def researcher(organisation: Organisation | None = None, **fields: Any) -> Person:
    """A person with a mandate since 2020."""
    organisation = organisation or OrganisationFactory.create()
    return MandateFactory.create(
        person=PersonFactory.create(**fields), organisation=organisation, starts_on=date(2020, 1, 1)
    ).person


def fill(application: Application, by: Person, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Save these pages as the person."""
    for key, content in contents.items():
        version = Page.objects.get(application=application, key=key).version
        services.page_save(application=application, key=key, content=content, seen_version=version, by=by)


def draft(
    by: Person | None = None, *, complete: bool = False, path: str = "permanent_access", **titles: str
) -> Application:
    """A dossier begun by a researcher; `complete` fills it and adds the protocol (MEDIA_DIR must be set)."""
    by = by or researcher()
    mandate = by.mandates.first()
    assert mandate is not None
    application = services.application_create(
        organisation=mandate.organisation, creation_key=uuid.uuid4(), path=path, by=by
    )
    if complete:
        fill(application, by, complete_contents(**titles))
        documents_add(application, by)
    return fresh(application)


def documents_add(application: Application, by: Person) -> None:
    """Add the protocol, and whatever else the dossier's path demands."""
    kinds = selectors.required_kinds(application, complete_contents()) - {"protocol"}
    for kind in ("protocol", *sorted(kinds)):
        name = "protocole.pdf" if kind == "protocol" else f"{kind}.pdf"
        services.attachment_add(application=application, kind=kind, name=name, data=PDF, by=by)


def fresh(application: Application) -> Application:
    """The dossier as the database has it now."""
    return Application.objects.get(pk=application.pk)


# How far a dossier of each path has gone when it stands there.
STAGES = ("committee", "choice", "commitment", "cnil", "decision", "agreement")


def at_status(
    status: str,
    *,
    by: Person | None = None,
    decider: Person | None = None,
    path: str = "permanent_access",
    **titles: str,
) -> Application:
    """A complete dossier brought to this status by the people whose turn it is (MEDIA_DIR must be set)."""
    by, decider = by or researcher(), decider or steward()
    application = draft(by, complete=True, path=path, **titles)
    if status == "draft":
        return application
    if status != "withdrawn":
        services.application_submit(application=application, seen_version=application.version, by=by)
    if status in STAGES:
        return brought_to(status, fresh(application), by, decider)
    if status in {"approved", "refused"} and path != "permanent_access":
        brought_to("decision", fresh(application), by, decider)
    _END[status](fresh(application), by, decider)
    if status == "approved" and fresh(application).status == "agreement":
        services.agreement_signed(application=application, by=decider)
    return fresh(application)


def brought_to(status: str, application: Application, by: Person, decider: Person) -> Application:
    """The submitted dossier, brought to a stage of its path by those whose turn it is; as far as the path goes."""
    while application.status != status and application.status in _NEXT:
        _NEXT[application.status](application, by, decider)
        application = fresh(application)
    return application


def _accept(application: Application, by: Person, decider: Person) -> None:
    services.application_accept(application=application, seen_version=application.version, by=decider)


def _opinion(application: Application, by: Person, decider: Person) -> None:
    services.opinion_record(
        application=application, outcome=Outcome.FAVOURABLE, express=True, session_ref="2026-01", by=decider
    )


def _refer(application: Application, by: Person, decider: Person) -> None:
    services.application_refer(application=application, seen_version=application.version, by=by)


def _commit(application: Application, by: Person, decider: Person) -> None:
    services.commitment_declare(
        application=application,
        seen_version=application.version,
        number="2100001",
        declared_on=timezone.localdate(),
        by=by,
    )


def _cnil(application: Application, by: Person, decider: Person) -> None:
    services.cnil_decision_record(
        application=application,
        decision=services.AuthorityDecision(Outcome.AUTHORISED, "DR-2026-001", timezone.localdate()),
        by=decider,
    )


_NEXT = {
    "submitted": _accept,
    "committee": _opinion,
    "choice": _refer,
    "commitment": _commit,
    "cnil": _cnil,
}


def _return(application: Application, by: Person, decider: Person) -> None:
    reasons = {"summary": "Trop technique pour le public."}
    services.application_return(application=application, seen_version=application.version, reasons=reasons, by=decider)


def platform() -> Organisation:
    """The organisation that signs agreements for the platform."""
    found = Organisation.objects.filter(siren=settings.PLATFORM_SIREN).first()
    return found or OrganisationFactory.create(name="Plateforme", siren=settings.PLATFORM_SIREN)


def _approve(application: Application, by: Person, decider: Person) -> None:
    platform()
    with second_factor_accepted():
        services.application_approve(
            application=application,
            seen_version=application.version,
            content_hash=application.content_hash,
            code="000000",
            comment="",
            by=decider,
        )


def _refuse(application: Application, by: Person, decider: Person) -> None:
    with second_factor_accepted():
        services.application_refuse(
            application=application,
            seen_version=application.version,
            content_hash=application.content_hash,
            code="000000",
            reason="Finalité interdite.",
            by=decider,
        )


def _withdraw(application: Application, by: Person, decider: Person) -> None:
    services.application_withdraw(application=application, seen_version=application.version, by=by)


_NEXT["decision"] = _approve

_END = {
    "submitted": lambda application, by, decider: None,
    "returned": _return,
    "approved": _approve,
    "refused": _refuse,
    "withdrawn": _withdraw,
}


@contextmanager
def second_factor_accepted() -> Iterator[None]:
    """Take the second factor as given: for tests about something else, inside a test's own transaction."""
    with mock.patch("apps.accounts.stepping_up.second_factor_verify"):
        yield


@contextmanager
def documents_kept_in(folder: Path) -> Iterator[None]:
    """Keep documents under this folder."""
    with override_settings(MEDIA_DIR=folder):
        yield
