"""Forms about extracts."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import ConfirmationField, RefusableForm


class CancelForm(forms.Form):
    """Why an extract is cancelled."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The project's team will read it. No patient or health information here."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ReleaseForm(RefusableForm):
    """What a steward decides about a verified extract."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[
            ("release", _("Hand the extract over to the workspace")),
            ("refuse", _("Refuse it: what was made is removed")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The project's team will read it. No patient or health information here."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    otp_code = ConfirmationField(label=_("One-time code"))
