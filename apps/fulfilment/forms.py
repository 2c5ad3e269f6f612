"""Forms by which a project ends."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import CHOOSE, ConfirmationField, RefusableForm
from apps.projects.models import Project

LONGEST = 4000


class CloseForm(RefusableForm):
    """How the project ended, and what became of it."""

    ending = forms.ChoiceField(
        label=_("The project was"),
        choices=[CHOOSE, *((one.value, one.label) for one in (Project.Ending.COMPLETED, Project.Ending.STOPPED))],
    )
    told = forms.CharField(
        label=_("What became of it, or why there are no results"),
        help_text=_("In French, for the public: it appears on the public page."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    confirmed = forms.BooleanField(
        label=_("I have taken out every result that is needed: access ends now, the workspace is destroyed next.")
    )


class RevokeForm(RefusableForm):
    """A misuse, and who is excluded because of it."""

    reason = forms.CharField(
        label=_("What the misuse was"),
        help_text=_("Those concerned read it, and it is given as the reason when they apply again."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    people = forms.MultipleChoiceField(
        label=_("People who may file no application"), required=False, widget=forms.SelectMultiple(attrs={"size": 5})
    )
    organisations = forms.MultipleChoiceField(
        label=_("Organisations that may file no application"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 3}),
    )
    until_on = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    otp_code = ConfirmationField(label=_("One-time code"))

    def __init__(
        self, people: Iterable[tuple[str, str]], organisations: Iterable[tuple[str, str]], data: Any = None
    ) -> None:
        super().__init__(data)
        self.offer("people", people)
        self.offer("organisations", organisations)
