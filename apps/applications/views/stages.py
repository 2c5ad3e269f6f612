"""What moves a dossier from stage to stage: the steward's steps, and the team's answers to them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import selectors, services
from apps.applications.deciding_forms import CnilForm, CommitForm, DiscontinueForm, OpinionForm, RedirectForm, StepForm
from apps.applications.rules import Outcome
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
    form = CnilForm(application, request.POST)

    def decide() -> None:
        services.cnil_decision_record(
            application=application,
            seen_version=seen_version(request),
            outcome=Outcome(form.cleaned_data["outcome"]),
            reference=form.cleaned_data["reference"],
            decided_on=form.cleaned_data["decided_on"],
            comment=form.cleaned_data["comment"],
            by=person_of(request),
        )

    return decided(request, application, "cnil_form", form, decide, _("The decision of CNIL was recorded."))


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
