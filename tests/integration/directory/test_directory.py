"""The public directory: from the approved dossier's own fields, in both languages, for anybody."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.applications import services
from apps.applications.models import Application
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.directory.models import Entry
from apps.directory.rules import Results
from apps.directory.services import entry_write, results_record
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import (
    _approve,
    complete_contents,
    documents_kept_in,
    draft,
    fill,
    fresh,
    researcher,
)

pytestmark = pytest.mark.django_db
FUNDER = {"name": "=HYPERLINK(1)", "nature": "public", "country": "France"}


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[None]:
    with documents_kept_in(tmp_path):
        yield


def approved(path: str = "simplified_sample", by: Any = None, **title: str) -> Application:
    """A dossier of a published path, with what the directory shows, approved with all that follows."""
    by = by or researcher()
    application = draft(by, complete=True, path=path)
    contents = complete_contents(**title)
    contents["title"]["title_en"] = "Diabetes and kidney failure"
    contents["purpose"] |= {"objectives_en": "Describe care.", "funded": "yes", "funders": [FUNDER]}
    fill(application, by, {key: contents[key] for key in ("title", "purpose")})
    services.application_submit(application=application, seen_version=application.version, by=by)
    _approve(fresh(application), by, steward())
    application = fresh(application)
    if application.status == "agreement":
        services.agreement_signed(application=application, by=by)
    return fresh(application)


def page_of(application: Application, language: str = "fr") -> str:
    client = Client(headers={"accept-language": language})
    response = client.get(reverse("directory:entry", args=[application.pk]))
    assert response.status_code == 200
    return str(response.content.decode())


class TestWhenTheLawSays:
    def test_the_approval_publishes_the_project(self) -> None:
        application = approved()
        assert Entry.objects.get().number == application.number
        assert Event.objects.filter(action="directory.published").count() == 1
        assert application.number in Client().get(reverse("directory:list")).content.decode()

    def test_a_path_that_the_rules_do_not_publish_has_no_page(self) -> None:
        application = approved("permanent_access")
        assert not Entry.objects.exists()
        assert Client().get(reverse("directory:entry", args=[application.pk])).status_code == 404

    def test_nothing_is_shown_before_the_approval(self) -> None:
        by = researcher()
        application = draft(by, complete=True, path="simplified_sample")
        services.application_submit(application=application, seen_version=application.version, by=by)
        assert Client().get(reverse("directory:entry", args=[application.pk])).status_code == 404
        assert application.title not in Client().get(reverse("directory:list")).content.decode()


class TestPage:
    def test_it_holds_what_the_law_asks_for(self) -> None:
        application = approved()
        page = page_of(application)
        for expected in (
            "Diabète et insuffisance rénale",
            application.organisation.name,
            "=HYPERLINK(1) — Public — France",
            "Décrire le recours aux soins.",
            "Mieux prévenir.",
            "Une prévention mieux ciblée.",
            "Sont retenues",
            "Mission d’intérêt public",
            "dpo@exemple.fr",
            "Identifiants potentiels",
            "IR_BEN_R",
        ):
            assert expected in page, expected

    def test_in_english_what_was_translated_is_english_and_the_rest_says_that_it_is_french(self) -> None:
        page = page_of(approved(), "en")
        assert "Diabetes and kidney failure" in page
        assert '<dd lang="en">Describe care.</dd>' in page
        assert '<dd lang="fr">Mieux prévenir.</dd>' in page
        assert "Task in the public interest" in page

    def test_it_tells_nothing_that_is_not_published(self) -> None:
        application = approved()
        page = page_of(application) + json.dumps(Entry.objects.get().facts)
        for hidden in (application.created_by.email, application.created_by.family_name, "Décrire la population."):
            assert hidden not in page, hidden

    def test_a_later_approval_brings_it_up_to_date(self) -> None:
        application = approved()
        Entry.objects.update(title="Ancien titre", published_at=timezone.now() - timedelta(days=9))
        before = Entry.objects.get()
        after = entry_write(application)
        assert (after.pk, after.title) == (before.pk, application.title)
        assert after.published_at == before.published_at


class TestSearch:
    def found(self, **asked: str) -> list[str]:
        response = Client().get(reverse("directory:list"), asked)
        return [line.title for line in response.context["lines"]]

    def test_words_whatever_their_accents_filters_and_nonsense(self) -> None:
        approved(title="Étude de l'asthme")
        approved(title="Cancer du sein")
        today = timezone.localdate()
        assert self.found(q="asthme etude") == ["Étude de l'asthme"]
        assert self.found(q="ASTH") == ["Étude de l'asthme"]
        assert self.found(q="asthme cancer") == []
        assert len(self.found(path="simplified_sample", year=str(today.year), stage="under_way")) == 2
        assert self.found(path="mr007") == []
        assert self.found(stage="to_come") == self.found(stage="ended") == self.found(stage="results") == []
        for nonsense in ("&|!:*'\"\\", "\x00", "a" * 5000):
            assert self.found(q=nonsense) in ([], self.found())
        assert len(self.found(year="20x6", stage="nowhere", page="-3")) == 2

    def test_many_projects_cost_no_more_queries(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as counted:
                assert Client().get(reverse("directory:list")).status_code == 200
            return len(counted)

        application = approved()
        few = queries()
        entry = Entry.objects.get()
        for number in range(30):
            other = draft(application.created_by)
            Entry.objects.create(
                **{
                    field.attname: getattr(entry, field.attname)
                    for field in Entry._meta.fields
                    if field.attname not in {"id", "application_id", "number"}
                },
                application=other,
                number=f"N{number}",
            )
        assert queries() == few <= 12


class TestOpenData:
    def test_csv_holds_no_formula(self) -> None:
        approved(title="=1+1")
        response = Client().get(reverse("directory:csv"))
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        assert row["title"].endswith("=1+1")
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
        assert json.loads(row["purpose.funders"])[0]["country"] == "France"
        assert "max-age=900" in response["Cache-Control"]
        assert "public" in response["Cache-Control"]

    def test_json_is_whole_and_links_to_the_page(self) -> None:
        application = approved()
        (record,) = json.loads(b"".join(Client().get(reverse("directory:json")).streaming_content))
        assert record["number"] == application.number
        assert record["url"].endswith(reverse("directory:entry", args=[application.pk]))
        assert record["protection.retention_years"] == "3"
        assert record["tables"] == ["IR_BEN_R"]

    def test_files_follow_the_filters_of_the_list(self) -> None:
        approved(title="Asthme")
        approved(title="Cancer")
        found = json.loads(b"".join(Client().get(reverse("directory:json"), {"q": "cancer"}).streaming_content))
        assert [record["title"] for record in found] == ["Cancer"]

    def test_the_feed_is_sound_and_is_not_sent_twice(self) -> None:
        application = approved()
        response = Client().get(reverse("directory:feed"))
        root = ElementTree.fromstring(response.content)  # noqa: S314  our own document
        titles = [node.text for node in root.iter("{http://www.w3.org/2005/Atom}title")]
        assert titles == ["Répertoire public des projets", f"{application.number} — {application.title}"]
        again = Client().get(reverse("directory:feed"), headers={"if-modified-since": response["Last-Modified"]})
        assert again.status_code == 304
        english = Client().get(reverse("directory:feed"), {"langue": "en"}).content.decode()
        assert "Diabetes and kidney failure" in english

    def test_an_empty_directory_answers_too(self) -> None:
        assert json.loads(b"".join(Client().get(reverse("directory:json")).streaming_content)) == []
        assert Client().get(reverse("directory:feed")).status_code == 200
        assert b"".join(Client().get(reverse("directory:csv")).streaming_content)


class TestResults:
    TOLD = Results("Méthode", "", "Résultats", "Results", ("Durand C. 2028. 10.1038/nature12373",))

    def test_the_investigator_publishes_them_and_the_public_reads_them(self) -> None:
        by = researcher()
        application = approved(by=by)
        client = client_signed_in(by)
        address = reverse("directory:results", args=[application.pk])
        sent = {"version": 1, "results": "Résultats", "results_en": "Results", "publications": "A. 10.1038/nature12373"}
        assert client.post(address, sent).status_code == 302
        page = page_of(application)
        assert "https://doi.org/10.1038/nature12373" in page
        assert "résultats publiés" in page
        assert '<p lang="en">Results</p>' in page_of(application, "en")

    def test_nothing_told_and_a_stale_page_lose_nothing(self) -> None:
        by = researcher()
        application = approved(by=by)
        client, address = client_signed_in(by), reverse("directory:results", args=[application.pk])
        empty = client.post(address, {"version": 1, "method": "Ma méthode"})
        assert empty.status_code == 422
        assert "Ma méthode" in empty.content.decode()
        results_record(entry=Entry.objects.get(), results=self.TOLD, seen_version=1, by=by)
        stale = client.post(address, {"version": 1, "results": "Autres résultats"})
        assert stale.status_code == 409
        assert "Autres résultats" in stale.content.decode()

    def test_a_double_click_is_one_publication(self) -> None:
        by = researcher()
        approved(by=by)
        for _ in range(2):
            results_record(entry=Entry.objects.get(), results=self.TOLD, seen_version=1, by=by)
        assert Entry.objects.get().version == 2
        assert Event.objects.filter(action="directory.results_published").count() == 1

    @pytest.mark.parametrize(
        "told",
        [
            Results("", "", "x" * 8001, "", ()),
            Results("", "", "", "", ()),
            Results("", "", "", "", tuple(str(n) for n in range(51))),
            Results("", "", "", "", ("x" * 501,)),
        ],
    )
    def test_too_much_or_nothing_is_refused(self, told: Results) -> None:
        by = researcher()
        approved(by=by)
        with pytest.raises(RefusedError):
            results_record(entry=Entry.objects.get(), results=told, seen_version=1, by=by)

    def test_nobody_else_publishes_them(self) -> None:
        approved()
        with pytest.raises(RefusedError):
            results_record(entry=Entry.objects.get(), results=self.TOLD, seen_version=1, by=researcher())
        with pytest.raises(ChangedMeanwhile):
            entry = Entry.objects.get()
            results_record(entry=entry, results=self.TOLD, seen_version=7, by=entry.application.created_by)
