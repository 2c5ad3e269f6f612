"""The committee's pages: what each shows to whom, what its forms do, and how many queries it takes."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from apps.accounts.models import Person
from apps.agreements.models import Version
from apps.applications import mailing
from apps.applications.models import Attachment, Notice
from apps.applications.timeline import timeline_of
from apps.audit.models import Event
from apps.committee import services
from apps.committee.models import Ballot, File, Interest, Opinion, Session
from apps.committee.rules import Outcome
from apps.core.models import OutboxItem
from tests.factories import applications as dossiers
from tests.factories import committee
from tests.factories.accounts import OrganisationFactory, client_signed_in, current_code, steward
from tests.integration.committee.conftest import Committee


def url(name: str, *more: Any) -> str:
    return reverse(f"committee:{name}", args=more)


def words_of(response: Any) -> str:
    """The words of a PDF, those broken at the end of a line put together."""
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    return " ".join(text.split())


def named(words: str, *people: Person) -> list[str]:
    """Who of these people is named in these words; numbered names are not taken for longer ones."""
    return [one.full_name for one in people if re.search(rf"{re.escape(one.full_name)}(?!\d)", words)]


def test_a_member_declares_then_reads_then_reports(room: Committee) -> None:
    first, second, _ = room.members
    committee.ask(room.file, room.secretary, second)
    services.rapporteur_ask(file=room.file, rapporteur=first, by=room.secretary)
    client, page = client_signed_in(first), url("file", room.file.pk)
    before = client.get(page).content.decode()
    assert "Décrire le recours aux soins." not in before
    assert room.applicant.full_name in before
    assert not Event.objects.filter(action="committee.file_read").exists()
    attachment = Attachment.objects.filter(application=room.file.application)[0]
    assert client.get(url("attachment", room.file.pk, attachment.pk)).status_code == 404
    client.post(url("disclose", room.file.pk), {"nature": "none"})
    after = client.get(page).content.decode()
    assert "Décrire le recours aux soins." in after
    assert Event.objects.filter(action="committee.file_read").count() == 1
    document = client.get(url("attachment", room.file.pk, attachment.pk))
    assert b"".join(document.streaming_content).startswith(b"%PDF")
    refused = client.post(url("answer", room.file.pk), {"outcome": "reserved", "comment": ""})
    assert refused.status_code == 422
    typed = {"outcome": "reserved", "comment": "Trop de variables.", "text-0": "En retirer."}
    assert client.post(url("answer", room.file.pk), typed).status_code == 302
    assert Ballot.objects.get(person=first).recommendations == [{"topic": "other", "text": "En retirer."}]


def test_an_interest_declared_on_the_page_leaves_the_file_to_others(room: Committee) -> None:
    client = client_signed_in(room.members[0])
    for nothing_said in ({}, {"nature": ""}, {"nature": "strange"}):
        assert client.post(url("disclose", room.file.pk), nothing_said).status_code == 422
    left = client.post(url("disclose", room.file.pk), {"nature": "family"})
    assert left.url == url("home")
    assert client.get(url("file", room.file.pk)).status_code == 404
    assert "à d’autres" in client.get(url("interests")).content.decode()


def test_the_secretary_leads_a_file_from_agenda_to_opinion(room: Committee) -> None:
    first, second, third = room.members
    client = client_signed_in(room.secretary)
    client.post(
        url("session_new"), {"held_on": timezone.localdate().isoformat(), "starts_at": "14:00", "place": "Salle 1"}
    )
    held = Session.objects.get()
    for rapporteur in (first, second):
        client.post(url("rapporteur_ask", room.file.pk), {"rapporteur": rapporteur.pk})
        committee.disclose(room.file, rapporteur)
        committee.report(room.file, rapporteur, recommendations=[{"topic": "method", "text": "Préciser."}])
    client.post(url("schedule", room.file.pk), {"session": held.pk, "version": room.file.version})
    present = {"present": [first.pk, second.pk, third.pk], "chair": third.pk, "notes": "RAS", "version": held.version}
    client.post(url("session_prepare", held.pk), present)
    held.refresh_from_db()
    client.post(url("session_open", held.pk), {"version": held.version})
    client.post(url("vote_open", room.file.pk), {"version": committee.fresh(room.file).version})
    for member in room.members:
        committee.disclose(room.file, member)
        voted = client_signed_in(member).post(url("answer", room.file.pk), {"outcome": "favourable", "comment": ""})
        assert voted.status_code == 302
    client.post(url("vote_close", room.file.pk), {"version": committee.fresh(room.file).version})
    _opinion_recorded(room, client)
    held.refresh_from_db()
    client.post(url("session_close", held.pk), {"version": held.version})
    assert "Avis favorable sans réserve" in words_of(client.get(url("minutes_pdf", held.pk)))
    assert room.file.application.number in words_of(client.get(url("agenda_pdf", held.pk)))


def _opinion_recorded(room: Committee, client: Any) -> None:
    page = client.get(url("opinion", room.file.pk)).content.decode()
    assert "Préciser." in page, "the secretary starts from what the rapporteurs recommend"
    found = committee.fresh(room.file)
    typed = {"version": found.version, "content_hash": found.content_hash, "outcome": "favourable"}
    assert client.post(url("opinion", found.pk), {**typed, "otp_code": "000000"}).status_code == 422
    with_text = {**typed, "text_fr": "Avis favorable sans réserve."}
    assert client.post(url("opinion", found.pk), {**with_text, "otp_code": "000000"}).status_code == 422
    assert not Opinion.objects.exists()
    done = client.post(url("opinion", found.pk), {**with_text, "otp_code": current_code(room.secretary)})
    assert done.status_code == 302
    assert Opinion.objects.get().outcome == "favourable"


def test_a_session_that_was_not_opened_has_no_minutes_and_may_be_cancelled(room: Committee) -> None:
    client = client_signed_in(room.secretary)
    assert (
        client.post(url("session_new"), {"held_on": "2020-01-01", "starts_at": "9:00", "place": "x"}).status_code == 422
    )
    planned = committee.session(room.secretary, is_open=False)
    assert client.get(url("minutes_pdf", planned.pk)).status_code == 404
    refused = client.post(url("session_prepare", planned.pk), {"version": planned.version, "chair": room.members[0].pk})
    assert refused.status_code == 422
    client.post(url("session_cancel", planned.pk), {"version": planned.version})
    planned.refresh_from_db()
    assert planned.status == "cancelled"


def test_names_of_reviewers_stay_with_the_committee(room: Committee) -> None:
    first, second, third = room.members
    found = committee.counted(room.file, room.secretary, dict.fromkeys(room.members, Outcome.FAVOURABLE))
    committee.give_opinion(found, room.secretary)
    with_names = words_of(client_signed_in(first).get(url("opinion_pdf", found.pk)))
    assert named(with_names, first)
    for reader in (room.applicant, steward()):
        printed = words_of(client_signed_in(reader).get(reverse("committee:opinion_for_team", args=[found.pk])))
        assert "Avis motivé." in printed
        assert named(printed, first, second, third, room.secretary) == []
    dossier = client_signed_in(room.applicant).get(reverse("applications:detail", args=[found.application_id]))
    assert named(dossier.content.decode(), *room.members) == []
    told = " ".join(line.sentence for line in timeline_of(found.application))
    assert named(told, *room.members) == []
    stranger = client_signed_in(dossiers.researcher())
    assert stranger.get(reverse("committee:opinion_for_team", args=[found.pk])).status_code == 404


def test_names_of_reviewers_are_in_no_e_mail_no_data_and_no_later_document(room: Committee) -> None:
    """Given an approved dossier, nothing that leaves the committee by whichever way says who examined it."""
    found = committee.counted(room.file, room.secretary, dict.fromkeys(room.members, Outcome.FAVOURABLE))
    committee.give_opinion(found, room.secretary)
    decider = steward()
    application = dossiers.brought_to("agreement", dossiers.fresh(found.application), room.applicant, decider)
    assert application.status == "agreement"
    Notice.objects.update(at=timezone.now() - timedelta(minutes=1))
    mails = [
        mailing.notices(item.subject_id.removeprefix("notices:"))
        for item in OutboxItem.objects.filter(subject_id__startswith=f"notices:{room.applicant.pk}")
    ]
    team = client_signed_in(room.applicant)
    record = team.get(reverse("applications:decision_pdf", args=[application.pk]), {"format": "json"})
    told = {
        "e-mail": str(mails),
        "notices": team.get(reverse("applications:notices")).content.decode(),
        "record": record.content.decode(),
        "record on paper": words_of(team.get(reverse("applications:decision_pdf", args=[application.pk]))),
        "dossier on paper": words_of(team.get(reverse("applications:print", args=[application.pk]))),
        "agreement": str(Version.objects.get(agreement__application=application).content),
    }
    assert any(mails)
    assert named(told["record"], decider), "names are looked for in the right place"
    for place, words in told.items():
        assert named(words, *room.members, room.secretary) == [], place


def test_an_opinion_is_printed_in_english_too(room: Committee) -> None:
    found = committee.counted(room.file, room.secretary, dict.fromkeys(room.members, Outcome.FAVOURABLE))
    committee.give_opinion(found, room.secretary)
    reader = room.members[0]
    reader.language = "en"
    printed = words_of(client_signed_in(reader).get(url("opinion_pdf", found.pk)))
    assert "Express opinion: favourable" in printed


def test_links_are_declared_and_ended_on_the_page(room: Committee) -> None:
    client, organisation = client_signed_in(room.members[0]), OrganisationFactory.create()
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    typed = {"organisation": organisation.pk, "nature": "scientific", "starts_on": tomorrow}
    assert client.post(url("interests"), typed).status_code == 422
    assert client.post(url("interests"), {**typed, "starts_on": "2024-01-01"}).status_code == 302
    made = Interest.objects.get()
    assert client.post(url("interest_end", made.pk), {"ends_on": "soon"}).status_code == 403
    assert client.post(url("interest_end", made.pk), {"ends_on": "2025-01-01"}).status_code == 302
    stranger = client_signed_in(room.members[1])
    assert stranger.post(url("interest_end", made.pk), {"ends_on": "2025-01-01"}).status_code == 404
    lines = client_signed_in(room.secretary).get(url("members")).content.decode()
    assert organisation.name in lines


def test_lists_take_as_many_queries_for_many_files_as_for_one(room: Committee) -> None:
    pages = {
        "home": (room.members[0], url("home")),
        "sessions": (room.secretary, url("sessions")),
        "members": (room.secretary, url("members")),
    }
    held = committee.session(room.secretary, room.members[0])
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=room.secretary)
    pages["session"] = (room.secretary, url("session", held.pk))
    before = {name: _queries(*page) for name, page in pages.items()}
    for place in range(6):
        application = dossiers.at_status("committee", path="full_authorisation", title=f"Étude {place}")
        found = committee.file(application)
        committee.session(room.secretary, is_open=False)
        committee.member()
        services.schedule(file=found, session=held, seen_version=found.version, by=room.secretary)
    assert {name: _queries(*page) for name, page in pages.items()} == before
    assert max(before.values()) <= 12, before


def test_a_file_takes_a_fixed_number_of_queries(room: Committee) -> None:
    page = (room.secretary, url("file", room.file.pk))
    committee.ask(room.file, room.secretary, room.members[0])
    before = _queries(*page)
    committee.ask(room.file, room.secretary, *room.members[1:])
    assert _queries(*page) == before


def _queries(person: Any, page: str) -> int:
    client = client_signed_in(person)
    client.get(page)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(page).status_code == 200
    return len(seen)


@pytest.mark.parametrize("chosen", ["ouverts", "a-moi", "sans-seance", "rendus", "tous", "nothing"])
def test_the_list_is_filtered(room: Committee, chosen: str) -> None:
    committee.ask(room.file, room.secretary, room.members[0])
    shown = client_signed_in(room.members[0]).get(url("home"), {"etat": chosen}).content.decode()
    assert (str(room.file.pk) in shown) == (chosen != "rendus")
    assert File.objects.count() == 1
