"""My accreditation, and what stewards, operators and administrators see of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.forms import RefusableForm
from apps.accounts.models import Person
from apps.accounts.navigation import person_of
from apps.accounts.views import form_page
from apps.applications.downloads import document_response
from apps.applications.services.documents import MAX_BYTES
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.people.forms import (
    AcceptConditionsForm,
    AddressForm,
    CertificateForm,
    ConditionsForm,
    ExaminationForm,
    NoFieldForm,
    OrcidForm,
)
from apps.people.models import ConditionsOfUse, TrainingCertificate
from apps.people.secrets_sent import secret_digest
from apps.people.selectors import accreditation as selectors
from apps.people.selectors.overview import accreditation_page
from apps.people.services import accreditation as services
from apps.people.services import training

PAGE_SIZE = 25


@declares("accreditation.read")
def mine(request: HttpRequest) -> HttpResponse:
    """What my access to data rests on, and what to do about it."""
    return _my_page(request)


def _my_page(request: HttpRequest, **forms: RefusableForm) -> HttpResponse:
    person = person_of(request)
    address = selectors.address_of(person)
    page: dict[str, Any] = {
        **accreditation_page(person),
        "certificate_form": CertificateForm(),
        "address_form": AddressForm(initial={"email": address.email if address else person.email}),
        "orcid_form": OrcidForm(initial={"orcid": selectors.orcid_of(person)}),
        **forms,
    }
    return render(request, "people/accreditation.html", page, status=422 if forms else 200)


@declares("training.add")
def certificate_add(request: HttpRequest) -> HttpResponse:
    """Add a training certificate."""
    form = CertificateForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            training.training_add(
                completed_on=form.cleaned_data["completed_on"],
                name=file.name,
                data=file.read(MAX_BYTES + 1),
                by=person_of(request),
            )
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The certificate was added. A data steward will examine it."))
            return redirect("people:accreditation")
    return _my_page(request, certificate_form=form)


@declares("training.read_own")
def certificate_own(request: HttpRequest, own_certificate_id: UUID) -> FileResponse:
    """The file of one of my certificates."""
    return document_response(get_object_or_404(selectors.certificates_of(person_of(request)), pk=own_certificate_id))


@declares("conditions.accept")
def conditions(request: HttpRequest) -> HttpResponse:
    """Read the conditions of use, and accept them."""
    person, found = person_of(request), selectors.conditions_in_force(timezone.localdate())
    present = {"version": found.version if found else 0}
    form = AcceptConditionsForm(request.POST if request.method == "POST" else None, initial=present)
    if form.is_valid():
        services.conditions_accept(version=form.cleaned_data["version"], by=person)
        messages.success(request, _("You have accepted the conditions of use."))
        return redirect("people:accreditation")
    accepted = person.accepted_conditions.filter(conditions=found).first() if found else None
    return form_page(request, "people/conditions.html", form, conditions=found, accepted=accepted)


@declares("address.verify_ask")
def address_verify_ask(request: HttpRequest) -> HttpResponse:
    """Have a link sent to my professional address."""
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            services.address_verify_ask(email=form.cleaned_data["email"], by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("A link is on its way to this address. It works for one day."))
            return redirect("people:accreditation")
    return _my_page(request, address_form=form)


@declares("address.verify")
def address_verify(request: HttpRequest, secret: str) -> HttpResponse:
    """The link that was sent to my professional address."""
    digest = secret_digest(secret)
    address = selectors.address_of_link(digest, person_of(request))
    if address is None:
        return render(request, "people/address_over.html", status=404)
    form = NoFieldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.address_verify(digest=digest, by=person_of(request))
        messages.success(request, _("Your professional address is proven."))
        return redirect("people:accreditation")
    return form_page(request, "people/address_verify.html", form, address=address)


@declares("orcid.declare")
def orcid(request: HttpRequest) -> HttpResponse:
    """Declare my ORCID iD."""
    form = OrcidForm(request.POST)
    if form.is_valid():
        try:
            services.orcid_declare(orcid=form.cleaned_data["orcid"], by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Your ORCID iD was recorded."))
            return redirect("people:accreditation")
    return _my_page(request, orcid_form=form)


@declares("accreditation.examine")
@reads("person.accreditation_read", object_kind="person", object_id="holder_id")
def holder(request: HttpRequest, holder_id: UUID) -> HttpResponse:
    """Somebody's accreditation, for those who look after them."""
    found: Person = get_object_or_404(selectors.holders_visible_to(person_of(request)), pk=holder_id)
    return render(request, "people/holder.html", {"holder": found, **accreditation_page(found)})


@declares("training.queue")
def queue(request: HttpRequest) -> HttpResponse:
    """The certificates that wait for a steward."""
    page = Paginator(selectors.certificates_to_examine(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "people/certificates.html", {"page": page})


@declares("training.examine")
def examine(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Accept or refuse a certificate."""
    certificate = _certificate_or_404(certificate_id)
    form = ExaminationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _examined(certificate, form, person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Your verdict was recorded."))
            return redirect("people:certificates")
    return form_page(request, "people/certificate_examine.html", form, certificate=certificate)


def _examined(certificate: TrainingCertificate, form: ExaminationForm, by: Person) -> None:
    if form.cleaned_data["verdict"] == "accept":
        training.training_accept(certificate=certificate, by=by)
    else:
        training.training_refuse(certificate=certificate, reason=form.cleaned_data["reason"], by=by)


@declares("training.read")
@reads("training.read", object_kind="training_certificate", object_id="certificate_id")
def certificate(request: HttpRequest, certificate_id: UUID) -> FileResponse:
    """The file of a certificate, for stewards."""
    return document_response(_certificate_or_404(certificate_id))


def _certificate_or_404(certificate_id: UUID) -> TrainingCertificate:
    return get_object_or_404(TrainingCertificate.objects.select_related("person"), pk=certificate_id)


@declares("conditions.publish")
def conditions_publish(request: HttpRequest) -> HttpResponse:
    """The versions of the conditions of use, and a new one."""
    form = ConditionsForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = services.conditions_publish(**form.cleaned_data, by=person_of(request))
        messages.success(request, _("Version %(n)d was published.") % {"n": made.version})
        return redirect("people:conditions_publish")
    versions = ConditionsOfUse.objects.select_related("published_by")
    return form_page(request, "people/conditions_publish.html", form, versions=versions)
