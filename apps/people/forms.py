"""The forms of organisations, invitations and accreditation."""

import re
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import CHOOSE, RefusableForm, password_field
from apps.accounts.models import Language, MandateRole, OrganisationKind, OrganisationRole, Person

REQUIRED = {"required": _("This is needed.")}
EMAIL_ERRORS = {
    "required": _("Type the e-mail address."),
    "invalid": _("This is not an e-mail address. Example: prenom.nom@organisme.fr"),
}


def day_field(label: Any, help_text: Any = "", *, required: bool = True) -> forms.DateField:
    """A field for a day, with the browser's own calendar."""
    return forms.DateField(
        label=label,
        help_text=help_text,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Give a day."), "invalid": _("This is not a day.")},
    )


def email_field(label: Any, help_text: Any) -> forms.EmailField:
    """A field for an e-mail address."""
    return forms.EmailField(
        label=label,
        help_text=help_text,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages=EMAIL_ERRORS,
    )


class OrganisationForm(RefusableForm):
    """An organisation as the platform knows it. `version` tells which state of it was seen."""

    name = forms.CharField(label=_("Name"), max_length=200, error_messages=REQUIRED)
    siren = forms.CharField(
        label=_("SIREN"),
        help_text=_("Nine digits; spaces do not matter."),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "spellcheck": "false"}),
        error_messages=REQUIRED,
    )
    kind = forms.ChoiceField(
        label=_("Public or private"), choices=[CHOOSE, *OrganisationKind.choices], error_messages=REQUIRED
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles it may take in projects"),
        help_text=_("Several may be chosen; hold Ctrl, or Cmd on a Mac."),
        choices=OrganisationRole,
        required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean_siren(self) -> str:
        return re.sub(r"\s", "", self.cleaned_data["siren"])


class LastDayForm(RefusableForm):
    """What a form about a mandate asks: as what, and until when."""

    role = forms.ChoiceField(
        label=_("As"),
        help_text=_("A signatory commits the organisation; an administrator invites and removes its people."),
        choices=[CHOOSE, *MandateRole.choices],
        error_messages=REQUIRED,
    )
    ends_on = day_field(_("Last day of the mandate"), _("Leave empty for a mandate without end."), required=False)

    def clean_ends_on(self) -> Any:
        last = self.cleaned_data["ends_on"]
        if last and last < timezone.localdate():
            raise forms.ValidationError(_("This day is past: choose today or later."))
        return last


class InvitationForm(LastDayForm):
    """Whom to invite, and as what."""

    email = email_field(_("Professional e-mail address"), _("The invitation is sent to it and works for seven days."))
    given_name = forms.CharField(label=_("Given name"), max_length=100, error_messages=REQUIRED)
    family_name = forms.CharField(label=_("Family name"), max_length=100, error_messages=REQUIRED)
    language = forms.ChoiceField(label=_("Language of the message"), choices=Language, error_messages=REQUIRED)
    field_order = ("email", "given_name", "family_name", "role", "ends_on", "language")


class NewAccountForm(RefusableForm):
    """What somebody invited chooses for their new account."""

    given_name = forms.CharField(
        label=_("Given name"),
        max_length=100,
        error_messages=REQUIRED,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    family_name = forms.CharField(
        label=_("Family name"),
        max_length=100,
        error_messages=REQUIRED,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    password = password_field(
        _("Password"),
        "new-password",
        help_text=_(
            "At least 15 characters. A sentence only you would think of is easy to remember and hard to guess."
        ),
    )
    password_again = password_field(_("Password, once more"), "new-password")

    def __init__(self, email: str, data: Any = None, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        names = {name: self.cleaned_data.get(name, "") for name in ("given_name", "family_name")}
        validate_password(password, Person(email=self.email, **names))
        return password

    def clean_password_again(self) -> str:
        again: str = self.cleaned_data["password_again"]
        if self.cleaned_data.get("password", again) != again:
            raise forms.ValidationError(_("The two passwords differ."))
        return again


class NoFieldForm(RefusableForm):
    """A button and what it may refuse."""


class CertificateForm(RefusableForm):
    """A training certificate to add."""

    completed_on = day_field(_("Training completed on"))
    file = forms.FileField(
        label=_("Certificate"),
        help_text=_("PDF, PNG or JPEG, 10 MB at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )


class ExaminationForm(RefusableForm):
    """A steward's verdict on a certificate."""

    verdict = forms.ChoiceField(
        label=_("Verdict"),
        choices=[CHOOSE, ("accept", _("Accept: it counts until the day shown")), ("refuse", _("Refuse"))],
        error_messages=REQUIRED,
    )
    reason = forms.CharField(
        label=_("Reason, if you refuse"),
        help_text=_("The person reads it: say what to do."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AcceptConditionsForm(RefusableForm):
    """The promise to keep to the version that was read."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label=_("I have read these conditions of use and undertake to keep to them."),
        error_messages={"required": _("Tick the box to accept; without it, nothing is recorded.")},
    )


class ConditionsForm(RefusableForm):
    """A new version of the conditions of use."""

    in_force_from = day_field(_("In force from"), _("From that day on, everybody is asked to accept this version."))
    text_fr = forms.CharField(
        label=_("Text in French"), widget=forms.Textarea(attrs={"rows": 12}), error_messages=REQUIRED
    )
    text_en = forms.CharField(
        label=_("Text in English"), widget=forms.Textarea(attrs={"rows": 12}), error_messages=REQUIRED
    )

    def clean_in_force_from(self) -> Any:
        first = self.cleaned_data["in_force_from"]
        if first < timezone.localdate():
            raise forms.ValidationError(_("This day is past: choose today or later."))
        return first


class AddressForm(RefusableForm):
    """A professional address to prove."""

    email = email_field(_("Professional e-mail address"), _("A link is sent to it, which works for one day."))


class OrcidForm(RefusableForm):
    """An ORCID iD to declare."""

    orcid = forms.CharField(
        label=_("ORCID iD"),
        help_text=_("Example: 0000-0002-1825-0097. Leave empty to take it away."),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )
