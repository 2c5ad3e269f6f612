"""One file before the committee, and everything that is done about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.accounts.forms import offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.rules import Act
from apps.applications.downloads import document_response
from apps.applications.views.shared import language_of, seen_version
from apps.audit.reading import event_read, reads
from apps.committee import reading, selectors, services
from apps.committee.forms import AnswerForm, DisclosureForm, OpinionForm, RapporteurForm, ScheduleForm
from apps.committee.models import File
from apps.committee.views.shared import file_or_404
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("committee.file_view")
def file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """The file as the person may see it now. Reading the dossier leaves an event."""
    found = file_or_404(request, file_id)
    context = reading.file_page(found, person_of(request), language_of())
    if context["opened"]:
        event_read(
            request,
            action="committee.file_read",
            object_kind="committee_file",
            object_id=found.pk,
            dossier_id=found.application_id,
        )
    return render(request, "committee/file.html", context)


def file_shown(request: HttpRequest, found: File, *, status: int, **forms: Any) -> HttpResponse:
    """The page of a file again, with the form that was refused."""
    context = reading.file_page(found, person_of(request), language_of())
    return render(request, "committee/file.html", {**context, **forms}, status=status)


@declares("committee.file_attachment")
@reads("committee.document_read", object_kind="attachment", object_id="attachment_id")
def attachment(request: HttpRequest, file_id: UUID, attachment_id: UUID) -> HttpResponseBase:
    """A document of the dossier, for whoever may read it."""
    found = file_or_404(request, file_id)
    documents = reading.documents_for(found, person_of(request))
    return document_response(get_object_or_404(documents, pk=attachment_id))


@declares("committee.disclose")
def disclose(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Declare an interest in the dossier, or none."""
    found, form = file_or_404(request, file_id), DisclosureForm(request.POST)
    if not form.is_valid():
        return file_shown(request, found, status=422, disclosure_form=form)
    nature = form.cleaned_data["nature"]
    services.disclose(file=found, nature=nature, by=person_of(request))
    if nature:
        messages.success(request, _("Your interest was noted: this dossier is left to others."))
        return redirect("committee:home")
    messages.success(request, _("You declared to have no interest in this dossier."))
    return redirect("committee:file", found.pk)


@declares("committee.answer")
def answer(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Give the report or the vote that is awaited."""
    found = file_or_404(request, file_id)
    form = AnswerForm(request.POST, is_report=reading.owes_a_report(found, person_of(request)))

    def give() -> None:
        services.ballot_answer(
            file=found,
            outcome=form.cleaned_data["outcome"],
            comment=form.cleaned_data["comment"],
            recommendations=form.recommendations(),
            by=person_of(request),
        )

    return _done(request, found, "answer_form", form, give, _("Your answer was recorded."))


@declares("committee.rapporteur_ask")
def rapporteur_ask(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Ask a member for a report."""
    found = file_or_404(request, file_id)
    form = RapporteurForm(list(selectors.members_independent_of(found.application)), request.POST)

    def ask() -> None:
        services.rapporteur_ask(file=found, rapporteur=form.cleaned_data["rapporteur"], by=person_of(request))

    return _done(request, found, "rapporteur_form", form, ask, _("The report was asked for."))


@declares("committee.rapporteur_release")
def rapporteur_release(request: HttpRequest, file_id: UUID, rapporteur_id: UUID) -> HttpResponse:
    """Ask a member no longer."""
    found = file_or_404(request, file_id)
    services.rapporteur_release(file=found, person_id=str(rapporteur_id), by=person_of(request))
    messages.success(request, _("The rapporteur was released."))
    return redirect("committee:file", found.pk)


@declares("committee.schedule")
def schedule(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Put the file on the agenda of a session."""
    found = file_or_404(request, file_id)
    form = ScheduleForm(found, selectors.sessions_taking_files(), request.POST)

    def put() -> None:
        services.schedule(
            file=found,
            session=form.cleaned_data["session"],
            seen_version=seen_version(request),
            by=person_of(request),
        )

    return _done(request, found, "schedule_form", form, put, _("The file is on the agenda."))


@declares("committee.unschedule")
def unschedule(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Take the file off the agenda."""
    return _moved(request, file_id, services.unschedule, _("The file was taken off the agenda."))


@declares("committee.vote_open")
def vote_open(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Ask the members present to vote."""
    return _moved(request, file_id, services.vote_open, _("The vote is open."))


@declares("committee.vote_close")
def vote_close(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Close the vote and see what it says."""
    return _moved(request, file_id, services.vote_close, _("The vote is closed."))


def _moved(request: HttpRequest, file_id: UUID, move: Callable[..., File], done: str) -> HttpResponse:
    found = file_or_404(request, file_id)
    move(file=found, seen_version=seen_version(request), by=person_of(request))
    messages.success(request, done)
    return redirect("committee:file", found.pk)


@declares("committee.opinion_record")
def opinion(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Write the opinion, and record it with the second factor."""
    found = file_or_404(request, file_id)
    if request.method != "POST":
        return _opinion_shown(request, found)
    form = OpinionForm(found, selectors.file_facts(found, person_of(request)).recordable, request.POST)
    if form.is_valid():
        try:
            _opinion_given(request, found, form)
        except RefusedError as error:
            form.refuse(error)
            return _opinion_shown(request, found, form, status=429 if error.status == 429 else 422)
        messages.success(request, _("The opinion was recorded."))
        return redirect("committee:file", found.pk)
    return _opinion_shown(request, found, form, status=422)


def _opinion_given(request: HttpRequest, found: File, form: OpinionForm) -> None:
    services.opinion_give(
        file=found,
        seen_version=form.cleaned_data["version"],
        content_hash=form.cleaned_data["content_hash"],
        said=form.said(),
        code=form.cleaned_data["otp_code"],
        by=person_of(request),
    )


def _opinion_shown(
    request: HttpRequest, found: File, form: OpinionForm | None = None, *, status: int = 200
) -> HttpResponse:
    context = reading.file_page(found, person_of(request), language_of())
    form = form or OpinionForm(found, context["facts"].recordable, proposed=context["proposed"])
    offer_passkey(form, person_of(request), Act("committee.opinion_record", str(found.pk), found.content_hash))
    return render(request, "committee/opinion.html", {**context, "form": form}, status=status)


def _done(request: HttpRequest, found: File, name: str, form: Any, act: Callable[[], None], said: str) -> HttpResponse:
    """Do it, or show the page again with what is wrong in the form."""
    if form.is_valid():
        try:
            act()
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, said)
            return redirect("committee:file", found.pk)
    return file_shown(request, found, status=422, **{name: form})
