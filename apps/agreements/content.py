"""What an agreement says, from the dossier that was approved: values that have a canonical form."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organisation
from apps.agreements.rules import PartyKind
from apps.applications import composition, presentation
from apps.applications.models import Application, Member, StageOutcome, Submission
from apps.core.errors import PortalError
from apps.extracts.engine.catalogue import CATALOGUE

# What the dossier alone says; the rest follows from it in the words of the catalogue and of the engine.
OF_THE_DOSSIER = ("content_hash", "parties", "people", "conditions")
CONDITIONS_OF = ("committee", "commitment", "cnil")


class NoPlatform(PortalError):
    """No organisation has the SIREN of the platform (PLATFORM_SIREN): nobody can sign for it."""

    def __init__(self) -> None:
        super().__init__(_("The organisation that signs for the platform is not known: tell the operators."))


def parties_of(application: Application) -> list[tuple[PartyKind, Organisation]]:
    """Who signs: the controller, the other organisations of the team, the platform. Raises NoPlatform."""
    platform = Organisation.objects.filter(siren=settings.PLATFORM_SIREN).first()
    if platform is None:
        raise NoPlatform
    controller = application.organisation
    others = (
        Organisation.objects.filter(pk__in=Member.objects.filter(application=application).values("organisation"))
        .exclude(pk__in=[controller.pk, platform.pk])
        .order_by("name")
    )
    found = [(PartyKind.CONTROLLER, controller), *((PartyKind.IMPLEMENTER, other) for other in others)]
    return [*found, (PartyKind.PLATFORM, platform)]


def content_of(application: Application, parties: Iterable[tuple[str, Organisation]], clauses: str) -> dict[str, Any]:
    """Everything the agreement says, in both languages where words are the engine's or the catalogue's."""
    submission = Submission.objects.get(application=application, round=application.round)
    pages = submission.content["pages"]
    definition = composition.definition(pages)
    return {
        "number": application.number,
        "title": pages["title"]["title"],
        "content_hash": submission.content_hash,
        "definition_hash": definition.hash,
        "population": {language: definition.sentence(language) for language in ("fr", "en")},
        "parties": [
            {"kind": str(kind), "name": organisation.name, "siren": organisation.siren}
            for kind, organisation in parties
        ],
        "people": _people(application),
        "tables": [_table(name, columns, pages) for name, columns in pages["variables"]["scope"].items()],
        "data": {"from": pages["period"]["data_from"], "to": pages["period"]["data_to"]},
        "access": {"from": pages["period"]["access_from"], "to": pages["period"]["access_to"]},
        "conditions": _conditions(application),
        "clauses": clauses,
    }


def _people(application: Application) -> list[dict[str, str]]:
    """Who is named: only they may be given access."""
    team = Member.objects.filter(application=application).select_related("person", "organisation")
    return [
        {"name": member.person.full_name, "role": member.role, "organisation": member.organisation.name}
        for member in team.order_by("-role", "person__family_name", "person__given_name", "pk")
    ]


def _table(name: str, columns: list[str], pages: Mapping[str, Any]) -> dict[str, Any]:
    table = CATALOGUE.table(name)
    (read,) = presentation.scope_read({**pages["variables"], "scope": {name: columns}}, "fr")
    return {
        "name": name,
        "title": {language: table.title(language) if table else name for language in ("fr", "en")},
        "columns": list(columns),
        "identifiers": [column for column, *_words in read.identifiers],
    }


def _conditions(application: Application) -> list[dict[str, Any]]:
    """What the committee recommended, what CNIL decided and obliges to, from the last outcome of each stage."""
    latest: dict[str, StageOutcome] = {}
    outcomes = StageOutcome.objects.filter(application=application, stage__in=CONDITIONS_OF)
    for outcome in outcomes.prefetch_related("obligations").order_by("pk"):
        latest[outcome.stage] = outcome
    return [_condition(latest[stage]) for stage in CONDITIONS_OF if stage in latest]


def _condition(found: StageOutcome) -> dict[str, Any]:
    return {
        "stage": found.stage,
        "outcome": found.outcome,
        "express": found.express,
        "reference": found.reference,
        "day": found.decided_on.isoformat() if found.decided_on else "",
        "text": found.comment,
        "obligations": sorted(obligation.text for obligation in found.obligations.all()),
    }
