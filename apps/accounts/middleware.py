"""Sessions end by themselves: after some time without activity, and after a working day at most."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from apps.accounts import browser_session, passkeys, services
from apps.accounts.acts import ask
from apps.accounts.models import Person
from apps.accounts.navigation import page_being_used, person_of, with_next
from apps.accounts.rules import SessionEnd
from apps.accounts.stepping_up import StepUpMissing, step_up_spend
from apps.core.actions import action_of
from apps.core.row_security import rows_shown_to
from apps.core.rules import Action

Next = Callable[[HttpRequest], HttpResponse]


def session_limits(get_response: Next) -> Next:
    """Send somebody whose session is over to the sign-in page, which leads back to the page they were on."""

    def middleware(request: HttpRequest) -> HttpResponse:
        person = request.user if SESSION_KEY in request.session else None
        if not isinstance(person, Person):
            return get_response(request)
        end = browser_session.touch(request, person)
        if end is not None:
            return _ended(request, person, end)
        _roles_by_passkey_only(person)
        if person.is_verified():
            rows_shown_to(str(person.pk))
        return get_response(request)

    return middleware


class acts_need_step_up:
    """Ask for the second factor where an act lacks it, and let a sensitive download begin only with it: this very
    address, once.

    Those of the permission table (`second_factor` on a page that is only read) and those of the setting
    STEP_UP_DOWNLOADS. To be placed last: nobody else then answers an act that was not confirmed.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        action = action_of(view)
        if action is None or not _is_sensitive_download(action):
            return None
        address = hashlib.sha256(request.get_full_path().encode()).hexdigest()
        try:
            with transaction.atomic():
                step_up_spend(person=person_of(request), action=action.name, content_hash=address)
        except StepUpMissing as missing:
            return ask(request, missing.act)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return ask(request, error.act) if isinstance(error, StepUpMissing) else None


def _is_sensitive_download(action: Action) -> bool:
    only_read = action.methods == ("GET",)
    return only_read and (action.second_factor or action.name in settings.STEP_UP_DOWNLOADS)


def _roles_by_passkey_only(person: Person) -> None:
    """Leave aside, in this request, the roles that policy gives only to sessions opened by a passkey."""
    device = getattr(person, "otp_device", None)  # django-otp's middleware puts it there
    if settings.PASSKEY_ROLES and person.is_verified() and passkeys.passkey_needed(person, device):
        person.__dict__["staff_roles"] = person.staff_roles - settings.PASSKEY_ROLES
        person.__dict__["roles_await_passkey"] = True


def _ended(request: HttpRequest, person: Person, end: SessionEnd) -> HttpResponse:
    services.session_closed(person=person, reason=end)
    logout(request)
    address = with_next("accounts:sign_in", page_being_used(request), ended=end)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
