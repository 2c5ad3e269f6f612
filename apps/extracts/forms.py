"""Forms about extracts."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CancelForm(forms.Form):
    """Why an extract is cancelled."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The project's team will read it. No patient or health information here."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
