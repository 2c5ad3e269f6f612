"""Messages on a dossier, and a person's notices."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import messages_read, services, wording
from apps.applications.forms import MessageForm, PreferenceForm
from apps.applications.models import Application
from apps.applications.views.shared import examined_or_404, mine_or_404
from apps.audit.reading import reads
from apps.core.actions import declares, keeps_typed
from apps.core.errors import RefusedError

PAGE_SIZE = 25


@declares("application.messages")
@keeps_typed
@reads("application.messages_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def team_messages(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The messages of a dossier, for its team."""
    return _messages(request, mine_or_404(request, application_id), as_staff=False)


@declares("application.review_messages")
@reads("application.messages_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def review_messages(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The messages of a dossier, for stewards: those among staff too."""
    return _messages(request, examined_or_404(application_id), as_staff=True)


@declares("application.review_message_post")
@keeps_typed
@reads("application.messages_read", object_kind="application", object_id="application_id", dossier_id="application_id")
def review_message_post(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """A steward's message."""
    return _messages(request, examined_or_404(application_id), as_staff=True)


def _messages(request: HttpRequest, application: Application, *, as_staff: bool) -> HttpResponse:
    form = MessageForm(as_staff, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.message_post(application=application, by=person_of(request), as_staff=as_staff, **form.posted())
        except RefusedError as error:
            if error.field is None:
                raise
            form.refuse(error)
        else:
            messages.success(request, _("The message was sent."))
            return redirect("applications:review_messages" if as_staff else "applications:messages", application.pk)
    context: dict[str, Any] = {
        "application": application,
        "form": form,
        "as_staff": as_staff,
        "found": messages_read.messages_of(application, with_internal=as_staff),
    }
    return render(request, "applications/messages.html", context, status=422 if form.errors else 200)


@declares("application.notices")
def notices(request: HttpRequest) -> HttpResponse:
    """What happened on the person's dossiers."""
    latest = messages_read.notices_of(person_of(request))[: messages_read.NOTICES_SHOWN]
    page = Paginator(latest, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [(notice, wording.notice_sentence(notice.kind, notice.data)) for notice in page],
        "may_have_more": page.paginator.count == messages_read.NOTICES_SHOWN and not page.has_next(),
    }
    return render(request, "applications/notices.html", context)


@declares("application.notices_read")
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark all of them as read."""
    services.notices_read(by=person_of(request))
    return redirect("applications:notices")


@declares("application.notice_preference")
def notice_preference(request: HttpRequest) -> HttpResponse:
    """How often they come by e-mail."""
    person = person_of(request)
    form = PreferenceForm(messages_read.mail_preference(person), request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.notice_preference_set(by=person, mail=form.cleaned_data["mail"])
        messages.success(request, _("Your choice was kept."))
        return redirect("applications:notices")
    return render(request, "applications/notice_preference.html", {"form": form}, status=422 if form.errors else 200)
