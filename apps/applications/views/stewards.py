"""The steward's queue and the screen on which a dossier is decided."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.forms import RefusableForm, offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.rules import Act
from apps.applications import examination, selectors, services
from apps.applications.deciding_forms import (
    ApproveForm,
    CnilForm,
    DiscontinueForm,
    ExtendForm,
    JudgeForm,
    OpinionForm,
    RedirectForm,
    RefuseForm,
    ReturnForm,
)
from apps.applications.models import Application
from apps.applications.policy import Stage
from apps.applications.views.shared import examined_or_404, language_of, seen_version
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import ChangedMeanwhile, RefusedError

# What the page calls the form of a step, where it is not the step's own verb.
_NAMES = {"opinion_transcribe": "opinion", "cnil_record": "cnil"}


@declares("application.review")
@reads("application.read", object_kind="application", object_id="application_id", dossier_id="application_id")
def review(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Everything about a dossier, and the forms that decide."""
    return review_shown(request, examined_or_404(application_id))


def review_shown(request: HttpRequest, application: Application, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The decision screen, with the form that was refused if one was."""
    context = examination.examination(application, person_of(request), language_of())
    shown = {**_forms(application, context["actions"]), **forms}
    for verb in ("approve", "refuse"):
        if form := shown.get(f"{verb}_form"):
            act = Act(f"application.{verb}", str(application.pk), application.content_hash)
            offer_passkey(form, person_of(request), act)
    return render(request, "applications/review.html", {**context, **shown}, status=status)


def _forms(application: Application, actions: Collection[str]) -> dict[str, RefusableForm]:
    """A blank form for each step that may be taken."""
    blank: dict[str, Callable[[], RefusableForm]] = {
        "extend": lambda: ExtendForm(application),
        "judge": lambda: JudgeForm(application),
        "return": lambda: ReturnForm(application, selectors.path_of(application).reasons),
        "approve": lambda: ApproveForm(application),
        "refuse": lambda: RefuseForm(application),
        "redirect": lambda: RedirectForm(application, selectors.other_paths(application)),
        "opinion_transcribe": lambda: OpinionForm(application),
        "cnil_record": lambda: CnilForm(application),
        "discontinue": lambda: DiscontinueForm(application),
    }
    made = ((_NAMES.get(verb, verb), form) for verb, form in blank.items() if f"application.{verb}" in actions)
    return {f"{name}_form": form() for name, form in made}


@declares("application.return")
def return_to_team(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Give the dossier back with reasons."""
    application = examined_or_404(application_id)
    form = ReturnForm(application, selectors.path_of(application).reasons, request.POST)

    def decide() -> None:
        services.application_return(
            application=application, seen_version=seen_version(request), reasons=form.reasons(), by=person_of(request)
        )

    return decided(request, application, "return_form", form, decide, _("The dossier was returned to its team."))


@declares("application.approve")
def approve(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Approve what was read."""
    application = examined_or_404(application_id)
    form = ApproveForm(application, request.POST)

    def decide() -> None:
        services.application_approve(
            application=application,
            seen_version=seen_version(request),
            content_hash=request.POST.get("content_hash", ""),
            code=form.cleaned_data["otp_code"],
            comment=form.cleaned_data["comment"],
            by=person_of(request),
        )

    return decided(request, application, "approve_form", form, decide, _what_follows(application))


def _what_follows(application: Application) -> str:
    if Stage.AGREEMENT in selectors.path_of(application).stages:
        return _("The dossier was approved. The agreement comes next: the project opens once every party has signed.")
    return _("The dossier was approved. The project, its extract and its workspace are on their way.")


@declares("application.refuse")
def refuse(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Refuse, saying why."""
    application = examined_or_404(application_id)
    form = RefuseForm(application, request.POST)

    def decide() -> None:
        services.application_refuse(
            application=application,
            seen_version=seen_version(request),
            content_hash=request.POST.get("content_hash", ""),
            code=form.cleaned_data["otp_code"],
            reason=form.cleaned_data["reason"],
            by=person_of(request),
        )

    return decided(request, application, "refuse_form", form, decide, _("The dossier was refused."))


def decided(
    request: HttpRequest,
    application: Application,
    name: str,
    form: RefusableForm,
    decide: Callable[[], None],
    done: str,
) -> HttpResponse:
    """Decide, or show the screen again: with what is wrong, or with the new state when somebody was faster."""
    status = 422
    if form.is_valid():
        try:
            decide()
        except ChangedMeanwhile as error:
            return review_shown(request, examined_or_404(application.pk), status=error.status, changed=error)
        except RefusedError as error:
            form.refuse(error)
            status = 429 if error.status == 429 else 422
        else:
            messages.success(request, done)
            return redirect("applications:review", application.pk)
    return review_shown(request, application, status=status, **{name: form})
