"""The account page and what can be changed from it; the choice of language, for everybody."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts import browser_session, factor_changes, identities, language, selectors, services
from apps.accounts.factor_changes import act_on_own
from apps.accounts.forms import ConfirmForm, FactorReplaceForm, PasswordChangeForm, offer_passkey
from apps.accounts.models import StaffRoleName
from apps.accounts.navigation import own_path, person_of
from apps.accounts.views import form_page
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("account.read")
def account(request: HttpRequest) -> HttpResponse:
    """Who I am, for whom I act, how I sign in, where I am signed in."""
    person = person_of(request)
    context = {
        "person": person,
        "mandates": selectors.mandates_of(person, timezone.localdate()),
        "roles": [StaffRoleName(role).label for role in sorted(person.staff_roles)],
        "factor": selectors.factor_of(person),
        "recovery_codes_left": selectors.recovery_codes_left(person),
        "passkeys": selectors.passkeys_of(person),
        "provider": settings.IDENTITY_PROVIDER,
        "identity": identities.identity_of(person) if settings.IDENTITY_PROVIDER else None,
        "passkey_needed": getattr(person, "roles_await_passkey", False),
        "sessions": selectors.sessions_of(person, request.session.session_key),
    }
    return render(request, "accounts/account.html", context)


@declares("account.session_extend")
def session_extend(request: HttpRequest) -> JsonResponse:
    """For how many seconds the session lasts; a POST gives it more, as any activity does."""
    if request.method == "POST":
        browser_session.extend(request)
    return JsonResponse({"seconds": browser_session.seconds_left(request, person_of(request))})


@declares("account.sessions_end")
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End every session of mine but this one."""
    ended = services.sessions_end(person=person_of(request), except_key=request.session.session_key)
    template = ngettext("%(n)d other session was ended.", "%(n)d other sessions were ended.", ended)
    messages.success(request, template % {"n": ended})
    return redirect("accounts:account")


@declares("account.session_end")
def session_end(request: HttpRequest, mark: str) -> HttpResponse:
    """End one session of mine."""
    if services.session_end(person=person_of(request), mark=mark):
        messages.success(request, _("The session was ended."))
    return redirect("accounts:account")


@declares("account.password_change")
def password_change(request: HttpRequest) -> HttpResponse:
    """A new password, against the present one and a one-time code; the other sessions end."""
    person = person_of(request)
    form = PasswordChangeForm(person, request.POST if request.method == "POST" else None)
    offer_passkey(form, person, act_on_own(person, factor_changes.PASSWORD))
    if form.is_valid():
        sent = form.cleaned_data
        try:
            factor_changes.password_change(
                person=person, current=sent["current_password"], new=sent["new_password"], code=sent["otp_code"]
            )
        except RefusedError as error:
            form.refuse(error)
        else:
            update_session_auth_hash(request, person)
            services.sessions_end(person=person, except_key=request.session.session_key)
            messages.success(request, _("Your password is changed. Your other sessions were ended."))
            return redirect("accounts:account")
    return form_page(request, "accounts/password.html", form)


@declares("account.factor_replace")
def factor_replace(request: HttpRequest) -> HttpResponse:
    """Confirm the present second factor (or a recovery code) before another takes its place."""
    person = person_of(request)
    form = FactorReplaceForm(request.POST if request.method == "POST" else None)
    offer_passkey(form, person, act_on_own(person, factor_changes.REPLACE), "code")
    if form.is_valid():
        try:
            factor_changes.factor_replace_confirm(person=person, code=form.cleaned_data["code"])
        except RefusedError as error:
            form.refuse(error)
        else:
            return redirect("accounts:enrol")
    return form_page(request, "accounts/factor_replace.html", form)


@declares("account.recovery_codes_renew")
def recovery_codes_renew(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes in place of the present ones; the other sessions end, as at every change of factors."""
    person = person_of(request)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    offer_passkey(form, person, act_on_own(person, factor_changes.RENEW_CODES))
    if form.is_valid():
        try:
            codes = factor_changes.recovery_codes_renew(person=person, code=form.cleaned_data["otp_code"])
        except RefusedError as error:
            form.refuse(error)
        else:
            browser_session.recovery_codes_keep(request, person, codes)
            services.sessions_end(person=person, except_key=request.session.session_key)
            return redirect("accounts:recovery_codes")
    return form_page(request, "accounts/recovery_codes_renew.html", form)


@declares("language.choose")
def language_set(request: HttpRequest) -> HttpResponse:
    """Choose the language of the pages, for this browser and, when signed in, for the person."""
    response = redirect(own_path(request, request.POST.get("next", "")) or "home")
    chosen = request.POST.get("language", "")
    if not language.is_known(chosen):
        return response
    if request.user.is_authenticated:
        services.language_choose(person=person_of(request), language=chosen)
    return language.remembered(response, chosen)
