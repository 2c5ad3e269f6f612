"""Pages for those who cannot sign in: a password to set anew, a recovery to ask for, to stop, to finish."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts import recovering
from apps.accounts.addresses import visitor_address
from apps.accounts.forms import EmailForm, NewPasswordForm, PasswordResetForm, RefusableForm
from apps.accounts.mailed_secrets import Purpose, secret_found
from apps.accounts.views import form_page
from apps.core.actions import declares
from apps.core.errors import PortalError, RefusedError


@declares("session.password_forgotten")
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link by which the password is set anew; the answer tells nothing of the account."""
    return _asked(request, "accounts/recovery/password_forgotten.html", recovering.password_reset_ask)


@declares("session.recovery_ask")
def recovery_ask(request: HttpRequest) -> HttpResponse:
    """Ask to enter without one's second factor; the answer tells nothing of the account."""
    return _asked(request, "accounts/recovery/ask.html", recovering.recovery_ask)


def _asked(request: HttpRequest, template: str, ask: Callable[..., None]) -> HttpResponse:
    form = EmailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            ask(email=form.cleaned_data["email"], address=visitor_address(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            return render(request, "accounts/recovery/asked.html")
    return form_page(request, template, form)


@declares("session.password_reset")
def password_reset(request: HttpRequest, link: str) -> HttpResponse:
    """Set the password anew by a link and the second factor."""
    found = secret_found(link, Purpose.RESET)
    if found is None:
        return _over(request)
    form = PasswordResetForm(found.person, request.POST if request.method == "POST" else None)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            recovering.password_reset(link=found, new=sent["new_password"], code=sent.get("otp_code", ""))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Your password is set anew. Your sessions were ended: sign in."))
            return redirect("accounts:sign_in")
    return form_page(request, "accounts/recovery/password_reset.html", form)


@declares("session.recovery_finish")
def recovery_finish(request: HttpRequest, link: str) -> HttpResponse:
    """Choose a new password; the former factors go, and signing in sets up a new one."""
    found = secret_found(link, Purpose.FINISH)
    if found is None:
        return _over(request)
    form = NewPasswordForm(found.person, request.POST if request.method == "POST" else None)
    if form.is_valid():
        recovering.recovery_finish(link=found, new=form.cleaned_data["new_password"])
        messages.success(request, _("Your account is recovered. Sign in, then set up your new second factor."))
        return redirect("accounts:sign_in")
    return form_page(request, "accounts/recovery/finish.html", form)


@declares("session.recovery_cancel")
def recovery_cancel(request: HttpRequest, link: str) -> HttpResponse:
    """Stop a recovery, from the link of any of its messages."""
    found = secret_found(link, Purpose.CANCEL)
    if found is None:
        return _over(request)
    if request.method == "POST":
        try:
            recovering.recovery_cancel(link=found)
        except PortalError:
            return _over(request)
        return render(request, "accounts/recovery/cancelled.html")
    return form_page(request, "accounts/recovery/cancel.html", RefusableForm())


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/recovery/over.html")
