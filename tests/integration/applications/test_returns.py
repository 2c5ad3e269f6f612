"""A return says beside each field what to correct, and the team sees what it changed before it submits again."""

import pytest

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, ReturnReason
from apps.core.errors import RefusedError
from tests.factories import applications as made
from tests.factories.accounts import client_signed_in, steward
from tests.integration.applications.asking import text_of, url
from tests.integration.applications.deciding import send_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def submitted() -> Application:
    return made.at_status("submitted")


def returned(submitted: Application, **reasons: str) -> Application:
    send_back(submitted, steward(), **reasons)
    return made.fresh(submitted)


def test_a_reason_is_read_beside_its_field_and_opens_its_page(submitted: Application) -> None:
    returned(submitted, **{"purpose.objectives": "Énoncez un objectif.", "purpose": "Tout est vague."})
    browser = client_signed_in(submitted.created_by)
    page = text_of(browser.get(url("page", submitted, "purpose")))
    assert 'id="id_objectives_returned"' in page
    assert "id_objectives_returned id_objectives_error" in page
    assert "Tout est vague." in page
    # The page that lists them all says which field each is about.
    assert "Objectifs : Énoncez un objectif." in text_of(browser.get(url("detail", submitted))).replace("\xa0", " ")
    assert "ne peut pas être modifiée" in text_of(browser.get(url("page", submitted, "title")))


@pytest.mark.parametrize("field", ["purpose.funders", "attachments.protocol"])
def test_groups_and_documents_have_theirs_too(submitted: Application, field: str) -> None:
    returned(submitted, **{field: "À compléter.", "purpose.funded": "Qui finance ?"})
    page, _dot, _name = field.partition(".")
    shown = text_of(client_signed_in(submitted.created_by).get(url("page", submitted, page)))
    assert "À compléter." in shown


@pytest.mark.parametrize("about", ["nowhere", "purpose.nothing", "nowhere.title"])
def test_a_reason_about_nothing_that_exists_is_refused(submitted: Application, about: str) -> None:
    with pytest.raises(RefusedError):
        send_back(submitted, steward(), **{about: "Pourquoi ?"})


def test_a_steward_writes_them_on_the_decision_screen(submitted: Application) -> None:
    decider: Person = steward()
    browser = client_signed_in(decider)
    assert 'name="reason-purpose.objectives"' in text_of(browser.get(url("review", submitted)))
    form = {"version": submitted.version, "reason-purpose.objectives": "Énoncez un objectif.", "reason-title": "Court."}
    browser.post(url("return", submitted), form)
    found = set(ReturnReason.objects.values_list("page", "field", "text"))
    assert found == {("purpose", "objectives", "Énoncez un objectif."), ("title", "", "Court.")}
    assert "Énoncez un objectif." in text_of(browser.get(url("review", submitted)))


def test_the_team_sees_what_it_changed_since_the_return(submitted: Application) -> None:
    back, lead = returned(submitted, title="Court."), submitted.created_by
    browser = client_signed_in(lead)
    assert "tel qu’il était lors du renvoi" in text_of(browser.get(url("submit", back)))
    made.fill(back, lead, {"title": {"title": "Diabète, rein et grossesse", "acronym": ""}})
    page = text_of(browser.get(url("submit", back)))
    assert "Diabète et insuffisance rénale" in page
    assert "Diabète, rein et grossesse" in page
    plain = page.replace("\xa0", " ")
    assert "Titre modifié : « Diabète et insuffisance rénale » devient « Diabète, rein et grossesse »." in plain
    services.application_submit(application=made.fresh(back), seen_version=back.version, by=lead)
    assert "depuis le renvoi" not in text_of(browser.get(url("submit", back)))
    assert "Titre modifié" in text_of(client_signed_in(steward()).get(url("review", back))), "the next round shows it"
