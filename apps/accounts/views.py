"""Pages of sign-in, in the order a visitor meets them."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts import browser_session, factor_changes, factors, language, selectors, services
from apps.accounts.addresses import visitor_address
from apps.accounts.forms import CodeForm, FirstCodeForm, RefusableForm, SignInForm
from apps.accounts.models import Person
from apps.accounts.navigation import next_of, onward, person_of, with_next
from apps.accounts.rules import CodeKind, SessionEnd
from apps.accounts.stepping_up import step_up_is_fresh
from apps.core.actions import declares
from apps.core.errors import RefusedError


def form_page(request: HttpRequest, template: str, form: RefusableForm, **context: object) -> HttpResponse:
    """The page of a form; its status says whether what was sent was refused."""
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


@declares("session.sign_in")
def sign_in(request: HttpRequest) -> HttpResponse:
    """First step: e-mail address and password."""
    if request.user.is_authenticated:
        return redirect(with_next("accounts:second_factor", next_of(request)))
    form = SignInForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            person = services.password_check(**form.cleaned_data, address=visitor_address(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            browser_session.half_open(request, person)
            step = redirect(with_next("accounts:second_factor", next_of(request)))
            return language.remembered(step, person.language)
    ended = request.GET.get("ended") if request.GET.get("ended") in list(SessionEnd) else None
    return form_page(request, "accounts/sign_in.html", form, ended=ended, provider=settings.IDENTITY_PROVIDER)


@declares("session.confirm")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Second step: a one-time code or a recovery code."""
    person = person_of(request)
    if person.is_verified():
        return onward(request)
    device = selectors.factor_of(person)
    if device is None:
        return redirect(with_next("accounts:enrol", next_of(request)))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            kind = services.second_factor_verify(person=person, code=form.cleaned_data["code"], purpose="sign_in")
        except RefusedError as error:
            form.refuse(error)
        else:
            browser_session.fully_open(request, device)
            services.session_opened(person=person, kind=kind)
            _warn_of_recovery(request, person, kind)
            return onward(request)
    has_passkey = person.has_passkey
    return form_page(request, "accounts/second_factor.html", form, has_passkey=has_passkey)


def _warn_of_recovery(request: HttpRequest, person: Person, kind: CodeKind) -> None:
    if kind is CodeKind.RECOVERY:
        left = selectors.recovery_codes_left(person)
        template = ngettext(
            "You used a recovery code; %(n)d is left. If you lost your device, replace your second factor now.",
            "You used a recovery code; %(n)d are left. If you lost your device, replace your second factor now.",
            left,
        )
        messages.warning(request, template % {"n": left})


@declares("session.enrol")
def enrol(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator application: the first one, or another in place of the present one just confirmed."""
    person = person_of(request)
    replacing = selectors.factor_of(person) is not None
    if replacing and not step_up_is_fresh(person, factor_changes.act_on_own(person, factor_changes.REPLACE)):
        return redirect(with_next("accounts:second_factor", next_of(request)))
    seed = browser_session.enrolment_seed(request, person)
    form = FirstCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            _enrol(request, person, seed, form.cleaned_data["code"], replacing=replacing)
        except RefusedError as error:
            form.refuse(error)
        else:
            return redirect(with_next("accounts:recovery_codes", next_of(request)))
    drawing, typed = factors.enrolment_qr(person, seed), factors.seed_text(seed)
    return form_page(request, "accounts/enrol.html", form, qr=drawing, seed=typed, replacing=replacing)


def _enrol(request: HttpRequest, person: Person, seed: bytes, code: str, *, replacing: bool) -> None:
    device, codes = factor_changes.enrolment_confirm(person=person, seed=seed, code=code, replacing=replacing)
    browser_session.fully_open(request, device)
    browser_session.recovery_codes_keep(request, person, codes)
    services.sessions_end(person=person, except_key=request.session.session_key)
    if not replacing:
        services.session_opened(person=person, kind=CodeKind.TOTP)


@declares("account.recovery_codes_read")
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """The fresh recovery codes, until the person says that they have kept them."""
    codes = browser_session.recovery_codes(request, person_of(request))
    if request.method == "POST":
        browser_session.recovery_codes_forget(request)
    if request.method == "POST" or not codes:
        return onward(request)
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


@declares("session.sign_out")
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, on the server too."""
    was_open = request.user.is_authenticated
    if was_open:
        services.session_closed(person=person_of(request), reason="signed_out")
    logout(request)
    if was_open:
        messages.success(request, _("You are signed out."))
    response = redirect("home")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
