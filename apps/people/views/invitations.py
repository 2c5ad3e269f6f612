"""Sending invitations, following and accepting them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.accounts import browser_session
from apps.accounts.navigation import person_of
from apps.accounts.views import form_page
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.people.forms import InvitationForm, NewAccountForm, NoFieldForm
from apps.people.models import Invitation
from apps.people.secrets_sent import secret_digest
from apps.people.selectors.invitations import account_exists_for, invitation_of
from apps.people.selectors.organisations import invitations_visible_to
from apps.people.services import invitations as services
from apps.people.views.organisations import organisation_or_404

_FOLLOWED = "invitation"  # in the session: the hash of the link that was followed


@declares("invitation.send")
def send(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Invite somebody to act for the organisation."""
    organisation = organisation_or_404(request, organisation_id)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        sent = form.cleaned_data
        sent["mandate_ends_on"] = sent.pop("ends_on")
        try:
            services.invitation_send(organisation=organisation, **sent, by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The invitation is on its way."))
            return redirect("people:organisation", organisation.pk)
    return form_page(request, "people/invitation_send.html", form, organisation=organisation)


@declares("invitation.resend")
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again, with a fresh link."""
    invitation = _invitation_or_404(request, invitation_id)
    services.invitation_resend(invitation=invitation, by=person_of(request))
    messages.success(request, _("The invitation is on its way again; its earlier links no longer work."))
    return redirect("people:organisation", invitation.organisation_id)


@declares("invitation.withdraw")
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation_or_404(request, invitation_id)
    services.invitation_withdraw(invitation=invitation, by=person_of(request))
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("people:organisation", invitation.organisation_id)


@declares("invitation.follow")
def follow(request: HttpRequest, invitation_secret: str) -> HttpResponse:
    """The link of the message: remember it and go on to an address without a secret in it."""
    digest = secret_digest(invitation_secret)
    if invitation_of(digest) is None:
        return render(request, "people/invitation_over.html", status=404)
    request.session[_FOLLOWED] = digest
    return redirect("people:invitation_accept")


@declares("invitation.accept")
def accept(request: HttpRequest) -> HttpResponse:
    """What the invitation is about, and how this visitor accepts it: with a new account, or with theirs."""
    digest = request.session.get(_FOLLOWED, "")
    invitation = invitation_of(digest)
    if invitation is None:
        return render(request, "people/invitation_over.html")
    if request.user.is_authenticated:
        return _accept_signed_in(request, invitation, digest)
    if account_exists_for(invitation):
        return render(request, "people/invitation_sign_in.html", {"invitation": invitation})
    return _accept_anew(request, invitation, digest)


def _accept_signed_in(request: HttpRequest, invitation: Invitation, digest: str) -> HttpResponse:
    person = person_of(request)
    if not person.is_verified() or person.email != invitation.email:
        return render(request, "people/invitation_sign_in.html", {"invitation": invitation, "other": True})
    form = NoFieldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        services.invitation_accept(digest=digest, by=person)
        del request.session[_FOLLOWED]
        messages.success(request, _("You may now act for this organisation."))
        return redirect("accounts:account")
    return form_page(request, "people/invitation_accept.html", form, invitation=invitation)


def _accept_anew(request: HttpRequest, invitation: Invitation, digest: str) -> HttpResponse:
    names = {"given_name": invitation.given_name, "family_name": invitation.family_name}
    form = NewAccountForm(invitation.email, request.POST if request.method == "POST" else None, initial=names)
    if form.is_valid():
        sent = form.cleaned_data
        del sent["password_again"]
        language = "en" if get_language() == "en" else "fr"
        try:
            person = services.invitation_accept_anew(digest=digest, **sent, language=language)
        except RefusedError as error:
            form.refuse(error)
        else:
            del request.session[_FOLLOWED]
            browser_session.half_open(request, person)
            return redirect("accounts:enrol")
    return form_page(request, "people/invitation_new_account.html", form, invitation=invitation)


def _invitation_or_404(request: HttpRequest, invitation_id: UUID) -> Invitation:
    return get_object_or_404(invitations_visible_to(person_of(request)), pk=invitation_id)
