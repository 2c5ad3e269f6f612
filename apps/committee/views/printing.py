"""Agenda, minutes and opinion on paper: each reader's copy holds what exists for them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from apps.accounts.navigation import person_of
from apps.applications.views.shared import language_of
from apps.audit.reading import event_read, reads
from apps.committee import printing
from apps.committee.models import File, Session
from apps.committee.views.shared import file_or_404, session_or_404
from apps.core.actions import declares
from apps.core.downloads import pdf_response


@declares("committee.session_print")
@reads("committee.session_read", object_kind="committee_session", object_id="session_id")
def agenda_pdf(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The agenda of a session."""
    found = session_or_404(session_id)
    return pdf_response(printing.agenda(found, person_of(request), language_of()), f"ordre-du-jour-{found.held_on}")


@declares("committee.session_print")
@reads("committee.session_read", object_kind="committee_session", object_id="session_id")
def minutes_pdf(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The minutes of a session."""
    found = get_object_or_404(Session.objects.exclude(opened_at=None), pk=session_id)
    return pdf_response(printing.minutes(found, person_of(request), language_of()), f"proces-verbal-{found.held_on}")


@declares("committee.opinion_print")
def opinion_pdf(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The opinion, for the committee: with the rapporteurs' names."""
    return _printed(request, file_or_404(request, file_id), for_committee=True)


@declares("committee.opinion_read")
def opinion_for_team(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The opinion, for the dossier's team and the stewards: with names only where the policy shows them."""
    found = get_object_or_404(printing.files_for_team(person_of(request)), pk=file_id)
    return _printed(request, found, for_committee=False)


def _printed(request: HttpRequest, file: File, *, for_committee: bool) -> HttpResponse:
    opinion = get_object_or_404(printing.opinions(), file=file)
    dossier = file.application_id
    event_read(
        request, action="committee.opinion_read", object_kind="committee_file", object_id=file.pk, dossier_id=dossier
    )
    document = printing.opinion(opinion, language_of(), for_committee=for_committee)
    return pdf_response(document, f"avis-{file.application.number}")
