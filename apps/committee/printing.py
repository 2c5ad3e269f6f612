"""Agenda, minutes and opinion as PDF, in French or English."""

from django.db.models import QuerySet

from apps.accounts.models import Person
from apps.applications.selectors import applications_visible_to
from apps.committee import reading, rules, selectors
from apps.committee.models import Ballot, File, Opinion, Session
from apps.committee.rules import BallotKind
from apps.core.printing import pdf_from_template
from apps.core.rules import Role


def agenda(session: Session, reader: Person, language: str) -> bytes:
    """The agenda as it exists for the reader, with the rapporteurs of each file."""
    lines = [(file, _rapporteurs(file)) for file, _, _ in reading.agenda_lines(session, reader)]
    return pdf_from_template("committee/print/agenda.html", {"session": session, "lines": lines}, language)


def minutes(session: Session, reader: Person, language: str) -> bytes:
    """The minutes as they exist for the reader: attendance, notes, and for each file its vote and opinion."""
    context = {
        "session": session,
        "present": selectors.people_present(session),
        "lines": reading.agenda_lines(session, reader),
    }
    return pdf_from_template("committee/print/minutes.html", context, language)


def opinion(found: Opinion, language: str, *, for_committee: bool) -> bytes:
    """The opinion. The names of the rapporteurs stay with the committee, unless the policy shows them."""
    policy = selectors.policy_of(found.file)
    named = rules.names_are_shown(for_committee, policy.names_shown_to_applicants)
    context = {
        "opinion": found,
        "file": found.file,
        "application": found.file.application,
        "votes": reading.counts_in_words(found.tally),
        "rapporteurs": _rapporteurs(found.file) if named else [],
        "text": (found.text_en or found.text_fr) if language == "en" else found.text_fr,
        "text_language": "en" if language == "en" and found.text_en else "fr",
        "legal": policy.legal[language],
    }
    return pdf_from_template("committee/print/opinion.html", context, language)


def _rapporteurs(file: File) -> list[Person]:
    reports = Ballot.objects.filter(file=file, kind=BallotKind.REPORT, voided_at=None).select_related("person")
    return [report.person for report in reports.order_by("person__family_name", "person__given_name")]


def opinions() -> QuerySet[Opinion]:
    """Express opinions with what their print needs."""
    return Opinion.objects.select_related("file__application__organisation", "file__session__chair").prefetch_related(
        "recommendations"
    )


def files_for_team(person: Person) -> QuerySet[File]:
    """The files whose opinion the person may read as applicant, or as steward."""
    found = File.objects.select_related("application")
    if Role.STEWARD in person.staff_roles:
        return found
    return found.filter(application__in=applications_visible_to(person).order_by())
