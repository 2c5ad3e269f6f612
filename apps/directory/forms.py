"""What a team tells of its results."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import RefusableForm
from apps.directory.models import Entry
from apps.directory.rules import LONGEST, Results


def _text(label: Any, hint: Any = "", *, english: bool = False) -> forms.CharField:
    attributes = {"rows": 6, **({"lang": "en"} if english else {})}
    return forms.CharField(
        label=label, help_text=hint, required=False, max_length=LONGEST, widget=forms.Textarea(attrs=attributes)
    )


class ResultsForm(RefusableForm):
    """Method, results and publications, in French and English. One publication a line."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    method = _text(_("Method"), _("What was done, for readers who are not specialists."))
    method_en = _text(_("Method, in English"), english=True)
    results = _text(_("Results"), _("What was found, whatever it is: negative results count."))
    results_en = _text(_("Results, in English"), english=True)
    publications = _text(_("Publications"), _("One reference a line, with its DOI if it has one."))

    def __init__(self, entry: Entry, data: Any = None) -> None:
        told = {name: getattr(entry, name) for name in ("method", "method_en", "results", "results_en")}
        lines = "\n".join(entry.publications)
        super().__init__(data, initial={**told, "publications": lines, "version": entry.version})

    def told(self) -> Results:
        """What was typed, as the service takes it."""
        cleaned = self.cleaned_data
        lines = tuple(line.strip() for line in cleaned["publications"].splitlines() if line.strip())
        texts = {
            name: cleaned[name].replace("\r\n", "\n").strip()
            for name in ("method", "method_en", "results", "results_en")
        }
        return Results(**texts, publications=lines)
