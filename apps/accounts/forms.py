"""The forms of sign-in and of the account page. Whether a code or a password is right is the services' business."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person, StaffRoleName
from apps.accounts.rules import Act, CodeKind, code_kind, code_normalised, is_passkey_answer
from apps.accounts.selectors import factor_of
from apps.accounts.wording import ANY_CODE, TOTP_ONLY, code_shape
from apps.core.errors import RefusedError

LONGEST_PASSWORD = 1024
LONGEST_ANSWER = 20_000  # of a browser, about a passkey
TOO_LONG = _("This is too long for a password: %(limit_value)d characters at most.")


# The first line of a list whose answer somebody has to give: the first true answer is never given by default.
CHOOSE = ("", _("Choose an answer"))


class RefusableForm(forms.Form):
    """A form whose lists may depend on the reader, and that shows beside the right field what a service refused."""

    def offer(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        """Give a list of choices its lines: what is sent, and what is read."""
        cast(forms.ChoiceField, self.fields[name]).choices = list(choices)

    def refuse(self, error: RefusedError) -> None:
        """Put the sentences of the refusal beside its field, or above the form."""
        field = error.field if error.field in self.fields else None
        self.add_error(field, [str(message) for message in error.messages])


def password_field(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    """A field for a secret: never stripped, never sent back to the page."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete, "spellcheck": "false"}),
        error_messages={"required": _("Type your password."), "max_length": TOO_LONG},
        **options,
    )


def code_field(label: Any, help_text: Any, *, digits_only: bool) -> forms.CharField:
    """A field for a one-time code; browsers and password managers know it by its autocomplete attribute."""
    attrs = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "characters"}
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=40,
        widget=forms.TextInput(attrs={**attrs, **({"inputmode": "numeric"} if digits_only else {})}),
        error_messages={"required": _("Type a code."), "max_length": _("This is too long for a code.")},
    )


class EmailForm(RefusableForm):
    """Whose account it is about."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Example: prenom.nom@organisme.fr"),
        widget=forms.EmailInput(attrs={"autocomplete": "username", "spellcheck": "false", "autocapitalize": "none"}),
        error_messages={
            "required": _("Type your e-mail address."),
            "invalid": _("This is not an e-mail address. Example: prenom.nom@organisme.fr"),
        },
    )


class SignInForm(EmailForm):
    """First step: who, and what they know."""

    password = password_field(_("Password"), "current-password")


class ConfirmationField(forms.CharField):
    """A confirmation by the second factor: a code that is typed or, put there by the page's script, a passkey's answer.

    `act` set: the page offers the person's passkeys for this act (components/confirmation.html).
    """

    act: Act | None = None

    def __init__(self, *, kinds: frozenset[CodeKind] = TOTP_ONLY, **options: Any) -> None:
        self.kinds = kinds
        attrs = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "characters"}
        if kinds == TOTP_ONLY:
            attrs["inputmode"] = "numeric"
        options.setdefault("label", _("Code"))
        options.setdefault("help_text", _("The six digits that your authenticator application shows now."))
        messages = {"required": _("Type a code."), "max_length": _("This is too long for a code.")}
        widget = forms.TextInput(attrs=attrs)
        super().__init__(max_length=LONGEST_ANSWER, widget=widget, error_messages=messages, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Whoever types, types a code: the room beyond is for the script's answer."""
        return {"maxlength": "40"}

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        return typed if is_passkey_answer(typed) else _shaped(typed, self.kinds)


def offer_passkey(form: forms.Form, person: Person, act: Act, field: str = "otp_code") -> None:
    """Have the form offer the person's passkeys, if they have some, to confirm this act with. One query a request."""
    confirmation = form.fields[field]
    if isinstance(confirmation, ConfirmationField) and person.has_passkey:
        confirmation.act = act


class CodeForm(RefusableForm):
    """Second step: a one-time code, or a recovery code."""

    code = code_field(
        _("Code"),
        _("The six digits that your authenticator application shows now, or one of your recovery codes."),
        digits_only=False,
    )

    def clean_code(self) -> str:
        return _shaped(self.cleaned_data["code"], ANY_CODE)


