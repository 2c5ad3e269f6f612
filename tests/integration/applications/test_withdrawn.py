"""What the catalogue withdraws after it was asked for stays readable, is flagged, and cannot be submitted."""

import pytest

from apps.applications import services
from apps.applications.composition import withdrawn
from apps.applications.models import Application, Page
from apps.applications.typing_in import scope_typed
from tests.factories import applications as made
from tests.factories.accounts import client_signed_in, steward
from tests.integration.applications.asking import held, save, text_of, url

pytestmark = pytest.mark.django_db
GONE = {"IR_BEN_R": ["BEN_OLD_COD", "BEN_SEX_COD"], "OLD_TABLE": ["OLD_COLUMN"]}


def with_withdrawn(application: Application) -> Application:
    """As if the catalogue had held these when they were ticked."""
    page = Page.objects.get(application=application, key="variables")
    justified = {"IR_BEN_R": "Décrire.", "OLD_TABLE": "Décrire."}
    Page.objects.filter(pk=page.pk).update(content={**page.content, "scope": GONE, "justifications": justified})
    return made.fresh(application)


def test_it_is_shown_and_survives_a_save_until_it_is_unticked() -> None:
    application = with_withdrawn(made.draft(complete=True))
    browser = client_signed_in(application.created_by)
    page = text_of(browser.get(url("page", application, "variables")))
    assert "Plus au catalogue" in page
    assert 'value="OLD_TABLE.OLD_COLUMN" checked' in page
    ticked = ["IR_BEN_R.BEN_SEX_COD", "OLD_TABLE.OLD_COLUMN"]
    save(browser, application, "variables", columns=ticked)
    assert held(application, "variables")["scope"] == {"IR_BEN_R": ["BEN_SEX_COD"], "OLD_TABLE": ["OLD_COLUMN"]}
    save(browser, application, "variables", columns=ticked[:1])
    assert withdrawn(held(application, "variables")) == {}


def test_nothing_that_was_never_offered_is_taken() -> None:
    assert scope_typed({"columns": ["OLD_TABLE.OLD_COLUMN"]}, {"scope": {}})["scope"] == {}


def test_it_is_flagged_as_missing_and_cannot_be_submitted() -> None:
    application = with_withdrawn(made.draft(complete=True))
    with pytest.raises(services.Incomplete) as refused:
        services.application_submit(
            application=application, seen_version=application.version, by=application.created_by
        )
    told = [missing.text.fr for missing in refused.value.missing if missing.text]
    assert "OLD_TABLE.OLD_COLUMN n’est pas proposée au catalogue." in told


def test_the_steward_reads_it_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    application = made.at_status("submitted")
    monkeypatch.setattr("apps.applications.composition.column_offered", lambda table, column: column != "BEN_SEX_COD")
    page = text_of(client_signed_in(steward()).get(url("review", application)))
    assert "retirée du catalogue" in page
