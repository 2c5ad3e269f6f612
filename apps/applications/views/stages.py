"""What moves a dossier from stage to stage: the steward's steps, and the team's answers to them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import selectors, services
from apps.applications.deciding_forms import (
    CnilForm,
    CommitForm,
    DiscontinueForm,
    ExtendForm,
    ObligationForm,
    OpinionForm,
    RedirectForm,
    StepForm,
)
from apps.applications.rules import Outcome
from apps.applications.services.documents import MAX_BYTES
from apps.applications.views.mine import detail_shown
from apps.applications.views.shared import examined_or_404, mine_or_404, seen_version
from apps.applications.views.stewards import decided
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("application.accept")
def accept(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The file is complete."""
    application = examined_or_404(application_id)
    form = StepForm(application, request.POST)

    def decide() -> None:
        services.application_accept(application=application, seen_version=seen_version(request), by=person_of(request))

    return decided(request, application, "accept_form", form, decide, _("The dossier is complete and goes on."))


@declares("application.redirect")
def redirect_to_path(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Another path fits."""
    application = examined_or_404(application_id)
    form = RedirectForm(application, selectors.other_paths(application), request.POST)

    def decide() -> None:
        services.application_redirect(
            application=application,
            seen_version=seen_version(request),
            path=form.cleaned_data["path"],
            reason=form.cleaned_data["reason"],
            by=person_of(request),
        )

    done = _("The dossier was returned to its team on the other path.")
    return decided(request, application, "redirect_form", form, decide, done)


@declares("application.opinion_transcribe")
def opinion(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Record an opinion that the committee gave on paper."""
    application = examined_or_404(application_id)
    form = OpinionForm(application, request.POST)

    def decide() -> None:
        services.opinion_transcribe(
            application=application,
            seen_version=seen_version(request),
            outcome=Outcome(form.cleaned_data["outcome"]),
            session_ref=form.cleaned_data["reference"],
            decided_on=form.cleaned_data["decided_on"],
            recommendations=form.cleaned_data["comment"],
            by=person_of(request),
        )

    return decided(request, application, "opinion_form", form, decide, _("The opinion was recorded."))


@declares("application.cnil_record")
def cnil(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Record the authority's decision."""
    application = examined_or_404(application_id)
    form = CnilForm(application, request.POST, request.FILES)

    def decide() -> None:
        typed = form.cleaned_data
        services.cnil_decision_record(
            application=application,
            seen_version=seen_version(request),
            decision=services.AuthorityDecision(
                outcome=Outcome(typed["outcome"]),
                reference=typed["reference"],
                decided_on=typed["decided_on"],
                comment=typed["comment"],
                conditions=typed["conditions"].splitlines(),
            ),
            document=file_of(typed["document"]),
            by=person_of(request),
        )

    return decided(request, application, "cnil_form", form, decide, _("The decision of CNIL was recorded."))


def file_of(uploaded: UploadedFile | None) -> tuple[str, bytes] | None:
    """The name and the bytes of a file that was sent, if one was."""
    return (uploaded.name or "", uploaded.read(MAX_BYTES + 1)) if uploaded else None


@declares("application.silence_confirm")
def silence(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Confirm what the law makes of a silence."""
    application = examined_or_404(application_id)

    def decide() -> None:
        services.silence_confirm(application=application, seen_version=seen_version(request), by=person_of(request))

    form = StepForm(application, request.POST)
    return decided(request, application, "silence_form", form, decide, _("The silence was confirmed."))


@declares("application.extend")
def extend(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Extend the running delay once."""
    application = examined_or_404(application_id)
    form = ExtendForm(application, request.POST)

    def decide() -> None:
        services.delay_extend(
            application=application,
            seen_version=seen_version(request),
            reason=form.cleaned_data["reason"],
            by=person_of(request),
        )

    return decided(request, application, "extend_form", form, decide, _("The delay was extended."))


@declares("application.check")
def check(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Keep what was found about the checklist."""
    application = examined_or_404(application_id)
    marks = {name.removeprefix("mark-"): request.POST[name] for name in request.POST if name.startswith("mark-")}
    services.checklist_mark(application=application, marks=marks, by=person_of(request))
    messages.success(request, _("The checklist was saved."))
    return redirect("applications:review", application.pk)


@declares("application.obligation_fulfil")
def obligation(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Say how a condition was fulfilled."""
    application = examined_or_404(application_id)
    form = ObligationForm(application, request.POST)

    def decide() -> None:
        services.obligation_fulfil(application=application, by=person_of(request), **form.fulfilled)

    return decided(request, application, "obligation_form", form, decide, _("The condition is noted as fulfilled."))


@declares("application.discontinue")
def discontinue(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Close a dossier whose team no longer answers."""
    application = examined_or_404(application_id)
    form = DiscontinueForm(application, request.POST)

    def decide() -> None:
        services.application_discontinue(
            application=application,
            seen_version=seen_version(request),
            reason=form.cleaned_data["reason"],
            by=person_of(request),
        )

    return decided(request, application, "discontinue_form", form, decide, _("The dossier was closed."))


@declares("application.refer")
def refer(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Go on to the authority with the opinion received."""
    done = _("The dossier was referred to CNIL.")
    return _answered(request, application_id, services.application_refer, done)


@declares("application.revise")
def revise(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Take the dossier back to amend it."""
    done = _("Every page is open again: amend the dossier, then submit it.")
    return _answered(request, application_id, services.application_revise, done)


def _answered(request: HttpRequest, application_id: UUID, answer: Callable[..., Any], done: str) -> HttpResponse:
    application = mine_or_404(request, application_id)
    answer(application=application, seen_version=seen_version(request), by=person_of(request))
    messages.success(request, done)
    return redirect("applications:detail", application.pk)


@declares("application.commit")
def commit(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Declare the commitment to conform to the reference methodology."""
    application = mine_or_404(request, application_id)
    form = CommitForm(application, request.POST)
    if form.is_valid():
        try:
            services.commitment_declare(
                application=application,
                seen_version=seen_version(request),
                number=form.cleaned_data["reference"],
                declared_on=form.cleaned_data["decided_on"],
                by=person_of(request),
            )
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The commitment was recorded."))
            return redirect("applications:detail", application.pk)
    return detail_shown(request, application, status=422, commit_form=form)
