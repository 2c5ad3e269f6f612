"""Nothing typed is lost: an ended session, a stale save, the Back button, a double click."""

import pytest
from django.test import Client

from apps.applications import services
from apps.applications.models import Page, Submission
from tests.factories.accounts import client_signed_in
from tests.factories.applications import at_status, draft, fill, researcher
from tests.integration.applications.asking import HTMX, held, save, text_of, url

pytestmark = pytest.mark.django_db
OURS = {"origin": "http://testserver"}


def test_without_javascript_the_text_typed_after_the_session_ended_comes_back_to_be_copied() -> None:
    application = draft(researcher())
    typed = {"version": 1, "title": "Un <b>titre</b> long", "acronym": "", "go": "next"}
    answer = Client().post(url("page", application, "title"), typed, headers=OURS)
    assert answer.status_code == 403
    assert "Un &lt;b&gt;titre&lt;/b&gt; long" in text_of(answer)
    assert "/connexion/?next=" in text_of(answer)
    assert held(application, "title") == {}


@pytest.mark.parametrize("headers", [{}, {"origin": "https://ailleurs.example"}])
def test_text_from_elsewhere_is_never_shown_on_our_pages(headers: dict[str, str]) -> None:
    application = draft(researcher())
    answer = Client().post(url("page", application, "title"), {"title": "Publicité"}, headers=headers)
    assert answer.status_code in {302, 403}
    assert "Publicité" not in text_of(answer)


def test_a_live_save_after_the_session_ended_leads_to_sign_in_and_back_to_the_page() -> None:
    application = draft(researcher())
    here = url("page", application, "title")
    headers = {**HTMX, "hx-current-url": f"http://testserver{here}"}
    answer = Client().post(here, {"title": "x", "version": 1}, headers=headers)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/connexion/?next={here}"


def test_a_stale_save_shows_both_versions_side_by_side_and_either_may_be_taken() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    fill(application, by, {"title": {"title": "Le leur", "acronym": ""}})
    stale = client.post(url("page", application, "title"), {"version": 1, "title": "Le mien", "acronym": ""})
    assert stale.status_code == 409
    page = text_of(stale)
    assert "<td>Le leur</td><td>Le mien</td>" in page
    assert 'value="Le mien"' in page
    assert held(application, "title")["title"] == "Le leur"
    assert 'value="Le leur"' in text_of(client.get(url("page", application, "title"))), "theirs is taken by opening it"
    save(client, application, "title", title="Le mien", acronym="")
    assert held(application, "title")["title"] == "Le mien", "one's own is taken by saving it again"


def test_back_then_save_again_is_told_and_not_silently_undone() -> None:
    """Given the Back button to an older page, its save is refused with both versions, not taken for the latest."""
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "title", title="Un", acronym="")
    save(client, application, "title", title="Deux", acronym="")
    again = client.post(url("page", application, "title"), {"version": 2, "title": "Un", "acronym": ""})
    assert again.status_code == 409
    assert held(application, "title")["title"] == "Deux"


def test_a_double_click_is_one_submission() -> None:
    by = researcher()
    application, client = at_status("draft", by=by), client_signed_in(by)
    answers = [client.post(url("submit", application), {"version": application.version}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Submission.objects.count() == 1


def test_a_draft_with_invalid_values_is_kept() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "protection", retention_years="mille", transfers="peut-être", legal_basis="")
    kept = held(application, "protection")
    assert (kept["retention_years"], kept["transfers"]) == ("mille", "peut-être")


def test_a_submitted_page_is_closed_until_it_is_returned() -> None:
    by = researcher()
    application = at_status("submitted", by=by)
    answer = save(client_signed_in(by), application, "summary", summary_fr="Autre", summary_en="")
    assert answer.status_code == 403
    returned = at_status("returned", by=by)
    assert save(client_signed_in(by), returned, "summary", summary_fr="Autre", summary_en="").status_code == 302
    assert save(client_signed_in(by), returned, "title", title="Autre", acronym="").status_code == 403
    assert Page.objects.get(application=returned, key="title").content["title"] != "Autre"


def test_a_removed_member_gets_the_page_of_what_never_was() -> None:
    by, colleague = researcher(), researcher()
    application = draft(by)
    services.member_add(application=application, email=colleague.email, by=by)
    client = client_signed_in(colleague)
    assert client.get(url("detail", application)).status_code == 200
    services.member_remove(application=application, person_id=str(colleague.pk), by=by)
    for name in ("detail", "messages", "archive", "print"):
        assert client.get(url(name, application)).status_code == 404
