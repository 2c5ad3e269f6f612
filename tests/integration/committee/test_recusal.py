"""Whoever has an interest in a file sees nothing of it anywhere, and the database keeps them from acting on it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from apps.accounts.models import Organisation, Person
from apps.applications.models import Application, Attachment, Member, Notice
from apps.committee import desk, selectors, services
from apps.committee.models import Ballot, Disclosure, File, Interest, Opinion
from apps.core.errors import ChangedMeanwhile, RefusedError
from tests.factories import committee
from tests.factories.accounts import MandateFactory, OrganisationFactory, client_signed_in
from tests.integration.committee.conftest import Committee

Cause = Callable[[Person, Application], Any]


def on_the_team(person: Person, application: Application) -> None:
    Member.objects.create(
        application=application, person=person, organisation=OrganisationFactory.create(), added_by=person
    )


def author(person: Person, application: Application) -> None:
    Application.objects.filter(pk=application.pk).update(created_by=person)


def mandated(person: Person, application: Application) -> None:
    MandateFactory.create(person=person, organisation=application.organisation, starts_on=date(2021, 1, 1))


def mandated_for_a_partner(person: Person, application: Application) -> None:
    partner = OrganisationFactory.create()
    colleague = committee.member(partner)
    Member.objects.create(application=application, person=colleague, organisation=partner, added_by=colleague)
    MandateFactory.create(person=person, organisation=partner, starts_on=date(2021, 1, 1))


def declared(person: Person, application: Application) -> None:
    services.disclose(file=File.objects.get(application=application), nature="scientific", by=person)


def linked(person: Person, application: Application) -> None:
    services.interest_declare(
        organisation=application.organisation, nature="financial", starts_on=date(2022, 1, 1), by=person
    )


def linked_until_recently(person: Person, application: Application) -> None:
    linked(person, application)
    services.interest_end(
        interest=Interest.objects.get(person=person), ends_on=timezone.localdate() - timedelta(days=3), by=person
    )


CAUSES: list[Cause] = [
    on_the_team,
    author,
    mandated,
    mandated_for_a_partner,
    declared,
    linked,
    linked_until_recently,
]


def recused_in_sql(person: Person, application: Application) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT committee_is_recused(%s, %s)", [person.pk, application.pk])
        return bool(cursor.fetchone()[0])


@contextmanager
def because_of(cause: Cause, person: Person, file: File) -> Iterator[Application]:
    """The dossier while the person has this interest in it."""
    with transaction.atomic():
        cause(person, Application.objects.get(pk=file.application_id))
        yield Application.objects.get(pk=file.application_id)
        transaction.set_rollback(True)


@pytest.mark.parametrize("role", ["member", "secretary"])
def test_nothing_of_the_file_is_seen_whatever_the_interest(room: Committee, role: str) -> None:
    person = room.members[0] if role == "member" else room.secretary
    other = committee.secretary()
    held = committee.session(other, room.members[1])
    services.schedule(file=room.file, session=held, seen_version=room.file.version, by=other)
    assert selectors.files_visible_to(person).filter(pk=room.file.pk).exists()
    for cause in CAUSES:
        with because_of(cause, person, room.file) as application:
            assert not selectors.files_visible_to(person).exists(), cause
            assert not list(desk.files(person, desk.ALL)), cause
            assert [line.count for line in desk.filters(person, desk.ALL)] == [0, 0, 0, 0, 0], cause
            assert selectors.conflicts_of(person, application), cause
            assert person not in selectors.members_independent_of(application), cause
            assert recused_in_sql(person, application), cause
    linked(person, room.file.application)
    _pages_say_nothing(person, room.file, held.pk)


def _pages_say_nothing(person: Person, file: File, session_id: uuid.UUID) -> None:
    client, application = client_signed_in(person), file.application
    attachment = Attachment.objects.filter(application=application).first()
    assert attachment
    said = [client.get(reverse("committee:home")), client.get(reverse("committee:session", args=[session_id]))]
    for answer in said:
        assert answer.status_code == 200
        text = answer.content.decode()
        assert application.number not in text and application.title not in text and str(file.pk) not in text
    for name in ("agenda_pdf", "minutes_pdf"):
        printed = client.get(reverse(f"committee:{name}", args=[session_id]))
        assert printed.status_code == 200
        assert application.number not in words_of(printed.content)
    missing = client.get(reverse("committee:file", args=[uuid.uuid4()]))
    for name, more in (("file", []), ("opinion_pdf", []), ("attachment", [attachment.pk])):
        answer = client.get(reverse(f"committee:{name}", args=[file.pk, *more]))
        assert answer.status_code == missing.status_code == 404


def words_of(document: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(document)).pages)


def test_a_link_that_ended_long_ago_or_a_former_mandate_keeps_nobody_away(room: Committee) -> None:
    person, organisation = room.members[0], room.file.application.organisation
    long_ago = date(2015, 1, 1)
    MandateFactory.create(person=person, organisation=organisation, starts_on=long_ago, ends_on=long_ago)
    Interest.objects.create(
        person=person,
        organisation=organisation,
        nature="other",
        starts_on=long_ago,
        ends_on=long_ago,
        counts_until=date(2020, 1, 1),
        declared_at=timezone.now(),
    )
    assert selectors.files_visible_to(person).exists()
    assert not selectors.conflicts_of(person, room.file.application)
    assert not recused_in_sql(person, room.file.application)


def test_the_database_keeps_whoever_has_an_interest_from_reporting_voting_and_recording(room: Committee) -> None:
    person = room.members[0]
    for cause in CAUSES:
        with because_of(cause, person, room.file):
            with pytest.raises(RefusedError):
                services.rapporteur_ask(file=room.file, rapporteur=person, by=room.secretary)
            for kind in ("report", "vote"):
                with pytest.raises(DatabaseError, match="neither reports nor votes"), transaction.atomic():
                    _ballot(room, person, kind)
            with pytest.raises(DatabaseError, match="records no opinion"), transaction.atomic():
                _opinion(room, person)


def _opinion(room: Committee, by: Person) -> Opinion:
    return Opinion.objects.create(
        file=room.file,
        content_hash=room.file.content_hash,
        outcome="favourable",
        text_fr="Avis.",
        tally={},
        by=by,
        at=timezone.now(),
    )


def _ballot(room: Committee, person: Person, kind: str = "report", content_hash: str = "") -> Ballot:
    return Ballot.objects.create(
        file=room.file,
        kind=kind,
        person=person,
        content_hash=content_hash or room.file.content_hash,
        asked_by=room.secretary,
        asked_at=timezone.now(),
    )


def test_an_interest_found_late_voids_what_was_asked_and_answered(room: Committee) -> None:
    first, second, _ = room.members
    committee.ask(room.file, room.secretary, first, second)
    committee.report(room.file, first)
    told = Notice.objects.filter(kind="rapporteur_asked")
    assert set(told.values_list("person", flat=True)) == {first.pk, second.pk}
    services.disclose(file=room.file, nature="family", by=first)
    services.interest_declare(
        organisation=room.file.application.organisation, nature="financial", starts_on=date(2020, 1, 1), by=second
    )
    assert set(Ballot.objects.values_list("void_reason", flat=True)) == {"interest"}
    assert not told.exists(), "not even its number is left"
    for person in (first, second):
        with pytest.raises(RefusedError):
            committee.report(room.file, person)


def test_the_database_wants_ballots_voided_before_an_interest_is_declared(room: Committee) -> None:
    committee.ask(room.file, room.secretary, room.members[0])
    with pytest.raises(DatabaseError, match="voided first"), transaction.atomic():
        Disclosure.objects.create(
            person=room.members[0],
            application=room.file.application,
            has_interest=True,
            nature="other",
            declared_at=timezone.now(),
        )


def test_the_database_keeps_answers_declarations_and_opinions_as_they_were_given(room: Committee) -> None:
    first = room.members[0]
    committee.ask(room.file, room.secretary, first)
    committee.report(room.file, first)
    held = Ballot.objects.get(person=first)
    link = services.interest_declare(
        organisation=OrganisationFactory.create(), nature="other", starts_on=date(2020, 1, 1), by=first
    )
    changes = [
        ("UPDATE committee_ballot SET outcome = 'unfavourable' WHERE id = %s", held.pk),
        ("UPDATE committee_ballot SET person_id = asked_by_id WHERE id = %s", held.pk),
        ("DELETE FROM committee_ballot WHERE id = %s", held.pk),
        ("UPDATE committee_disclosure SET has_interest = false WHERE person_id = %s", first.pk),
        ("DELETE FROM committee_disclosure WHERE person_id = %s", first.pk),
        ("UPDATE committee_interest SET organisation_id = gen_random_uuid() WHERE id = %s", link.pk),
        ("DELETE FROM committee_interest WHERE id = %s", link.pk),
    ]
    for statement, key in changes:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [key])


def test_the_database_keeps_opinions_and_void_ballots_for_good(room: Committee) -> None:
    committee.ask(room.file, room.secretary, room.members[0])
    services.rapporteur_release(file=room.file, person_id=str(room.members[0].pk), by=room.secretary)
    opinion = _opinion(room, room.secretary)
    opinion.recommendations.create(position=1, topic="other", text="Publier.")
    for statement in (
        "UPDATE committee_ballot SET voided_at = NULL, void_reason = ''",
        "UPDATE committee_opinion SET outcome = 'unfavourable'",
        "DELETE FROM committee_recommendation",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_database_binds_ballots_and_opinions_to_the_present_content(room: Committee) -> None:
    with pytest.raises(DatabaseError, match="bound to the content"), transaction.atomic():
        _ballot(room, room.members[0], content_hash="0" * 64)
    _ballot(room, room.members[1])
    Application.objects.filter(pk=room.file.application_id).update(content_hash="f" * 64)
    with pytest.raises(DatabaseError, match="bound to the content"), transaction.atomic():
        Ballot.objects.update(answered_at=timezone.now(), outcome="favourable")
    with pytest.raises(DatabaseError, match="voted on"), transaction.atomic():
        _opinion(room, room.secretary)


def test_a_link_begins_before_it_is_declared_and_ends_once(room: Committee) -> None:
    person, organisation = room.members[0], Organisation.objects.order_by("pk")[0]
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(RefusedError):
        services.interest_declare(organisation=organisation, nature="other", starts_on=tomorrow, by=person)
    made = services.interest_declare(organisation=organisation, nature="other", starts_on=date(2020, 1, 1), by=person)
    again = services.interest_declare(organisation=organisation, nature="other", starts_on=date(2021, 1, 1), by=person)
    assert again == made
    with pytest.raises(RefusedError):
        services.interest_end(interest=made, ends_on=tomorrow, by=person)
    ended = services.interest_end(interest=made, ends_on=date(2024, 6, 1), by=person)
    assert ended.counts_until == date(2029, 6, 1)
    with pytest.raises(ChangedMeanwhile):
        services.interest_end(interest=made, ends_on=date(2024, 6, 1), by=person)
