"""Pages of passkeys: using one to sign in, adding and removing one's own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.accounts import browser_session, factor_changes, passkeys, selectors, services
from apps.accounts.factor_changes import act_on_own
from apps.accounts.forms import CodeForm, ConfirmForm, PasskeyAnswerForm, PasskeyForm, RefusableForm, offer_passkey
from apps.accounts.navigation import onward, person_of
from apps.accounts.views import form_page
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("session.passkey_options")
def sign_in_options(request: HttpRequest) -> JsonResponse:
    """What the browser needs to use a passkey."""
    return JsonResponse(passkeys.sign_in_options(person_of(request)))


@declares("session.passkey_confirm")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Second step of sign-in by a passkey."""
    person = person_of(request)
    form = PasskeyAnswerForm(request.POST)
    if form.is_valid():
        try:
            device = passkeys.passkey_verify(person=person, answer=form.cleaned_data["credential"])
        except RefusedError as error:
            form.refuse(error)
        else:
            browser_session.fully_open(request, device)
            services.session_opened(person=person, kind="passkey")
            return onward(request)
    context = {"form": CodeForm(), "passkey_form": form, "has_passkey": True}
    return render(request, "accounts/second_factor.html", context, status=422)


@declares("account.passkeys_read")
def listing(request: HttpRequest) -> HttpResponse:
    """My passkeys, and the form that adds one."""
    return _shown(request, PasskeyForm())


@declares("account.passkey_options")
def add_options(request: HttpRequest) -> JsonResponse:
    """What the browser needs to make a passkey."""
    return JsonResponse(passkeys.registration_options(person_of(request)))


@declares("account.passkey_add")
def add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey that the browser made; the other sessions end, as at every change of factors."""
    form = PasskeyForm(request.POST)
    if form.is_valid():
        sent, person = form.cleaned_data, person_of(request)
        try:
            factor_changes.passkey_add(
                person=person, answer=sent["credential"], name=sent["name"], code=sent["otp_code"]
            )
        except RefusedError as error:
            form.refuse(error)
        else:
            services.sessions_end(person=person, except_key=request.session.session_key)
            messages.success(request, _("The passkey was added. Your other sessions were ended."))
            return redirect("accounts:passkeys")
    return _shown(request, form)


@declares("account.passkey_remove")
def remove(request: HttpRequest, passkey_id: int) -> HttpResponse:
    """Delete one of my passkeys; the other sessions end."""
    person = person_of(request)
    passkey = get_object_or_404(selectors.passkeys_of(person), pk=passkey_id)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    offer_passkey(form, person, act_on_own(person, factor_changes.REMOVE_PASSKEY, passkey.pk))
    if form.is_valid():
        try:
            factor_changes.passkey_remove(person=person, passkey=passkey, code=form.cleaned_data["otp_code"])
        except RefusedError as error:
            form.refuse(error)
        else:
            services.sessions_end(person=person, except_key=request.session.session_key)
            messages.success(request, _("The passkey was removed. Your other sessions were ended."))
            return redirect("accounts:passkeys")
    return form_page(request, "accounts/passkey_remove.html", form, passkey=passkey)


def _shown(request: HttpRequest, form: RefusableForm) -> HttpResponse:
    person = person_of(request)
    offer_passkey(form, person, act_on_own(person, factor_changes.ADD_PASSKEY))
    context = {"form": form, "passkeys": selectors.passkeys_of(person)}
    return render(request, "accounts/passkeys.html", context, status=422 if form.errors else 200)
