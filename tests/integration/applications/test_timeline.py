"""The story of a dossier in sentences."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from apps.applications.models import Application
from apps.applications.timeline import timeline_of
from apps.audit.services import event_record
from apps.audit.wording import sentences
from tests.factories.applications import at_status, draft, researcher

pytestmark = pytest.mark.django_db


def tell(application: Application, action: str, actor: str, **data: Any) -> None:
    with transaction.atomic():
        event_record(
            action=action, actor=actor, object_kind="x", object_id="1", dossier_id=str(application.pk), data=data
        )


def story(application: Application, language: str = "fr") -> list[str]:
    with translation.override(language):
        return [line.sentence for line in timeline_of(application)]


def test_the_latest_comes_first_in_the_readers_language() -> None:
    by = researcher(given_name="Camille", family_name="Durand")
    application = at_status("withdrawn", by=by)
    assert story(application)[0] == "Camille Durand a retiré le dossier."
    assert story(application, "en")[-1] == "Camille Durand started the dossier."


def test_what_the_platform_does_is_told_in_its_name() -> None:
    application = draft()
    tell(application, "application.withdrawn", "system:web")
    assert story(application)[0] == "Le portail a retiré le dossier."


def test_an_event_without_its_data_or_its_sentence_is_still_told() -> None:
    application = draft()
    tell(application, "application.submitted", "system:web")
    tell(application, "something.else", "system:web")
    assert story(application)[:2] == ["something.else", "Le portail a déposé le dossier (tour —)."]


@pytest.mark.parametrize(
    ("held_on", "told"), [("2026-12-01", "1er décembre 2026"), ("2026-13-45", "2026-13-45"), ("bientôt", "bientôt")]
)
def test_a_day_is_written_as_the_language_writes_it(held_on: str, told: str) -> None:
    application = draft()
    tell(application, "committee.scheduled", "system:web", held_on=held_on)
    assert story(application)[0] == f"Le dossier a été inscrit à l’ordre du jour de la séance du {told}."


def test_saves_as_people_type_stay_out_of_the_story() -> None:
    assert not any("page" in sentence for sentence in story(at_status("draft")))


def test_its_queries_do_not_depend_on_its_length() -> None:
    application = draft()
    with CaptureQueriesContext(connection) as few:
        story(application)
    for _ in range(30):
        tell(application, "application.attachment_added", str(researcher().pk))
    with CaptureQueriesContext(connection) as many:
        story(application)
    assert len(few) == len(many) == 2


def test_every_room_gives_its_sentences() -> None:
    rooms = {action.partition(".")[0] for action in sentences()}
    assert {"application", "project", "extract", "workspace"} <= rooms
