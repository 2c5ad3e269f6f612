"""Forms about workspaces."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ReasonForm(forms.Form):
    """Why a workspace is suspended or resumed, and which state of it the person was looking at."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The project's team will read it. No patient or health information here."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
