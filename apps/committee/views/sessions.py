"""Sessions of the committee: list, new, one with its agenda."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications.views.shared import seen_version
from apps.committee import reading, selectors, services
from apps.committee.forms import PrepareForm, SessionForm
from apps.committee.models import Session
from apps.committee.views.shared import session_or_404
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.core.rules import Role

PAGE_SIZE = 25


@declares("committee.sessions")
def sessions(request: HttpRequest) -> HttpResponse:
    """Every session, the latest first."""
    page = Paginator(selectors.sessions(), PAGE_SIZE).get_page(request.GET.get("page"))
    is_secretary = Role.COMMITTEE_SECRETARY in person_of(request).staff_roles
    return render(request, "committee/sessions.html", {"page": page, "is_secretary": is_secretary})


@declares("committee.session_create")
def session_new(request: HttpRequest) -> HttpResponse:
    """Plan a session."""
    form = SessionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = services.session_create(**form.cleaned_data, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The session was planned."))
            return redirect("committee:session", made.pk)
    return render(request, "committee/session_new.html", {"form": form}, status=422 if form.errors else 200)


@declares("committee.session_view")
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """A session with the part of its agenda that exists for the person."""
    return session_shown(request, session_or_404(session_id))


@declares("committee.session_prepare")
def session_prepare(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Note who is present, who presides, and what the minutes say."""
    found = session_or_404(session_id)
    form = reading.prepare_form(found, request.POST)
    if form.is_valid():
        try:
            services.session_prepare(
                session=found,
                present=form.cleaned_data["present"],
                chair_id=form.cleaned_data["chair"],
                notes=form.cleaned_data["notes"],
                seen_version=form.cleaned_data["version"],
                by=person_of(request),
            )
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The session was updated."))
            return redirect("committee:session", found.pk)
    return session_shown(request, found, form, status=422)


def session_shown(
    request: HttpRequest, found: Session, form: PrepareForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The page of a session."""
    context: dict[str, Any] = reading.session_page(found, person_of(request))
    return render(request, "committee/session.html", {**context, **({"form": form} if form else {})}, status=status)


@declares("committee.session_open")
def session_open(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Open the session."""
    return _moved(request, session_id, services.session_open, _("The session is open."))


@declares("committee.session_close")
def session_close(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Close the session."""
    return _moved(request, session_id, services.session_close, _("The session is closed."))


@declares("committee.session_cancel")
def session_cancel(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Cancel the session."""
    return _moved(request, session_id, services.session_cancel, _("The session was cancelled."))


def _moved(request: HttpRequest, session_id: UUID, move: Callable[..., Session], done: str) -> HttpResponse:
    found = session_or_404(session_id)
    move(session=found, seen_version=seen_version(request), by=person_of(request))
    messages.success(request, done)
    return redirect("committee:session", found.pk)
