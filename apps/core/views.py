"""Home, accessibility statement, error pages, and the list of what needs a person."""

import sys

from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.db import transaction
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token

from apps.core import happenings, outbox, selectors
from apps.core.actions import declares, portal_roles
from apps.core.errors import ChangedMeanwhile
from apps.core.models import OutboxItem
from apps.core.rules import Role

PAGE_SIZE = 50
RETRY_AFTER_SECONDS = "10"


@declares("core.home")
def home(request: HttpRequest) -> HttpResponse:
    """The visitor's own front page, or what the portal is for."""
    roles = portal_roles(request)
    if Role.STEWARD in roles:
        return redirect("applications:queue")
    if Role.OPERATOR in roles:
        return redirect("interventions")
    if Role.AUDITOR in roles:
        return redirect("audit:search")
    if Role.PERSON in roles:
        return redirect("applications:list")
    return render(request, "core/home.html")


@declares("core.read_public_page")
def accessibility(request: HttpRequest) -> HttpResponse:
    """What the portal holds of the accessibility rules."""
    return render(request, "core/accessibility.html")


@declares("core.list_interventions")
def interventions(request: HttpRequest) -> HttpResponse:
    """What the machine could not finish alone, with the reason."""
    page = Paginator(selectors.items_needing_a_person(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "core/interventions.html", {"page": page})


@declares("core.retry_intervention")
def intervention_retry(request: HttpRequest, item_id: int) -> HttpResponse:
    """Put one of them back to work."""
    get_object_or_404(OutboxItem, pk=item_id)
    with transaction.atomic():
        if not outbox.outbox_retry(item_id):
            raise ChangedMeanwhile(_("This intervention was already dealt with."))
        happenings.happened("outbox.retried", subject_id=str(item_id), by=str(request.user.pk))
    return redirect("interventions")


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """One answer for what is missing and for what is not the visitor's: nobody learns which."""
    return render(request, "404.html", status=404)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """What failed unexpectedly; called while its exception is being handled."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return unavailable(request)
    return render(request, "500.html", status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database is away, or gave this transaction up: a page that asks it nothing, not even who the visitor is."""
    request.user = AnonymousUser()
    answer = render(request, "503.html", status=503)
    answer["Retry-After"] = RETRY_AFTER_SECONDS
    return answer


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page stayed open too long, or cookies are refused: say so rather than "forbidden"."""
    return render(request, "core/csrf.html", status=403)
