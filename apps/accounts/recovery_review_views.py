"""The stewards' pages of recoveries: who asks, who vouched, and vouching oneself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from apps.accounts import recovering, selectors
from apps.accounts.forms import RecoveryApproveForm, offer_passkey
from apps.accounts.navigation import person_of
from apps.accounts.recovery_models import AccountRecovery
from apps.accounts.rules import RECOVERY_ACTIVE, RECOVERY_TO_APPROVE
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError


@declares("recovery.list")
def listing(request: HttpRequest) -> HttpResponse:
    """The recoveries under way, then the last ones that ended."""
    return render(request, "accounts/recovery/list.html", {"recoveries": selectors.recoveries()[:100]})


@declares("recovery.read")
@reads("recovery.read", object_kind="recovery", object_id="recovery_id")
def recovery(request: HttpRequest, recovery_id: UUID) -> HttpResponse:
    """One recovery, and the form that vouches for it."""
    return _shown(request, _found(recovery_id))


@declares("recovery.approve")
def approve(request: HttpRequest, recovery_id: UUID) -> HttpResponse:
    """Vouch for who asks."""
    found = _found(recovery_id)
    form = RecoveryApproveForm(request.POST)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            recovering.recovery_approve(
                recovery=found, by=person_of(request), note=sent["note"], code=sent["otp_code"], seen=sent["seen"]
            )
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("You vouched for this person. They are told by e-mail."))
            return redirect("accounts:recovery", found.pk)
    return _shown(request, found, form)


@declares("recovery.refuse")
def refuse(request: HttpRequest, recovery_id: UUID) -> HttpResponse:
    """Stop the recovery: whoever asks is not the person."""
    found = _found(recovery_id)
    recovering.recovery_refuse(recovery=found, by=person_of(request), seen=request.POST.get("seen", ""))
    messages.success(request, _("The recovery is refused. The person is told by e-mail."))
    return redirect("accounts:recovery", found.pk)


def _found(recovery_id: UUID) -> AccountRecovery:
    return get_object_or_404(selectors.recoveries(), pk=recovery_id)


def _shown(request: HttpRequest, found: AccountRecovery, form: RecoveryApproveForm | None = None) -> HttpResponse:
    status = 422 if form is not None else 200
    person = person_of(request)
    if form is None:
        form = RecoveryApproveForm(initial={"seen": found.status})
    offer_passkey(form, person, recovering.recovery_act(found))
    mine = person.pk in (found.person_id, found.first_by_id)
    context = {
        "recovery": found,
        "form": form,
        "may_approve": found.status in RECOVERY_TO_APPROVE and not mine,
        "may_refuse": found.status in RECOVERY_ACTIVE,
    }
    return render(request, "accounts/recovery/read.html", context, status=status)
