"""Organisations, their people and mandates."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import Mandate, Organisation
from apps.accounts.navigation import person_of
from apps.accounts.views import form_page
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.core.rules import Refused
from apps.people import rules
from apps.people.forms import LastDayForm, NoFieldForm, OrganisationForm
from apps.people.selectors import organisations as selectors
from apps.people.selectors.overview import people_lines
from apps.people.services import organisations as services

PAGE_SIZE = 25


@declares("organisation.list")
def listing(request: HttpRequest) -> HttpResponse:
    """Every organisation, found by name or SIREN."""
    text = request.GET.get("q", "").strip()
    found = selectors.organisations_found(text, timezone.localdate())
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "people/organisations.html", {"page": page, "text": text})


@declares("organisation.mine")
def mine(request: HttpRequest) -> HttpResponse:
    """The organisations of which I am an administrator."""
    found = selectors.organisations_administered_by(person_of(request))
    return render(request, "people/my_organisations.html", {"organisations": found})


@declares("organisation.create")
def create(request: HttpRequest) -> HttpResponse:
    """A new organisation."""
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        sent = _without_version(form)
        try:
            made = services.organisation_create(**sent, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The organisation was created."))
            return redirect("people:organisation", made.pk)
    return form_page(request, "people/organisation_create.html", form)


def _without_version(form: OrganisationForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "version"}


@declares("organisation.read")
@reads("organisation.read", object_kind="organisation", object_id="organisation_id")
def organisation(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """One organisation: its people with their accreditation, and its invitations."""
    found = organisation_or_404(request, organisation_id)
    roles = selectors.roles_for(person_of(request), found)
    context = {
        "organisation": found,
        "lines": people_lines(found, person_of(request), timezone.localdate()),
        "invitations": selectors.invitations_listed(found),
        "may_correct": not isinstance(rules.decide("organisation.correct", roles), Refused),
    }
    return render(request, "people/organisation.html", context)


@declares("organisation.correct")
def correct(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Correct what the platform knows of an organisation."""
    found = organisation_or_404(request, organisation_id)
    present = {name: getattr(found, name) for name in ("name", "siren", "kind", "roles", "version")}
    form = OrganisationForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        seen, sent = form.cleaned_data["version"], _without_version(form)
        try:
            services.organisation_correct(organisation=found, seen_version=seen or 0, **sent, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The organisation was corrected."))
            return redirect("people:organisation", found.pk)
    return form_page(request, "people/organisation_correct.html", form, organisation=found)


@declares("mandate.change")
def mandate_change(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Another role or last day for somebody of the organisation."""
    mandate = _mandate_or_404(request, mandate_id)
    present = {"role": mandate.role, "ends_on": mandate.ends_on}
    form = LastDayForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        try:
            services.mandate_change(mandate=mandate, **form.cleaned_data, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The mandate was changed."))
            return redirect("people:organisation", mandate.organisation_id)
    return form_page(request, "people/mandate_change.html", form, mandate=mandate)


@declares("mandate.end")
def mandate_end(request: HttpRequest, mandate_id: int) -> HttpResponse:
    """Ask once, then end somebody's mandate: their access goes with the next request."""
    mandate = _mandate_or_404(request, mandate_id)
    form = NoFieldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.mandate_end_by_keeper(mandate=mandate, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The mandate has ended."))
            return redirect("people:organisation", mandate.organisation_id)
    return form_page(request, "people/mandate_end.html", form, mandate=mandate)


def organisation_or_404(request: HttpRequest, organisation_id: UUID) -> Organisation:
    """An organisation whose people the visitor may see; for others it does not exist."""
    return get_object_or_404(selectors.organisations_visible_to(person_of(request)), pk=organisation_id)


def _mandate_or_404(request: HttpRequest, mandate_id: int) -> Mandate:
    return get_object_or_404(selectors.mandates_visible_to(person_of(request)), pk=mandate_id)
