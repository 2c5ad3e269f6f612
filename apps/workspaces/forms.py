"""Forms about workspaces."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.workspaces.models import Offer


class SizeForm(forms.Form):
    """Another size, from the catalogue."""

    size = forms.ChoiceField(label=_("Size"), required=False, help_text=_("Prices by the catalogue, without tax."))
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, offers: Iterable[Offer], **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["size"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.code, _size_in_words(one)) for one in offers] or [("", _("usual size"))]


def _size_in_words(offer: Offer) -> str:
    gpu = f", {offer.gpus} × {offer.gpu}" if offer.gpus else ""
    memory = offer.memory // 1024**3
    return gettext("%(code)s: %(cpus)s cores, %(memory)s GiB%(gpu)s, %(price)s € an hour") % {
        "code": offer.code, "cpus": offer.processors, "memory": memory, "gpu": gpu, "price": offer.hourly,
    }  # fmt: skip


class BudgetForm(forms.Form):
    """What a workspace may cost in all."""

    budget = forms.DecimalField(
        label=_("Budget in euros without tax, for its whole life"),
        help_text=_("Empty: no limit. The team is told at 80 % and when all is used; then the workspace stops."),
        required=False,
        min_value=0,
        max_digits=10,
        decimal_places=2,
        localize=True,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why a workspace is suspended or resumed, and which state of it the person was looking at."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The project's team will read it. No patient or health information here."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
