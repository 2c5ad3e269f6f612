"""Repeated lines of a page: without JavaScript by buttons, with it as they are typed."""

import re
from typing import Any

import pytest

from apps.applications.models import Application
from tests.factories.accounts import client_signed_in
from tests.factories.applications import draft, researcher
from tests.integration.applications.asking import HTMX, held, save, text_of, url

pytestmark = pytest.mark.django_db


def funders(*names: str) -> dict[str, Any]:
    """The group as a page with these lines and a blank one sends it."""
    lines = [*names, ""]
    cells = {f"funders-{number}-name": name for number, name in enumerate(lines)}
    natures = {f"funders-{number}-nature": "public" if name else "" for number, name in enumerate(lines)}
    return {"funded": "yes", "funders-rows": len(lines), **cells, **natures}


def names(application: Application) -> list[str]:
    return [row["name"] for row in held(application, "purpose")["funders"]]


def test_a_line_is_added_by_a_button_and_the_page_shows_a_blank_one_after_it() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    response = save(client, application, "purpose", **funders("ANR"), op="add:funders")
    assert response["Location"] == url("page", application, "purpose") + "#last-of-funders"
    page = text_of(client.get(url("page", application, "purpose")))
    assert 'name="funders-0-name" value="ANR"' in page
    assert 'name="funders-1-name"' in page
    assert 'name="funders-2-name"' not in page
    assert re.search(r'id="last-of-funders"', page)


def test_a_line_is_taken_away_and_the_others_stay_as_typed() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "purpose", **funders("ANR", "Ligue", "INCa"))
    save(client, application, "purpose", **funders("ANR", "Ligue", "INCa changé"), op="remove:funders:1")
    assert names(application) == ["ANR", "INCa changé"]


def test_a_line_with_a_wrong_value_is_kept_and_told() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    typed = {**funders("ANR"), "funders-0-nature": "magique"}
    answer = save(client, application, "purpose", HTMX, **typed)
    assert held(application, "purpose")["funders"][0]["nature"] == "magique"
    assert "id_funders-0-nature_error" in text_of(answer)
    assert "ne fait pas partie de celles" in text_of(answer)


def test_one_line_too_many_is_told_and_not_lost() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "purpose", **funders(*(f"F{n}" for n in range(16))))
    assert len(names(application)) == 16
    assert "15 au plus" in text_of(client.get(url("page", application, "purpose")))


@pytest.mark.parametrize("rows", ["-1", "9" * 30, "x", ""])
def test_a_forged_number_of_lines_harms_nothing(rows: str) -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "purpose", **{**funders("ANR"), "funders-rows": rows})
    assert len(names(application)) <= 1


def test_what_is_missing_in_a_line_has_its_link() -> None:
    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "purpose", **{**funders("ANR"), "funders-0-name": ""})
    page = text_of(client.get(url("submit", application)))
    assert "?missing=1#id_funders-0-name" in page
    assert "Financeurs, ligne 1, Nom du financeur" in page


def test_the_lines_read_back_in_words() -> None:
    from apps.applications import presentation
    from apps.applications.selectors import contents_of

    by = researcher()
    application, client = draft(by), client_signed_in(by)
    save(client, application, "purpose", **funders("ANR", "Ligue"))
    spec = application.specification.page("purpose")
    answers = {
        answer.name: answer.text for answer in presentation.page_read(spec, contents_of(application), {}).answers
    }
    assert answers["funders"] == "ANR — Public\nLigue — Public"
