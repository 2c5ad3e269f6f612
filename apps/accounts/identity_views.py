"""Sign-in through an identity provider, and linking one's identity there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from apps.accounts import browser_session, identities, identity_provider, selectors, services
from apps.accounts.identity_provider import LINK, SIGN_IN, Vouched
from apps.accounts.models import Person
from apps.accounts.navigation import next_of, own_path, person_of, with_next
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("session.identity_begin")
def begin(request: HttpRequest) -> HttpResponse:
    """Go to the identity provider to sign in."""
    address = identity_provider.journey_begin(request, purpose=SIGN_IN, next_path=next_of(request))
    return redirect(address)


@declares("session.identity_return")
def come_back(request: HttpRequest) -> HttpResponse:
    """Back from the identity provider: one step of sign-in is done, or the link is made."""
    try:
        vouched = identity_provider.journey_end(request)
        if vouched.purpose == LINK:
            return _linked(request, vouched)
        return _signed_in(request, vouched)
    except RefusedError as error:
        messages.error(request, " ".join(str(message) for message in error.messages))
        return redirect("accounts:account" if request.user.is_authenticated else "accounts:sign_in")


def _linked(request: HttpRequest, vouched: Vouched) -> HttpResponse:
    if request.user.is_authenticated and person_of(request).is_verified():
        identities.identity_link(by=person_of(request), vouched=vouched)
        messages.success(request, _("Your identity is linked: you can sign in with it."))
    return redirect("accounts:account")


def _signed_in(request: HttpRequest, vouched: Vouched) -> HttpResponse:
    person = identities.person_vouched_for(vouched)
    if person is None:
        messages.error(
            request,
            _(
                "No account of the portal is linked to this identity. Sign in with your password, then link it from"
                " the page My account."
            ),
        )
        return redirect("accounts:sign_in")
    browser_session.half_open(request, person)
    services.identity_accepted(person=person)
    next_path = own_path(request, vouched.next_path)
    if not identity_provider.is_strong_enough(vouched):
        return redirect(with_next("accounts:second_factor", next_path))
    return _opened(request, person, next_path)


def _opened(request: HttpRequest, person: Person, next_path: str) -> HttpResponse:
    device = selectors.factor_of(person)
    if device is None:
        return redirect(with_next("accounts:enrol", next_path))
    browser_session.fully_open(request, device)
    services.session_opened(person=person, kind="identity_provider")
    return redirect(next_path or "home")


@declares("account.identity_link")
def link(request: HttpRequest) -> HttpResponse:
    """Go to the identity provider to link who I am there."""
    identity_provider.provider()
    identities.link_confirmed(by=person_of(request))
    return redirect(identity_provider.journey_begin(request, purpose=LINK))


@declares("account.identity_unlink")
def unlink(request: HttpRequest) -> HttpResponse:
    """No longer sign in through the identity provider."""
    identity_provider.provider()
    identities.identity_unlink(by=person_of(request))
    messages.success(request, _("The link is ended: sign in with your password."))
    return redirect("accounts:account")
