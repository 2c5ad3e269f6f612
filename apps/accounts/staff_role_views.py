"""Who holds which role on the platform; giving and ending them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts import rules, selectors, staff_roles
from apps.accounts.forms import EmailForm, RefusableForm, StaffRoleForm
from apps.accounts.models import Person, StaffRole
from apps.accounts.navigation import person_of
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.core.rules import Allowed, Role


@declares("staff_role.list")
def listing(request: HttpRequest) -> HttpResponse:
    """Every role on the platform, past ones too; with an e-mail address, the way to that person's page."""
    form = EmailForm(request.GET if "email" in request.GET else None)
    if form.is_valid():
        found = selectors.person_by_email(form.cleaned_data["email"])
        if found is not None:
            return redirect("accounts:staff_roles_of", found.pk)
        form.add_error("email", _("Nobody has an account with this address."))
    lines = selectors.staff_role_rows()
    return _page(request, "accounts/staff_roles.html", form, lines=lines)


@declares("staff_role.list")
def of_person(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """The roles of one person, and the form that gives one."""
    return _of_person(request, _person(staff_id), StaffRoleForm(initial={"starts_on": timezone.localdate()}))


@declares("staff_role.give")
def give(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Give a role to a person."""
    found, form = _person(staff_id), StaffRoleForm(request.POST)
    if form.is_valid():
        sent = {**form.cleaned_data, "role": Role(form.cleaned_data["role"])}
        try:
            staff_roles.staff_role_grant(person=found, by=person_of(request), **sent)
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The role is given."))
            return redirect("accounts:staff_roles_of", found.pk)
    return _of_person(request, found, form)


@declares("staff_role.end")
def end(request: HttpRequest, staff_role_id: int) -> HttpResponse:
    """End a role: the very next request of its holder goes without it."""
    found = get_object_or_404(StaffRole.objects.select_related("person"), pk=staff_role_id)
    staff_roles.staff_role_withdraw(staff_role=found, by=person_of(request))
    messages.success(request, _("The role is ended."))
    return redirect("accounts:staff_roles_of", found.person_id)


def _person(staff_id: UUID) -> Person:
    return get_object_or_404(Person, pk=staff_id)


def _of_person(request: HttpRequest, found: Person, form: RefusableForm) -> HttpResponse:
    lines = selectors.staff_role_rows().filter(person=found)
    return _page(request, "accounts/staff_roles_of.html", form, holder=found, lines=lines)


def _page(request: HttpRequest, template: str, form: RefusableForm, **context: object) -> HttpResponse:
    may_change = isinstance(rules.decide(staff_roles.GIVE, person_of(request).staff_roles), Allowed)
    common = {"form": form, "may_change": may_change, "today": timezone.localdate(), "me": person_of(request)}
    return render(request, template, {**common, **context}, status=422 if form.errors else 200)
