"""What auditors may ask of the log, in the address of the page so that a search can be kept and sent."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.audit.selectors import Search, person_id_by_email


class SearchForm(forms.Form):
    """The filters of every page of the log. Nothing is required."""

    person = forms.CharField(
        label=_("Person"), required=False, max_length=254, help_text=_("E-mail address or identifier of who did it.")
    )
    action = forms.CharField(
        label=_("Action"),
        required=False,
        max_length=80,
        help_text=_("Its exact name. Example: application.submitted"),
        widget=forms.TextInput(attrs={"list": "audit-actions"}),
    )
    kind = forms.CharField(
        label=_("Kind of object"),
        required=False,
        max_length=40,
        help_text=_("Example: application, extract, workspace"),
    )
    object = forms.CharField(label=_("Identifier of the object"), required=False, max_length=64)
    dossier = forms.UUIDField(
        label=_("Dossier"), required=False, help_text=_("Identifier of the dossier, with all that came out of it.")
    )
    since = forms.DateTimeField(
        label=_("From"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label=_("Until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    readings = forms.ChoiceField(
        label=_("Readings and changes"),
        required=False,
        choices=[("", _("Both")), ("yes", _("Readings only")), ("no", _("Changes only"))],
    )

    def clean_person(self) -> str:
        """The identifier of the person, found by their e-mail address when that was given."""
        given: str = self.cleaned_data["person"]
        if "@" not in given:
            return given
        found = person_id_by_email(given)
        if found is None:
            raise forms.ValidationError(_("Nobody has this e-mail address."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", _("This is not after the beginning of the search."))
        return cleaned

    def search(self) -> Search:
        """What was asked. Only for a valid form."""
        asked = self.cleaned_data
        dossier: UUID | None = asked["dossier"]
        return Search(
            actor=asked["person"],
            action=asked["action"],
            object_kind=asked["kind"],
            object_id=asked["object"],
            dossier_id=dossier,
            since=asked["since"],
            until=asked["until"],
            reading={"yes": True, "no": False}.get(asked["readings"]),
        )
