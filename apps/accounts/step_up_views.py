"""The page that confirms an act by the second factor, and what browsers ask to do it with a passkey."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts import passkeys, wording
from apps.accounts.acts import asked_by
from apps.accounts.forms import ActForm, ConfirmForm, offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.rules import Act
from apps.accounts.stepping_up import step_up_confirm
from apps.accounts.views import form_page
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("account.step_up")
def step_up(request: HttpRequest) -> HttpResponse:
    """Confirm an act; then on to it."""
    person, token = person_of(request), request.POST.get("acte") or request.GET.get("acte", "")
    asked = asked_by(person, token)
    if asked is None:
        messages.warning(request, _("This confirmation has expired. Nothing was done: start again from the page."))
        return redirect("accounts:account")
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    offer_passkey(form, person, asked.act)
    if form.is_valid():
        try:
            step_up_confirm(person=person, code=form.cleaned_data["otp_code"], **vars(asked.act))
        except RefusedError as error:
            form.refuse(error)
        else:
            return render(request, "accounts/step_up_done.html", {"asked": asked})
    sentence = wording.ACTS.get(asked.act.action, wording.SOME_ACT)
    return form_page(request, "accounts/step_up.html", form, asked=asked, token=token, sentence=sentence)


@declares("account.step_up_options")
def options(request: HttpRequest) -> JsonResponse:
    """What the browser needs to confirm one act by a passkey."""
    form = ActForm(request.POST)
    if not form.is_valid():
        return JsonResponse({}, status=422)
    return JsonResponse(passkeys.step_up_options(person_of(request), Act(**form.cleaned_data)))
