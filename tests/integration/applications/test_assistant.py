"""The path assistant: open to everybody, before any dossier."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.applications import selectors
from apps.applications.models import Application
from tests.factories.accounts import client_signed_in
from tests.factories.applications import draft, researcher
from tests.integration.applications.asking import text_of

pytestmark = pytest.mark.django_db
MR007 = {
    "purpose": "research",
    "who": "public_body",
    "data": "snds",
    "result": "individual",
    "persons": "no",
    "linkage": "no",
    "interest": "public",
}


def ask(**answers: str) -> str:
    return text_of(Client(headers={"accept-language": "fr"}).get(reverse("applications:assistant"), answers))


def test_the_first_questions_come_without_reproach() -> None:
    page = ask()
    assert 'name="purpose"' in page
    assert "Répondez à toutes" not in page


def test_an_unfinished_round_says_so_and_keeps_the_answers() -> None:
    page = ask(purpose="research")
    assert 'value="research" checked' in page
    assert "Répondez à toutes les questions." in page


@pytest.mark.parametrize(("purpose", "article"), [("promotion", "L. 1461-1, V, 1°"), ("insurance", "L. 1461-1, V, 2°")])
def test_a_forbidden_purpose_is_refused_with_the_article(purpose: str, article: str) -> None:
    page = ask(**{**MR007, "purpose": purpose})
    assert article in page
    assert reverse("applications:create") not in page


def test_the_path_comes_with_its_reason_documents_calendar_and_a_way_to_start() -> None:
    page = ask(**MR007)
    assert "MR-007" in page
    assert "Protocole" in page
    assert "obligatoire" in page
    assert "Calendrier" in page
    assert f"{reverse('applications:create')}?path=mr007" in page


def test_a_question_that_the_answers_make_superfluous_is_not_asked() -> None:
    assert 'name="interest"' in ask(data="snds")
    assert 'name="interest"' not in ask(data="pmsi")
    assert 'name="crossing"' in ask(data="sample")


def test_nonsense_counts_as_no_answer() -> None:
    assert ask(purpose="<script>", unknown="x").count("checked") == 0


def test_the_chosen_path_is_proposed_then_kept_on_the_dossier() -> None:
    by = researcher()
    client = client_signed_in(by)
    page = client.get(reverse("applications:create"), {"path": "mr007"})
    assert page.context["form"]["path"].value() == "mr007"
    sent = {
        "organisation": by.mandates.get().organisation_id,
        "path": "mr007",
        "creation_key": str(page.context["form"]["creation_key"].value()),
    }
    client.post(reverse("applications:create"), sent)
    assert Application.objects.get().path == "mr007"


def test_the_documents_that_a_path_demands_are_missing_until_they_are_there() -> None:
    def lacking(path: str) -> set[str]:
        application = draft(researcher(), path=path)
        found = selectors.completeness(application, selectors.contents_of(application))
        return {missing.field for missing in found if missing.page == "attachments"}

    assert lacking("permanent_access") == {"protocol"}
    assert lacking("mr007") == {"protocol", "interests", "information_notice"}
    assert lacking("mr004") == {"protocol", "information_notice"}
