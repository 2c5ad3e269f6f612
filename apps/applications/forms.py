"""Forms of the dossier. Those of its pages are made from their specification and keep whatever is typed."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.forms import ConfirmationField, RefusableForm
from apps.accounts.models import Organisation
from apps.applications import rules, wording
from apps.applications.form_spec import Content, Contents, Field, Kind, PageSpec
from apps.applications.models import Application
from apps.applications.typing_in import TYPED_KINDS

LONGEST_COMMENT = 4000
LONGEST_REASON = 2000


class AsTyped(forms.Field):
    """A field that accepts anything: the rules judge, the page keeps."""

    def clean(self, value: Any) -> Any:
        return value


def _widget(field: Field) -> forms.Widget:
    if field.kind is Kind.LONG_TEXT:
        return forms.Textarea(attrs={"rows": 6})
    if field.kind is Kind.CHOICE:
        blank = ("", _("Choose an answer"))
        return forms.Select(choices=[blank, *((choice.value, wording.said(choice.label)) for choice in field.choices)])
    if field.kind is Kind.CONFIRMATION:
        return forms.CheckboxInput()
    if field.kind is Kind.DATE:
        return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.TextInput()


class PageForm(forms.Form):
    """The plain fields of a page with what they hold, and what is wrong beside each.

    Nothing is said of what is merely empty unless `show_missing`: nobody wants reproaches on a blank page.
    """

    use_required_attribute = False

    def __init__(self, page: PageSpec, contents: Contents, *, show_missing: bool) -> None:
        super().__init__(data=dict(contents.get(page.key, {})))
        self.page, self.contents, self.show_missing = page, contents, show_missing
        for field in page.fields:
            if field.kind in TYPED_KINDS:
                self.fields[field.name] = AsTyped(
                    label=wording.said(field.label),
                    help_text=wording.said(field.help),
                    required=field.required,
                    widget=_widget(field),
                )

    def clean(self) -> None:
        content: Content = self.contents.get(self.page.key, {})
        for name in self.fields:
            field = self.page.field(name)
            code = rules.field_problem(field, content) if field.is_asked(self.contents) else ""
            if code and (self.show_missing or content.get(name)):
                self.add_error(name, wording.problem_sentence(field, code))


class CreateForm(RefusableForm):
    """For which organisation a dossier is started. The key makes a double click one dossier.

    Only the person's own organisations are shown; that the chosen one is among them is judged by the service alone, in
    the words of an organisation that does not exist.
    """

    organisation: "forms.ModelChoiceField[Organisation]" = forms.ModelChoiceField(
        queryset=Organisation.objects.all(),
        label=_("Organisation for which you apply"),
        empty_label=None,
        error_messages={"invalid_choice": _("You hold no current mandate for this organisation.")},
    )
    creation_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, organisations: Any, data: Any = None) -> None:
        super().__init__(data)
        self.shown = [(found.pk, found.name) for found in organisations]
        self.fields["organisation"].choices = self.shown  # type: ignore[attr-defined]  # a choice field


class SeenForm(RefusableForm):
    """What a command is bound to: the state of the dossier as it was shown."""

    version = AsTyped(widget=forms.HiddenInput)


class MemberForm(RefusableForm):
    """Whom to add to the team."""

    email = forms.EmailField(
        label=_("E-mail address of the person to add"),
        help_text=_("The address of their account on the portal."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class AttachmentForm(RefusableForm):
    """A document and what it is."""

    kind = forms.ChoiceField(label=_("What is this document?"))
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, DOCX, ODT, TXT, PNG or JPEG, 10 MB at most."),
        max_length=255,
        error_messages={"empty": _("This file is empty."), "required": _("Choose a file.")},
    )

    def __init__(self, page: PageSpec, contents: Contents, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        kinds = [(field.name, wording.said(field.label)) for field in page.fields if field.is_asked(contents)]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]  # a choice field


class ReturnForm(SeenForm):
    """A reason beside each page to correct; an empty one leaves its page closed."""

    def __init__(self, application: Application, data: Any = None) -> None:
        super().__init__(data, initial={"version": application.version}, auto_id="return_%s")
        for page in application.specification.pages:
            self.fields[f"reason-{page.key}"] = forms.CharField(
                label=wording.said(page.title),
                required=False,
                max_length=LONGEST_REASON,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def reasons(self) -> dict[str, str]:
        """The reasons that were given, by page."""
        typed = {name.removeprefix("reason-"): text for name, text in self.cleaned_data.items() if name != "version"}
        return {page: text for page, text in typed.items() if text.strip()}


class DecisionForm(SeenForm):
    """What every final decision binds to: what was read, and a fresh one-time code."""

    verb = ""
    content_hash = AsTyped(widget=forms.HiddenInput)

    def __init__(self, application: Application, data: Any = None) -> None:
        seen = {"version": application.version, "content_hash": application.content_hash}
        super().__init__(data, initial=seen, auto_id=f"{self.verb}_%s")


class ApproveForm(DecisionForm):
    """Approval."""

    verb = "approve"
    comment = forms.CharField(
        label=_("Comment to the team"),
        required=False,
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    otp_code = ConfirmationField(label=_("One-time code"))


class RefuseForm(DecisionForm):
    """Refusal."""

    verb = "refuse"
    reason = forms.CharField(
        label=_("Reason for refusing"),
        help_text=_("The team reads it."),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why the dossier is refused: its team reads it.")},
    )
    otp_code = ConfirmationField(label=_("One-time code"))
