"""In a real browser: every page of an amendment, of a return, of an ending is accessible, and fits a narrow window."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.models import Person
from apps.applications import services
from apps.projects.models import Project
from tests.factories import applications as made
from tests.factories.accounts import steward
from tests.integration.applications.amending import amended, changed, submitted
from tests.integration.applications.deciding import send_back
from tests.integration.applications.test_in_a_browser import CHROMIUM, Visit, address, in_a_browser
from tests.integration.applications.test_new_pages_in_a_browser import fits

__all__ = ["in_a_browser"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"),
]
MORE = {
    "scope": {"IR_BEN_R": ["BEN_NAI_ANN", "BEN_RES_DPT"], "OLD_TABLE": ["OLD_COLUMN"]},
    "justifications": {"IR_BEN_R": "Décrire la population.", "OLD_TABLE": "Décrire."},
    "identifiers": {"IR_BEN_R.BEN_NAI_ANN": "Stratifier."},
}


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[None]:
    with made.documents_kept_in(tmp_path):
        yield


def test_the_pages_of_the_team(in_a_browser: Callable[[Person, Visit], None]) -> None:
    root = made.at_status("approved", path="full_authorisation")
    amendment = changed(amended(root), "variables", **MORE)
    back = made.at_status("submitted", by=root.created_by, path="full_authorisation")
    send_back(back, steward(), **{"purpose.objectives": "Énoncez un objectif principal.", "title": "Trop court."})
    project = Project.objects.get(application=root)

    def visit(page: Any) -> None:
        for place in (
            address("detail", root),
            address("amend", root),
            address("detail", amendment),
            address("submit", amendment),
            address("page", amendment, "variables"),
            address("page", back, "purpose"),
            address("submit", back),
            reverse("fulfilment:close", args=[project.pk]),
            reverse("fulfilment:project", args=[project.pk]),
        ):
            page.goto(place)
            fits(page)

    in_a_browser(root.created_by, visit)


def test_the_pages_of_the_steward(in_a_browser: Callable[[Person, Visit], None]) -> None:
    decider = steward()
    root = made.at_status("approved", path="full_authorisation", decider=decider)
    amendment = submitted(changed(amended(root), "purpose", purpose_kind="steering"))
    services.amendment_judge(
        application=amendment, seen_version=amendment.version, substantial=False, reason="Même étude.", by=decider
    )
    project = Project.objects.get(application=root)

    def visit(page: Any) -> None:
        for place in (
            address("review", amendment),
            reverse("fulfilment:revoke", args=[project.pk]),
            reverse("applications:exclusions"),
        ):
            page.goto(place)
            fits(page)

    in_a_browser(decider, visit)
