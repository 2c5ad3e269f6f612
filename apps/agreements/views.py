"""Agreements: list, page, document, signature, revision, verification."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.accounts.forms import offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.rules import Act
from apps.agreements import overview, printing, selectors, services
from apps.agreements.forms import CompareForm, DeclineForm, ReviseForm, SignForm
from apps.agreements.models import Agreement, Version
from apps.applications.views.shared import language_of
from apps.audit.reading import event_read
from apps.core.actions import declares
from apps.core.downloads import pdf_response
from apps.core.errors import RefusedError
from apps.core.paging import page_by_key

PAGE_SIZE = 25


def agreement_or_404(request: HttpRequest, agreement_id: UUID) -> Agreement:
    """An agreement that exists for the person."""
    return get_object_or_404(selectors.agreements_visible_to(person_of(request)), pk=agreement_id)


@declares("agreement.list")
def agreements(request: HttpRequest) -> HttpResponse:
    """The agreements of one's teams and organisations, those that await one's signature first."""
    page = page_by_key(selectors.agreements_listed_for(person_of(request)), request.GET.get("page"), PAGE_SIZE)
    return render(request, "agreements/list.html", {"page": page})


@declares("agreement.view")
def agreement(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Where the agreement stands, and the forms of whoever signs."""
    found = agreement_or_404(request, agreement_id)
    _read(request, found, "agreement.read")
    return agreement_shown(request, found)


@declares("agreement.view")
def agreement_of_application(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """From a dossier to its agreement."""
    found = get_object_or_404(selectors.agreements_visible_to(person_of(request)), application=application_id)
    return redirect("agreements:agreement", found.pk)


def agreement_shown(request: HttpRequest, found: Agreement, *, status: int = 200, **forms: Any) -> HttpResponse:
    """The page of an agreement, with the form that was refused if one was."""
    context = {**overview.agreement_page(found, person_of(request)), **forms}
    if context["sign_form"]:
        act = Act("agreement.sign", str(found.pk), context["version"].document_hash)
        offer_passkey(context["sign_form"], person_of(request), act)
    return render(request, "agreements/agreement.html", context, status=status)


def _read(request: HttpRequest, found: Agreement, action: str) -> None:
    event_read(request, action=action, object_kind="agreement", object_id=found.pk, dossier_id=found.application_id)


@declares("agreement.print")
def document(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """The very document that is signed."""
    found = agreement_or_404(request, agreement_id)
    version = get_object_or_404(Version, agreement=found, superseded_at=None, document__isnull=False)
    _read(request, found, "agreement.document_read")
    return pdf_response(bytes(version.document or b""), f"convention-{found.application.number}-v{version.number}")


@declares("agreement.print")
def translation(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """An English translation, for information."""
    found = agreement_or_404(request, agreement_id)
    version = selectors.present_version(found)
    _read(request, found, "agreement.document_read")
    return pdf_response(printing.translation(version), f"agreement-{found.application.number}-v{version.number}")


@declares("agreement.print")
def certificate(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """The certificate of signatures."""
    found = agreement_or_404(request, agreement_id)
    _read(request, found, "agreement.read")
    return pdf_response(printing.certificate(found, language_of()), f"signatures-{found.application.number}")


@declares("agreement.print")
def record(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """The signatures as data, to be checked without the portal."""
    found = agreement_or_404(request, agreement_id)
    _read(request, found, "agreement.read")
    response = JsonResponse(overview.signature_record(found), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="signatures-{found.application.number}.json"'
    return response


@declares("agreement.verify")
def verify(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Check the document and its signatures anew; compare a copy with it."""
    found = agreement_or_404(request, agreement_id)
    form = CompareForm(request.POST, request.FILES) if request.method == "POST" else CompareForm()
    brought = form.cleaned_data["copy"].read() if form.is_bound and form.is_valid() else None
    context = {"agreement": found, "form": form, **overview.verified(found, brought)}
    return render(request, "agreements/verify.html", context, status=422 if form.errors else 200)


@declares("agreement.sign")
def sign(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Sign for a party."""
    found = agreement_or_404(request, agreement_id)
    parties = selectors.parties_signed_for(found, person_of(request))
    form = SignForm(parties, selectors.present_version(found), request.POST)
    if form.is_valid():
        try:
            services.agreement_sign(
                agreement=found,
                party=form.cleaned_data["party"],
                document_hash=form.cleaned_data["document_hash"],
                code=form.cleaned_data["otp_code"],
                by=person_of(request),
            )
        except RefusedError as error:
            form.refuse(error)
            return agreement_shown(request, found, status=429 if error.status == 429 else 422, sign_form=form)
        messages.success(request, _("Your signature was recorded."))
        return redirect("agreements:agreement", found.pk)
    return agreement_shown(request, found, status=422, sign_form=form)


@declares("agreement.decline")
def decline(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Decline to sign, saying why."""
    found = agreement_or_404(request, agreement_id)
    parties = selectors.parties_signed_for(found, person_of(request))
    form = DeclineForm(parties, selectors.present_version(found), request.POST)
    if form.is_valid():
        try:
            services.agreement_decline(agreement=found, by=person_of(request), **form.cleaned_data)
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Your refusal was recorded: a data steward takes it up."))
            return redirect("agreements:agreement", found.pk)
    return agreement_shown(request, found, status=422, decline_form=form)


@declares("agreement.revise")
def revise(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Make a new version; the signatures of this one are then void."""
    found = agreement_or_404(request, agreement_id)
    form = ReviseForm(found, selectors.present_version(found), request.POST)
    if form.is_valid():
        try:
            _revised(request, found, form)
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("A new version is being made; its signatories are told."))
            return redirect("agreements:agreement", found.pk)
    return agreement_shown(request, found, status=422, revise_form=form)


def _revised(request: HttpRequest, found: Agreement, form: ReviseForm) -> None:
    services.agreement_revise(
        agreement=found,
        seen_version=form.cleaned_data["version"],
        clauses=form.cleaned_data["clauses"],
        reason=form.cleaned_data["reason"],
        by=person_of(request),
    )
