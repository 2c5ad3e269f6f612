"""The committee's desk: what awaits the person, their interests, the members."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.committee import desk, services
from apps.committee.forms import EndForm, InterestForm
from apps.committee.models import Interest
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.core.paging import page_by_key

PAGE_SIZE = 25


@declares("committee.home")
def home(request: HttpRequest) -> HttpResponse:
    """The files that exist for the person: those that await them first."""
    person, chosen = person_of(request), request.GET.get("etat", desk.OPEN)
    page = page_by_key(desk.files(person, chosen), request.GET.get("page"), PAGE_SIZE)
    context = {"page": page, "filters": desk.filters(person, chosen), "next_sessions": desk.next_sessions()}
    return render(request, "committee/home.html", context)


@declares("committee.members")
def members(request: HttpRequest) -> HttpResponse:
    """The members with what they act for, their declared links and their open reports."""
    return render(request, "committee/members.html", {"lines": desk.members(timezone.localdate())})


@declares("committee.interests")
def interests(request: HttpRequest) -> HttpResponse:
    """The person's own declarations, and the form for one more."""
    person = person_of(request)
    form = InterestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.interest_declare(**form.cleaned_data, by=person)
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Your link was declared. The files of this organisation are no longer yours."))
            return redirect("committee:interests")
    return interests_shown(request, form, status=422 if form.errors else 200)


def interests_shown(request: HttpRequest, form: InterestForm, *, status: int = 200) -> HttpResponse:
    """The page of the person's declarations."""
    person = person_of(request)
    context = {"form": form, "end_form": EndForm(), **desk.declarations(person)}
    return render(request, "committee/interests.html", context, status=status)


@declares("committee.interest_end")
def interest_end(request: HttpRequest, interest_id: UUID) -> HttpResponse:
    """Say that a link of one's own ended."""
    person = person_of(request)
    found = get_object_or_404(Interest, pk=interest_id, person=person)
    form = EndForm(request.POST)
    if not form.is_valid():
        raise RefusedError((_("Give the day on which the link ended."),))
    services.interest_end(interest=found, ends_on=form.cleaned_data["ends_on"], by=person)
    messages.success(request, _("The end of the link was noted."))
    return redirect("committee:interests")