class FirstCodeForm(RefusableForm):
    """The first code of an application being enrolled."""

    code = code_field(
        _("First code"), _("The six digits that your authenticator application shows now."), digits_only=True
    )

    def clean_code(self) -> str:
        return _shaped(self.cleaned_data["code"], TOTP_ONLY)


class PasskeyAnswerForm(RefusableForm):
    """What the browser answered to a challenge, put there by the page's script."""

    credential = forms.CharField(
        max_length=LONGEST_ANSWER,
        widget=forms.HiddenInput,
        error_messages={"required": _("Your browser gave no passkey.")},
    )


class ConfirmForm(RefusableForm):
    """The second factor, that confirms what is about to be done."""

    otp_code = ConfirmationField()


class ActForm(forms.Form):
    """The act for which a browser asks a passkey's challenge."""

    action = forms.CharField(max_length=80)
    object_id = forms.CharField(max_length=64, required=False)
    content_hash = forms.CharField(max_length=64, required=False)


class FactorReplaceForm(RefusableForm):
    """The present second factor, or a recovery code, before another takes its place."""

    code = ConfirmationField(
        kinds=ANY_CODE,
        help_text=_("The six digits that your authenticator application shows now, or one of your recovery codes."),
    )


class PasskeyForm(PasskeyAnswerForm, ConfirmForm):
    """A passkey to add: how it is called, a one-time code of the present factor, what the browser made."""

    name = forms.CharField(
        label=_("Name of the passkey"),
        help_text=_("Such as “Office computer”: you will recognise it by this name."),
        max_length=60,
        error_messages={"required": _("Give this passkey a name.")},
    )
    field_order = ("name", "otp_code", "credential")


class NewPasswordForm(RefusableForm):
    """A new password, twice, judged by the rules of passwords."""

    new_password = password_field(
        _("New password"),
        "new-password",
        help_text=_(
            "At least 15 characters. A sentence only you would think of is easy to remember and hard to guess."
        ),
    )
    new_password_again = password_field(_("New password, once more"), "new-password")

    def __init__(self, person: Person, data: Any = None) -> None:
        super().__init__(data)
        self.person = person

    def clean_new_password(self) -> str:
        new: str = self.cleaned_data["new_password"]
        if new == self.cleaned_data.get("current_password"):
            raise forms.ValidationError(_("This is your present password: choose another one."))
        validate_password(new, self.person)
        return new

    def clean_new_password_again(self) -> str:
        again: str = self.cleaned_data["new_password_again"]
        if self.cleaned_data.get("new_password", again) != again:
            raise forms.ValidationError(_("The two new passwords differ."))
        return again


class PasswordChangeForm(NewPasswordForm):
    """The present password, a new one twice, and the second factor."""

    current_password = password_field(_("Present password"), "current-password")
    otp_code = ConfirmationField()
    field_order = ("current_password", "new_password", "new_password_again", "otp_code")


class PasswordResetForm(NewPasswordForm):
    """A new password twice and, where the person has one, the second factor."""

    otp_code = code_field(
        _("Code"),
        _("The six digits that your authenticator application shows now, or one of your recovery codes."),
        digits_only=False,
    )

    def __init__(self, person: Person, data: Any = None) -> None:
        super().__init__(person, data)
        if factor_of(person) is None:
            del self.fields["otp_code"]


class RecoveryApproveForm(ConfirmForm):
    """How the steward checked who asks, and their second factor."""

    note = forms.CharField(
        label=_("How you checked who asks"),
        help_text=_("Such as: video call with the identity card, call back through the organisation. No number here."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say how you checked who asks.")},
    )
    seen = forms.CharField(max_length=10, widget=forms.HiddenInput)
    field_order = ("note", "otp_code", "seen")


class StaffRoleForm(RefusableForm):
    """A role to give, and from when to when."""

    role = forms.ChoiceField(label=_("Role"), choices=[CHOOSE, *StaffRoleName.choices])
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        sent = self.cleaned_data
        if sent.get("starts_on") and sent.get("ends_on") and sent["ends_on"] < sent["starts_on"]:
            self.add_error("ends_on", _("The last day comes before the first."))
        return sent


def _shaped(typed: str, kinds: frozenset[Any]) -> str:
    code = code_normalised(typed)
    if code_kind(code) not in kinds:
        raise forms.ValidationError(str(code_shape(kinds)))
    return code
