"""What an extract is made of and how well it hides people; cancelling it, asking for it again."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import offer_passkey
from apps.accounts.models import Person
from apps.accounts.navigation import person_of
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.extracts import releasing
from apps.extracts.forms import CancelForm, ReleaseForm
from apps.extracts.models import ExtractRequest
from apps.extracts.presentation import report_page
from apps.extracts.selectors import awaiting_release, requests_visible_to, units_of
from apps.extracts.services import extract_cancel_decide
from apps.extracts.unit_lines import kinds_alike, stages_to_choose, unit_lines

PAGE_SIZE = 25
UNITS_A_PAGE = 100


@declares("extract.view")
@reads("extract.read", object_kind="extract", object_id="extract_id")
def report(request: HttpRequest, extract_id: UUID) -> HttpResponse:
    """Progress while it is made; population, filters and risk once it stands."""
    return render(request, "extracts/report.html", report_page(_visible(request, extract_id), person_of(request)))


@declares("extract.view")
def units(request: HttpRequest, extract_id: UUID) -> HttpResponse:
    """Every unit of an extract and how far it is, or those of one stage."""
    extract, stage = _visible(request, extract_id), request.GET.get("stage", "")
    page = Paginator(units_of(extract, kinds_alike(stage)), UNITS_A_PAGE).get_page(request.GET.get("page"))
    context = {"extract": extract, "page": page, "lines": unit_lines(page), **stages_to_choose(stage)}
    return render(request, "extracts/units.html", context)


@declares("extract.awaiting")
def awaiting(request: HttpRequest) -> HttpResponse:
    """The verified extracts that wait for a steward."""
    page = Paginator(awaiting_release(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "extracts/awaiting.html", {"page": page})


@declares("extract.release")
@reads("extract.read", object_kind="extract", object_id="extract_id")
def release(request: HttpRequest, extract_id: UUID) -> HttpResponse:
    """Read what the extract exposes, then let it go to the workspace or refuse it."""
    extract, person = _visible(request, extract_id), person_of(request)
    releasing.refuse_who_takes_part(extract, person)
    form = ReleaseForm(request.POST if request.method == "POST" else None)
    offer_passkey(form, person, releasing.act_of(extract))
    if form.is_valid() and _decided(extract, form, person):
        messages.success(request, _("Your decision is recorded; the project's team is told."))
        return redirect("extracts:report", extract_id=extract.pk)
    context = {**report_page(extract, person), "form": form}
    return render(request, "extracts/release.html", context, status=422 if form.errors else 200)


def _decided(extract: ExtractRequest, form: ReleaseForm, by: Person) -> bool:
    typed = form.cleaned_data
    asked = releasing.Verdict(typed["decision"] == "release", typed["reason"], typed["otp_code"])
    try:
        releasing.extract_release_decide(request=extract, verdict=asked, by=by)
    except RefusedError as error:
        if error.field is None:
            raise
        form.refuse(error)
        return False
    return True


@declares("extract.cancel")
def cancel(request: HttpRequest, extract_id: UUID) -> HttpResponse:
    """Ask for the reason, then end the extract and remove what was made of it."""
    extract = _visible(request, extract_id)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        extract_cancel_decide(request=extract, by=person_of(request), reason=form.cleaned_data["reason"])
        messages.success(request, _("The extract is being cancelled; nothing of it will be kept."))
        return redirect("extracts:report", extract_id=extract.pk)
    status = 422 if form.is_bound else 200
    return render(request, "extracts/cancel.html", {"form": form, "extract": extract}, status=status)


@declares("extract.restart")
def restart(request: HttpRequest, extract_id: UUID) -> HttpResponse:
    """Ask again for a cancelled extract."""
    releasing.extract_restart_decide(request=_visible(request, extract_id), by=person_of(request))
    messages.success(request, _("The extract is asked for again."))
    return redirect("extracts:report", extract_id=extract_id)


def _visible(request: HttpRequest, extract_id: UUID) -> ExtractRequest:
    return get_object_or_404(requests_visible_to(person_of(request)), pk=extract_id)
