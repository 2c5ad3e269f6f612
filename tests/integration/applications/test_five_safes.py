"""The decision screen under the five safes: each fact is computed, and says what asks for attention."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Exclusion
from apps.workspaces.models import Offer
from tests.factories import applications as made
from tests.factories.accounts import MandateFactory, client_signed_in, steward
from tests.factories.people import accredit
from tests.integration.applications.amending import amended, changed, submitted
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.outbox.ring", lambda item_id, queue: None)


def screen(application: Application, by: Person | None = None) -> Any:
    return client_signed_in(by or steward()).get(url("review", application))


def facts_of(application: Application, key: str, by: Person | None = None) -> dict[str, tuple[str, str]]:
    """The facts of one safe: the mark and the lines by label."""
    found = next(safe for safe in screen(application, by).context["safes"] if safe.key == key)
    return {fact.label: (fact.mark, " | ".join(line for line in fact.lines if line)) for fact in found.facts}


def test_all_five_stand_in_their_order_with_the_definition_under_data() -> None:
    response = screen(made.at_status("submitted"))
    assert [safe.key for safe in response.context["safes"]] == ["project", "people", "data", "settings", "outputs"]
    page = text_of(response)
    order = ["Projet sûr", "Personnes sûres", "Données sûres", "Ce qui serait exécuté", "Environnement sûr"]
    places = [page.rindex(words) for words in (*order, "Sorties sûres")]
    assert places == sorted(places)


def test_the_project_tells_an_opinion_by_silence_from_an_express_one_and_what_is_awaited() -> None:
    application = made.at_status("choice", path="full_authorisation")
    facts = facts_of(application, "project")
    assert facts["Avis du comité"][1].startswith("Avis favorable, 2026-01")
    assert facts["Décision de la CNIL"][0] == "à venir"
    assert facts["Liste de contrôle"][1].startswith("Points vérifiés\u00a0: 0 sur")
    without = facts_of(made.at_status("submitted"), "project")
    assert without["Avis du comité"] == ("", "non demandé sur ce parcours")


def test_an_amendment_tells_the_opinion_that_stands() -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    assert facts_of(amendment, "project")["Avis du comité"][1].startswith("Avis favorable")


def test_people_are_told_with_their_accreditation_their_exclusion_and_the_reader_s_conflict() -> None:
    lead = made.researcher()
    application, decider = made.at_status("submitted", by=lead), steward()
    assert "pas encore accréditée" in text_of(screen(application))
    accredit(lead)
    page = text_of(screen(application))
    assert "pas encore accréditée" not in page
    assert "exclue après un mésusage" not in page
    Exclusion.objects.create(
        application=application,
        person=lead,
        reason="Réidentification.",
        until_on=timezone.localdate() + timedelta(days=9),
        by=decider,
        at=timezone.now(),
    )
    assert "exclue après un mésusage" in text_of(screen(application))
    label = "Vos propres intérêts dans ce dossier"
    assert facts_of(application, "people", decider)[label][0] == "aucun connu"
    MandateFactory.create(person=decider, organisation=application.organisation)
    assert facts_of(application, "people", decider)[label][0] == "conflit d’intérêts"


def test_data_are_told_against_the_catalogue_family_by_family_with_the_risk() -> None:
    by = made.researcher()
    application = made.at_status("draft", by=by)
    variables = {
        "scope": {"IR_BEN_R": ["BEN_NAI_MOI", "BEN_RES_COM", "BEN_DCD_DTE"]},
        "justifications": {"IR_BEN_R": "Décrire."},
        "identifiers": dict.fromkeys(
            ("IR_BEN_R.BEN_NAI_MOI", "IR_BEN_R.BEN_RES_COM", "IR_BEN_R.BEN_DCD_DTE"), "Nécessaire."
        ),
    }
    made.fill(application, by, {"variables": variables})
    services.application_submit(application=application, seen_version=1, by=by)
    facts = facts_of(made.fresh(application), "data")
    assert facts["Risque de réidentification"][0] == "élevé"
    assert facts["Périmètre au regard du catalogue"][1].startswith("Tables\u00a0: 1 sur")
    families = facts["Identifiants potentiels"][1]
    assert "Commune de résidence\u00a0: IR_BEN_R.BEN_RES_COM" in families
    assert "Dates exactes des soins\u00a0: non demandé" in families


def test_dates_made_coarser_are_told_so_and_are_no_exact_ones() -> None:
    by = made.researcher()
    application = made.at_status("draft", by=by)
    variables = {
        "scope": {"ER_PRS_F": ["EXE_SOI_DTD"]},
        "justifications": {"ER_PRS_F": "Décrire."},
        "identifiers": {"ER_PRS_F.EXE_SOI_DTD": "Nécessaire."},
    }
    period = {**made.complete_contents()["period"], "care_dates": "month"}
    made.fill(application, by, {"variables": variables, "period": period})
    services.application_submit(application=application, seen_version=1, by=by)
    facts = facts_of(made.fresh(application), "data")
    assert (
        "Dates exactes des soins\u00a0: non, ramenées au mois (ER_PRS_F.EXE_SOI_DTD)"
        in facts["Identifiants potentiels"][1]
    )
    assert facts["Risque de réidentification"][0] == "modéré"


def test_the_cost_is_the_price_of_the_catalogue_over_the_access(settings: LazySettings) -> None:
    application = made.at_status("submitted")
    assert "aucun coût facturé" in text_of(screen(application))
    settings.WORKSPACE_PROVIDER = "scaleway"
    Offer.objects.create(
        provider="scaleway",
        code="PRO2-S",
        processors=4,
        memory=16,
        hourly=Decimal("0.1"),
        available="available",
        read_at=timezone.now(),
    )
    response = screen(application)
    start, end = response.context["access"]
    assert isinstance(start, date)
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    page = text_of(response).replace("\xa0", " ").replace("\u202f", " ")
    assert "au plus 73 € par mois" in page
    assert f"{months * 73:,} € en tout".replace(",", " ") in page


def test_outputs_are_told_with_transfers_and_the_smallest_count() -> None:
    facts = facts_of(made.at_status("submitted"), "outputs")
    assert facts["Transferts hors de l’Union européenne"] == ("", "aucun transfert")
    assert "moins de 11 personnes" in facts["Petits effectifs"][1]
