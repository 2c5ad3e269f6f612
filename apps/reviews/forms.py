"""Forms of access reviews."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import RefusableForm
from apps.people.forms import day_field
from apps.reviews.models import ReviewItem


class OpenForm(RefusableForm):
    """Until when a review lasts."""

    closes_on = day_field(
        _("Last day of the review"),
        _("At its end, every access that nobody confirmed lapses. One week to ninety days."),
    )


class ItemsField(forms.MultipleChoiceField):
    """Numbers of items; which of them exist is the service's business."""

    def valid_value(self, value: str) -> bool:
        return value.isdecimal() and len(value) < 19


class VerdictForm(RefusableForm):
    """The accesses that were ticked, and what is said of them."""

    items = ItemsField(label=_("Accesses"), required=False)
    verdict = forms.ChoiceField(label=_("Verdict"), choices=[("confirm", _("Confirm")), ("withdraw", _("Withdraw"))])
    reason = forms.CharField(
        label=_("Reason, to withdraw"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class FilterForm(forms.Form):
    """Which accesses of a review are listed; all that is not a known choice counts as none."""

    verdict = forms.ChoiceField(
        label=_("Verdict"), choices=[("", _("Any")), *ReviewItem.Verdict.choices], required=False
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any")), *ReviewItem.Kind.choices], required=False)
    name = forms.CharField(label=_("Name of the person"), max_length=100, required=False)
