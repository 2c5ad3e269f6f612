"""Who is excluded from new applications, for stewards."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import exclusions, services
from apps.applications.deciding_forms import LiftForm
from apps.applications.models import Exclusion
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("application.exclusions")
def excluded(request: HttpRequest) -> HttpResponse:
    """Every exclusion, those in force first."""
    return _shown(request)


def _shown(request: HttpRequest, status: int = 200, **refused: object) -> HttpResponse:
    context = {"lines": exclusions.exclusion_lines(), "form": LiftForm(), **refused}
    return render(request, "applications/exclusions.html", context, status=status)


@declares("application.exclusion_lift")
def exclusion_lift(request: HttpRequest) -> HttpResponse:
    """End one before its day."""
    form = LiftForm(request.POST)
    if not form.is_valid():
        return _shown(request, 422, form=form)
    exclusion = get_object_or_404(Exclusion.objects.select_related("application"), pk=form.cleaned_data["exclusion"])
    try:
        services.exclusion_lift(exclusion=exclusion, reason=form.cleaned_data["reason"], by=person_of(request))
    except RefusedError as error:
        form.refuse(error)
        return _shown(request, 422, form=form)
    messages.success(request, _("The exclusion was lifted."))
    return redirect("applications:exclusions")
