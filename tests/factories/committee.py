"""The committee for tests, brought to a stage by its own services."""

from datetime import date, time
from typing import Any

from django.utils import timezone

from apps.accounts.models import Organisation, Person
from apps.applications.models import Application
from apps.committee import services
from apps.committee.models import File, Session
from apps.committee.rules import Outcome, Said
from apps.core.rules import Role
from tests.factories import applications as dossiers
from tests.factories.accounts import MandateFactory, OrganisationFactory, PersonFactory, StaffRoleFactory


def member(organisation: Organisation | None = None, **fields: Any) -> Person:
    """A member of the committee, who acts for an organisation of their own."""
    return _staff(Role.COMMITTEE_MEMBER, organisation, **fields)


def secretary(organisation: Organisation | None = None, **fields: Any) -> Person:
    """A secretary of the committee."""
    return _staff(Role.COMMITTEE_SECRETARY, organisation, **fields)


def _staff(role: Role, organisation: Organisation | None, **fields: Any) -> Person:
    person = StaffRoleFactory.create(person=PersonFactory.create(**fields), role=role.value).person
    home = organisation or OrganisationFactory.create()
    MandateFactory.create(person=person, organisation=home, starts_on=date(2020, 1, 1))
    return person


def file(application: Application | None = None, **more: Any) -> File:
    """The file of a dossier that is before the committee."""
    application = application or dossiers.at_status("committee", path="full_authorisation", **more)
    return fresh(File.objects.get(application=application, stage="waiting"))


def fresh(found: File) -> File:
    """The file as the database has it now."""
    return File.objects.select_related("application__organisation", "session").get(pk=found.pk)


def session(by: Person, *present: Person, is_open: bool = True) -> Session:
    """A session of today with these members present, the first of them presiding."""
    made = services.session_create(held_on=timezone.localdate(), starts_at=time(9, 30), place="Salle Braille", by=by)
    if present:
        people = [person.pk for person in present]
        made = services.session_prepare(
            session=made, present=people, chair_id=people[0], notes="", seen_version=made.version, by=by
        )
    if is_open:
        made = services.session_open(session=made, seen_version=made.version, by=by)
    return made


def disclose(found: File, *people: Person) -> None:
    """Each of them declares to have no interest."""
    for person in people:
        services.disclose(file=found, nature="", by=person)


def report(found: File, by: Person, outcome: Outcome = Outcome.FAVOURABLE, **more: Any) -> None:
    """The rapporteur reports."""
    given: dict[str, Any] = {"comment": "La méthode convient.", "recommendations": [], **more}
    services.ballot_answer(file=found, outcome=outcome, by=by, **given)


def ask(found: File, by: Person, *rapporteurs: Person) -> None:
    """Each of them is asked for a report, and has declared to have no interest."""
    disclose(found, *rapporteurs)
    for rapporteur in rapporteurs:
        services.rapporteur_ask(file=found, rapporteur=rapporteur, by=by)


def reported(found: File, by: Person, *rapporteurs: Person) -> File:
    """The file with all reports in."""
    ask(found, by, *rapporteurs)
    for rapporteur in rapporteurs:
        report(found, rapporteur)
    return fresh(found)


def voting(found: File, by: Person, *present: Person, held: Session | None = None) -> File:
    """The file in an open session, its vote open."""
    held = held or session(by, *present)
    found = reported(found, by, *present[:2])
    services.schedule(file=found, session=held, seen_version=found.version, by=by)
    services.vote_open(file=fresh(found), seen_version=fresh(found).version, by=by)
    disclose(fresh(found), *present)
    return fresh(found)


def counted(found: File, by: Person, votes: dict[Person, Outcome]) -> File:
    """The file with these votes, the vote closed."""
    found = voting(found, by, *votes)
    for voter, outcome in votes.items():
        services.ballot_answer(file=found, outcome=outcome, comment="", recommendations=[], by=voter)
    services.vote_close(file=found, seen_version=fresh(found).version, by=by)
    return fresh(found)


def give_opinion(found: File, by: Person, outcome: Outcome = Outcome.FAVOURABLE, **more: Any) -> Any:
    """The secretary records the opinion, the second factor taken as given."""
    said = Said(outcome, more.get("text_fr", "Avis motivé."), "", more.get("recommendations", ()))
    asked = {"seen_version": found.version, "content_hash": found.content_hash, "code": "000000", "said": said}
    with dossiers.second_factor_accepted():
        return services.opinion_give(file=found, by=by, **{**asked, **more.get("asked", {})})
